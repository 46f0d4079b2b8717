/**
 * Tracing by OpenTelemetry's SDK: spans are sent in batches to an OTLP receiver over HTTP. Loaded only where tracing is configured. Nothing is registered
 * globally, and the SDK's own reading of the environment is not used: the configuration of the PDP has read and checked the variables.
 *
 * @module
 */
import {
  type Attributes,
  type Link,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { SPAN_ATTRIBUTES, type Span, type SpanAttribute, type SpanAttributes, type SpanName } from '../ports/span.ts'
import type { RemoteParent, Tracing } from '../ports/tracing.ts'
import type { TracingSettings } from '../tracing-settings.ts'
import { createSampler } from './sampler.ts'

/** Spans of one request, at most: a batch may ask OpenFGA hundreds of times. */
const MAX_SPANS = 64
/** Failed exports are logged once in this time, in milliseconds. */
const QUIET_MS = 60_000

/** @param closing - Gets what sends the last spans and stops. */
export function openTracing(settings: TracingSettings, logger: Logger, closing: AsyncDisposableStack): Tracing {
  const exporter = reporting(
    new OTLPTraceExporter({ url: settings.url, headers: { ...settings.headers }, timeoutMillis: settings.timeoutMs }),
    logger,
  )
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: settings.exportEveryMs })
  const provider = new TracerProvider({
    sampler: createSampler(settings),
    resource: resourceFromAttributes({ ...settings.resource, 'service.name': settings.service }),
    spanProcessors: [processor],
  })
  // A receiver that does not answer must not keep the PDP from stopping.
  closing.defer(() => provider.shutdown().catch(() => undefined))
  const tracer = provider.getTracer('mandate')
  return { begin: (method, route, parent) => begin(tracer, method, route, parent) }
}

function begin(tracer: Tracer, method: string, route: string, parent: RemoteParent | undefined): Span | undefined {
  const context = parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
        isRemote: true,
      })
    : ROOT_CONTEXT
  const attributes = allowed({ 'http.request.method': method, 'http.route': route })
  const span = tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, context)
  return span.isRecording() ? new RecordedSpan(tracer, span, { left: MAX_SPANS }) : undefined
}

/** Keeps the attributes of the list whose values have the form that the list says. */
export function allowed(attributes: SpanAttributes): Attributes {
  const kept = Object.entries(attributes).filter(
    ([name, value]) =>
      Object.hasOwn(SPAN_ATTRIBUTES, name) && SPAN_ATTRIBUTES[name as SpanAttribute].test(String(value)),
  )
  return Object.fromEntries(kept)
}

class RecordedSpan implements Span {
  readonly #tracer: Tracer
  readonly #span: OtelSpan
  /** Shared by the spans of a request. */
  readonly #budget: { left: number }

  constructor(tracer: Tracer, span: OtelSpan, budget: { left: number }) {
    this.#tracer = tracer
    this.#span = span
    this.#budget = budget
  }

  get traceId(): string {
    return this.#span.spanContext().traceId
  }

  get spanId(): string {
    return this.#span.spanContext().spanId
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`
  }

  child(name: SpanName, kind: 'internal' | 'client' = 'internal'): Span | undefined {
    return this.#below(name, kind, [])
  }

  shared(name: SpanName, others: readonly Span[]): Span | undefined {
    const recorded = others.filter((other) => other instanceof RecordedSpan).slice(0, MAX_SPANS)
    const shared = this.#below(
      name,
      'internal',
      recorded.map((other) => ({ context: other.#span.spanContext() })),
    )
    if (shared) for (const other of recorded) other.#span.addLink({ context: shared.#span.spanContext() })
    return shared
  }

  #below(name: SpanName, kind: 'internal' | 'client', links: Link[]): RecordedSpan | undefined {
    if (this.#budget.left === 0) return undefined
    this.#budget.left -= 1
    const options = { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL, links }
    const span = this.#tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, this.#span))
    return new RecordedSpan(this.#tracer, span, this.#budget)
  }

  end(attributes: SpanAttributes = {}): void {
    this.#span.setAttributes(allowed(attributes))
    if (attributes['error.type'] !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end()
  }
}

/** Logs that spans were lost, now and then. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let quietUntil = 0
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error && performance.now() >= quietUntil) {
          quietUntil = performance.now() + QUIET_MS
          logger.warn({ reason: result.error.message, spans: spans.length }, 'spans could not be sent')
        }
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush ? { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() } : {}),
  }
}
