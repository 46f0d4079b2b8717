/**
 * State of one HTTP exchange: request id, principal, arrival time. Stored in `res.locals`, written once. Middleware that authenticates callers.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Fault, isRequestId, refuse } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Callers } from './caller.ts'

/** State of an exchange, available to every handler. */
export interface Exchange {
  readonly requestId: string
  /** The request id if it may be stored; `undefined` for an id that might contain personal data, which is only echoed. */
  readonly keptId: string | undefined
  /** W3C trace id from `traceparent`; absent when it equals a person's sub. */
  readonly trace: string | undefined
  /** Arrival, by `performance.now()` in milliseconds. */
  readonly arrived: number
  principal: Principal | undefined
}

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * Begins an exchange. Echoes the request id (AuthZEN 1.0, section 10.1.3), or generates one.
 *
 * @param isSub - Whether a text is the sub of a known person.
 */
export function beginExchange(isSub: (text: string) => Promise<boolean>): RequestHandler {
  return async (req, res, next) => {
    const arrived = performance.now()
    const sent = req.get('x-request-id')
    const requestId = sent || randomUUID()
    const begin = (ids: Pick<Exchange, 'keptId' | 'trace'>): void => {
      res.locals['exchange'] = { requestId, ...ids, arrived, principal: undefined } satisfies Exchange
    }
    // Before anything that can fail: the error handler needs it.
    begin({ keptId: undefined, trace: undefined })
    res.set('x-request-id', requestId)
    res.set('cache-control', 'no-store')
    const keptId = !sent || (isRequestId(sent) && !(await isSub(sent))) ? requestId : undefined
    const traceId = TRACEPARENT.exec(req.get('traceparent') ?? '')?.[1]
    const trace = traceId !== undefined && !(await isSub(traceId)) ? traceId : undefined
    begin({ keptId, trace })
    next()
  }
}

export const exchangeOf = (res: Response): Exchange => res.locals['exchange'] as Exchange

/** Authenticates the caller. */
export function authenticated(callers: Callers): RequestHandler {
  return async (req: Request, res, next) => {
    const exchange = exchangeOf(res)
    const { keptId, trace } = exchange
    const origin = { ...(keptId ? { request_id: keptId } : {}), ...(trace ? { trace } : {}) }
    exchange.principal = await callers.identify(req.headersDistinct['authorization'] ?? [], origin)
    next()
  }
}

/** Rejects API keys, which may use only AuthZEN. */
export const rejectApiKeys: RequestHandler = (_req, res, next) => {
  if (principalOf(res).onlyAsks)
    throw refuse('forbidden', 'An API key may only be used for AuthZEN evaluations and searches.')
  next()
}

const READING = ['GET', 'HEAD']

/** Rejects requests that change state with a token of read-only scope. */
export const requireWriteScope: RequestHandler = (req, res, next) => {
  if (principalOf(res).onlyReads && !READING.includes(req.method))
    throw refuse('forbidden', 'The scope of this token permits reading only.')
  next()
}

/**
 * Returns the account for rate limits. An agent with a person's token has an account of its own, so that it cannot use up the requests that the
 * person needs to revoke its grant.
 */
export const accountOf = ({ name, actor }: Pick<Principal, 'name' | 'actor'>): string =>
  actor === undefined ? name : `${name} ${actor}`

/** Returns the principal of an authenticated exchange. @throws Fault `internal` on a route without {@link authenticated}. */
export function principalOf(res: Response): Principal {
  const { principal } = exchangeOf(res)
  if (principal) return principal
  throw new Fault('internal', 'a route that needs a caller is not behind authentication')
}
