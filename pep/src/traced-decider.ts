/**
 * A span for each question to the PDP, by the service's own OpenTelemetry tracer. The question carries the span's `traceparent`, so that the PDP's spans
 * are below it.
 *
 * @see {@link https://opentelemetry.io/docs/specs/otel/trace/api/ OpenTelemetry Tracing API}
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Decider, Question } from './decider.ts'
import type { Outcome } from './outcome.ts'
import { readTraceContext } from './trace-context.ts'

/** `SpanKind.CLIENT` of `@opentelemetry/api`. */
const CLIENT = 2
/** `SpanStatusCode.ERROR`. */
const ERROR = 2

/** What is used of a tracer of `@opentelemetry/api` 1.x, whose `Tracer` fits. The parent of a span is the active span of the service. */
export interface PepTracer {
  startSpan(name: string, options: { readonly kind: typeof CLIENT }): PepSpan
}

/** What is used of a span of `@opentelemetry/api` 1.x. */
export interface PepSpan {
  spanContext(): {
    readonly traceId: string
    readonly spanId: string
    readonly traceFlags: number
    readonly traceState?: { serialize(): string } | undefined
  }
  setAttributes(attributes: Record<string, string | number>): unknown
  setStatus(status: { readonly code: typeof ERROR }): unknown
  end(): void
}

type Attributes = Record<string, string | number>

/** Spans hold counts, decisions, reason codes and evaluation ids: nothing of a person, a token or a resource. */
export function traceDecider(decider: Decider, tracer: PepTracer): Decider {
  const { search } = decider
  return {
    decide: (question) => within(tracer, 'authzen evaluation', question, decider.decide, attributesOf),
    decideEach: (question) =>
      within(tracer, 'authzen evaluations', question, decider.decideEach, ({ length }) => ({
        'mandate.entries': length,
      })),
    ...(search && {
      search: (question) =>
        within(tracer, 'authzen search', question, search, ({ ids, evaluationId }) => ({
          'mandate.entries': ids.length,
          ...idOf(evaluationId),
        })),
    }),
    close: () => decider.close(),
  }
}

/** Asks in a span. A tracer that throws changes no answer: the question is asked without a span. */
async function within<Q extends Pick<Question, 'authz'>, A>(
  tracer: PepTracer,
  name: string,
  question: Q,
  ask: (question: Q) => Promise<A>,
  read: (answer: A) => Attributes,
): Promise<A> {
  const span = quietly(() => tracer.startSpan(name, { kind: CLIENT }))
  if (span === undefined) return await ask(question)
  try {
    const answer = await ask(inTrace(question, span))
    quietly(() => span.setAttributes(read(answer)))
    return answer
  } catch (error) {
    quietly(() => {
      span.setAttributes({ 'error.type': error instanceof Fault ? error.code : 'internal' })
      span.setStatus({ code: ERROR })
    })
    throw error
  } finally {
    quietly(() => span.end())
  }
}

/** The question below the span. Without an SDK a span has no valid id, and the caller's trace is sent on as it came. */
function inTrace<Q extends Pick<Question, 'authz'>>(question: Q, span: PepSpan): Q {
  const trace = quietly(() => {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext()
    const flags = (traceFlags & 1).toString().padStart(2, '0')
    return readTraceContext([`00-${traceId}-${spanId}-${flags}`], [traceState?.serialize() ?? ''])
  })
  if (trace === undefined) return question
  const { traceparent: _parent, tracestate: _state, ...authz } = question.authz
  return { ...question, authz: { ...authz, ...trace } }
}

function attributesOf({ decision, reason, evaluationId }: Outcome): Attributes {
  return { 'mandate.decision': decision ? 'permit' : 'deny', 'mandate.reason': reason, ...idOf(evaluationId) }
}

function idOf(evaluationId: string | undefined): Attributes {
  return evaluationId === undefined ? {} : { 'mandate.evaluation.id': evaluationId }
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
