/**
 * The request log of a guarded service.
 *
 * @module
 */
import { logRequests } from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import { knownCaller } from './authz.ts'

/** One line a request: no path parameters, no query, no person; with the id under which the PDP logged its decision. */
export function requestLog(logger: { readonly info: (fields: object, message: string) => void }): RequestHandler {
  return logRequests({
    logger,
    isPersonal: isOwnSub,
    fields: (_req, res) => ({ evaluation_id: res.get('X-Evaluation-ID') }),
  })
}

/** Whether a text is the caller's own `sub`, in any spelling. */
function isOwnSub(text: string, req: Request): boolean {
  const fold = (id: string): string => id.toLowerCase().replaceAll('-', '')
  const sub = knownCaller(req)?.subject.id
  return sub !== undefined && fold(text) === fold(sub)
}
