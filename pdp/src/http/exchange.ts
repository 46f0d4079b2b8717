/**
 * One HTTP exchange: its id, who calls, when it arrived. Kept in `res.locals`, written once.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Fault, isRequestId, refuse } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Callers } from './caller.ts'

/** What every handler may know about the exchange. */
export interface Exchange {
  readonly requestId: string
  /** The same, if it may be kept: an id that could be somebody's words is echoed and nothing else. */
  readonly keptId: string | undefined
  /** W3C trace id, when the caller sent a `traceparent` whose id is no person's. */
  readonly trace: string | undefined
  /** `performance.now()` at arrival, in milliseconds. */
  readonly arrived: number
  principal: Principal | undefined
}

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * Begins an exchange. A request id comes back as it was sent (AuthZEN 1.0, section 10.1.3); who sends none gets one.
 *
 * @param isSub - Whether a text names a person.
 */
export function beginExchange(isSub: (text: string) => Promise<boolean>): RequestHandler {
  return async (req, res, next) => {
    const arrived = performance.now()
    const sent = req.get('x-request-id')
    const requestId = sent || randomUUID()
    const keptId = !sent || (isRequestId(sent) && !(await isSub(sent))) ? requestId : undefined
    const traceId = TRACEPARENT.exec(req.get('traceparent') ?? '')?.[1]
    const trace = traceId !== undefined && !(await isSub(traceId)) ? traceId : undefined
    const exchange: Exchange = { requestId, keptId, trace, arrived, principal: undefined }
    res.locals['exchange'] = exchange
    res.set('x-request-id', requestId)
    res.set('cache-control', 'no-store')
    next()
  }
}

export const exchangeOf = (res: Response): Exchange => res.locals['exchange'] as Exchange

/** Verifies the caller's token. */
export function authenticated(callers: Callers): RequestHandler {
  return async (req: Request, res, next) => {
    const exchange = exchangeOf(res)
    const { keptId, trace } = exchange
    const origin = { ...(keptId ? { request_id: keptId } : {}), ...(trace ? { trace } : {}) }
    exchange.principal = await callers.identify(req.headersDistinct['authorization'] ?? [], origin)
    next()
  }
}

/** Turns away callers that may only ask: whatever stands behind is not for API keys. */
export const moreThanAsking: RequestHandler = (_req, res, next) => {
  if (principalOf(res).onlyAsks)
    throw refuse('forbidden', 'An API key is for asking about access, and for nothing else.')
  next()
}

const READING = ['GET', 'HEAD']

/** Turns away what would change something with a token that was issued for reading alone. */
export const mayChange: RequestHandler = (req, res, next) => {
  if (principalOf(res).onlyReads && !READING.includes(req.method))
    throw refuse('forbidden', 'The scope of this token is for reading: sign in where things are changed.')
  next()
}

/**
 * Whose share a request counts against. An agent that brings a person's token has one of its own: it must not use up what the person needs to
 * revoke it.
 */
export const accountOf = ({ name, actor }: Pick<Principal, 'name' | 'actor'>): string =>
  actor === undefined ? name : `${name} ${actor}`

/** Who calls; every route behind {@link authenticated} has one. */
export function principalOf(res: Response): Principal {
  const { principal } = exchangeOf(res)
  if (principal) return principal
  throw new Fault('internal', 'a route that needs a caller is not behind authentication')
}
