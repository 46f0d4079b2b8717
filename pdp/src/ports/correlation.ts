/**
 * Ids by which log lines, spans and log entries of one request find each other. None is personal data.
 *
 * @module
 */
import { type Correlation, currentWorkload } from './workload.ts'

/** Members of a log line: `trace_id` and `span_id` as OpenTelemetry names them. Members without a value are left out. */
export interface CorrelationFields {
  readonly requestId?: string
  readonly trace_id?: string
  readonly span_id?: string
  readonly evaluation?: string
}

export function correlationFields({ keptId, trace, span, evaluation }: Correlation): CorrelationFields {
  const traceId = span?.traceId ?? trace
  return {
    ...(keptId === undefined ? {} : { requestId: keptId }),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...(span === undefined ? {} : { span_id: span.spanId }),
    ...(evaluation === undefined ? {} : { evaluation }),
  }
}

/** The same of the current work, for every line that is logged: pino's `mixin`. */
export function currentCorrelation(): CorrelationFields {
  const { correlation } = currentWorkload()
  return correlation ? correlationFields(correlation) : {}
}
