/**
 * Settings of tracing: OpenTelemetry's standard variables, those of them that the PDP supports. Off unless an endpoint is set.
 *
 * @module
 */
import { secret, setting } from '@mandate/service'
import { z } from 'zod'

const SAMPLERS = [
  'parentbased_traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'traceidratio',
  'always_on',
  'always_off',
] as const

/** `name=value,name=value`, values percent-encoded. */
const pairs = setting
  .list([])
  .unwrap()
  .transform((items, context) => {
    const read = new Map<string, string>()
    for (const [index, item] of items.entries()) {
      const [, name, value = ''] = /^([^=\s]+)\s*=\s*(\S*)$/u.exec(item) ?? []
      try {
        if (name === undefined) throw new URIError('no name')
        read.set(name, decodeURIComponent(value))
      } catch {
        context.addIssue({ code: 'custom', message: `item ${index + 1} must be name=value, percent-encoded` })
      }
    }
    return read
  })

/** Unknown names with these prefixes are refused. */
export const TRACING_PREFIXES = ['OTEL_TRACES_', 'OTEL_EXPORTER_OTLP_TRACES_', 'OTEL_SPAN_', 'OTEL_BSP_'] as const

export const tracingSchema = {
  /** Base URL of an OTLP receiver over HTTP; spans go to `/v1/traces` below it. */
  OTEL_EXPORTER_OTLP_ENDPOINT: setting.url.optional(),
  /** The whole URL, in place of the base. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting.exactUrl.optional(),
  /** Headers of exports, such as a key of the receiver. */
  OTEL_EXPORTER_OTLP_HEADERS: secret(pairs).optional(),
  /** Time for one export, in milliseconds. */
  OTEL_EXPORTER_OTLP_TIMEOUT: setting.integer(1, 60_000).default(10_000),
  /** Interval of exports, in milliseconds. */
  OTEL_BSP_SCHEDULE_DELAY: setting.integer(10, 60_000).default(5_000),
  OTEL_SERVICE_NAME: z.string().min(1).default('mandate-pdp'),
  OTEL_RESOURCE_ATTRIBUTES: pairs.default(new Map()),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none']).default('otlp'),
  OTEL_TRACES_SAMPLER: z.enum(SAMPLERS).default('parentbased_traceidratio'),
  /** Share of the traces that begin at the PDP, from 0 to 1. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .transform(Number)
    .pipe(z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1'))
    .default(0.01),
  OTEL_SDK_DISABLED: z.enum(['true', 'false']).default('false'),
  /** Requests that are traced in a second, at most, whatever callers ask for. */
  PDP_TRACES_PER_SECOND: setting.integer(1, 10_000).default(20),
}

type Parsed = z.output<z.ZodObject<typeof tracingSchema>>

export interface TracingSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly exportEveryMs: number
  readonly service: string
  readonly resource: Readonly<Record<string, string>>
  readonly sampler: (typeof SAMPLERS)[number]
  readonly ratio: number
  readonly perSecond: number
}

/** @returns `undefined` while tracing is off. */
export function tracingOf(config: Parsed): TracingSettings | undefined {
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base === undefined ? undefined : `${base}/v1/traces`)
  if (url === undefined || config.OTEL_TRACES_EXPORTER === 'none' || config.OTEL_SDK_DISABLED === 'true')
    return undefined
  return {
    url,
    headers: Object.fromEntries(config.OTEL_EXPORTER_OTLP_HEADERS ?? []),
    timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
    exportEveryMs: config.OTEL_BSP_SCHEDULE_DELAY,
    service: config.OTEL_SERVICE_NAME,
    resource: Object.fromEntries(config.OTEL_RESOURCE_ATTRIBUTES),
    sampler: config.OTEL_TRACES_SAMPLER,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    perSecond: config.PDP_TRACES_PER_SECOND,
  }
}
