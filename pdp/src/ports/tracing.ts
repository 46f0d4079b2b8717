/**
 * Spans of a request, as the rooms of the PDP see them. Without tracing, and in a request that is not sampled, there is no span and nothing is done.
 *
 * Everything that a span may carry is in `span.ts`.
 *
 * @module
 */
import type { Awaitable } from './awaitable.ts'
import type { Span, SpanAttributes, SpanName } from './span.ts'
import { currentWorkload, withWorkload } from './workload.ts'

/** What a caller sent, where it may be stored. */
export interface RemoteParent {
  readonly traceId: string
  readonly spanId: string
  /** Whether the caller records the trace. */
  readonly isSampled: boolean
}

export interface Tracing {
  /** Begins the span of a request. `undefined`: it is not sampled. */
  begin(method: string, route: string, parent: RemoteParent | undefined): Span | undefined
}

/** The span of the current work. */
export const currentSpan = (): Span | undefined => currentWorkload().span

/**
 * Does work in a span below `parent`, which is the current one meanwhile.
 *
 * @param attributesOf - Attributes from the result. A failure has the fault's code as `error.type`.
 */
export function traced<T>(
  parent: Span | undefined,
  name: SpanName,
  work: () => Awaitable<T>,
  attributesOf?: (result: T) => SpanAttributes,
): Awaitable<T> {
  const span = parent?.child(name)
  if (!span) return work()
  const succeed = (result: T): T => {
    span.end(attributesOf?.(result))
    return result
  }
  const fail = (error: unknown): never => {
    span.end({ 'error.type': errorTypeOf(error) })
    throw error
  }
  let result: Awaitable<T>
  try {
    result = withWorkload({ ...currentWorkload(), span }, work)
  } catch (error) {
    return fail(error)
  }
  return result instanceof Promise ? result.then(succeed, fail) : succeed(result)
}

/** The code of a fault, else `internal`. */
function errorTypeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'internal'
}
