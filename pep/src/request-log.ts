/**
 * The request log of a guarded service.
 *
 * @module
 */
import { logRequests } from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import { knownCaller } from './authz.ts'
import { readTraceContext } from './trace-context.ts'

/** One line a request: no path parameters, no query, no person; with the caller's trace, and the id under which the PDP logged its decision. */
export function requestLog(logger: { readonly info: (fields: object, message: string) => void }): RequestHandler {
  return logRequests({
    logger,
    isPersonal: isOwnSub,
    fields: (req, res) => ({ trace_id: traceIdOf(req), evaluation_id: res.get('X-Evaluation-ID') }),
  })
}

/** Trace of a well-formed `traceparent`. A caller can write a `sub` into it: that one is left out. */
function traceIdOf(req: Request): string | undefined {
  const traceId = readTraceContext(req.headersDistinct['traceparent'] ?? [], [])?.traceparent.split('-')[1]
  return traceId === undefined || isOwnSub(traceId, req) ? undefined : traceId
}

/** Whether a text is the caller's own `sub`, in any spelling. */
function isOwnSub(text: string, req: Request): boolean {
  const fold = (id: string): string => id.toLowerCase().replaceAll('-', '')
  const sub = knownCaller(req)?.subject.id
  return sub !== undefined && fold(text) === fold(sub)
}
