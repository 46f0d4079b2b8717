/**
 * Guards for Express that ask the PDP. Without a permit the request ends here: 403 for a denial, 401 for an actor that the PDP does not know
 * (rule A7), 503 when there is no decision.
 *
 * @module
 */
import type { Request, RequestHandler, Response } from 'express'
import { authzOf } from './authz.ts'
import { letThrough } from './guard.ts'
import {
  dryRunWork,
  type EnforceEachRule,
  type EnforceRule,
  enforceEachWork,
  enforceWork,
  type FilterRule,
  filterWork,
  type GuardDeps,
  type GuardWork,
  judge,
} from './guarded-request.ts'
import { hasCredentials } from './identify.ts'
import { sendRefusal } from './problem.ts'

/** Which resource a route is about. `P` is the type of `req.params`. */
export interface EnforceOptions<P = Request['params']> extends EnforceRule<Request<P>> {}

/** Which resources a route is about: one decision each, in one batch. `P` is the type of `req.params`. */
export interface EnforceEachOptions<P = Request['params']> extends EnforceEachRule<Request<P>> {}

/** Which resources a list route may show: found by AuthZEN's resource search. `P` is the type of `req.params`. */
export interface FilterOptions<P = Request['params']> extends FilterRule<Request<P>> {}

export function enforceWith<P>(deps: GuardDeps, options: EnforceOptions<P>): RequestHandler<P> {
  return guarded(deps, enforceWork<Request<P>>(deps, options))
}

export function enforceEachWith<P>(deps: GuardDeps, options: EnforceEachOptions<P>): RequestHandler<P> {
  return guarded(deps, enforceEachWork<Request<P>>(deps, options))
}

export function filterWith<P>(deps: GuardDeps, options: FilterOptions<P>): RequestHandler<P> {
  return guarded(deps, filterWork<Request<P>>(deps, options))
}

export function dryRunWith<P>(deps: GuardDeps, options: EnforceEachOptions<P>): RequestHandler<P> {
  return guarded(deps, dryRunWork<Request<P>>(deps, options))
}

/** A signal that is aborted when the connection closes before the response is complete. */
function untilGone(res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function guarded<P>(deps: GuardDeps, work: GuardWork<Request<P>>): RequestHandler<P> {
  return async (req, res, next) => {
    const identity = { authz: () => authzOf(req), hasCredentials: hasCredentials(req.headersDistinct) }
    const verdict = await judge(deps, work, { request: req, key: req, gone: () => untilGone(res) }, identity).catch(
      next,
    )
    if (!verdict || verdict.kind === 'gone') return
    if (verdict.kind === 'refuse') return sendRefusal(res, verdict.refusal)
    letThrough(req)
    if (verdict.kind === 'answer') return void res.json(verdict.body)
    res.set(verdict.headers)
    req.authz = verdict.authz
    return next()
  }
}
