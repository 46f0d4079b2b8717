/**
 * One HTTP exchange: its id, who calls, when it arrived. Kept in `res.locals`, written once.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Callers } from './caller.ts'

/** What every handler may know about the exchange. */
export interface Exchange {
  readonly requestId: string
  /** W3C trace id, when the caller sent a `traceparent`. */
  readonly trace: string | undefined
  /** `performance.now()` at arrival, in milliseconds. */
  readonly arrived: number
  principal: Principal | undefined
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/
const KEPT_ID = /^[0-9A-Za-z-]{16,64}$/
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Begins an exchange. A request id that is printable comes back as it was sent (AuthZEN 1.0, section 10.1.3); otherwise it gets one. */
export const beginExchange: RequestHandler = (req, res, next) => {
  const sent = req.get('x-request-id')
  const requestId = sent && REQUEST_ID.test(sent) ? sent : randomUUID()
  const trace = TRACEPARENT.exec(req.get('traceparent') ?? '')?.[1]
  const exchange: Exchange = { requestId, trace, arrived: performance.now(), principal: undefined }
  res.locals['exchange'] = exchange
  res.set('x-request-id', requestId)
  res.set('cache-control', 'no-store')
  next()
}

export const exchangeOf = (res: Response): Exchange => res.locals['exchange'] as Exchange

/** Verifies the caller's token. */
export function authenticated(callers: Callers): RequestHandler {
  return async (req: Request, res, next) => {
    const exchange = exchangeOf(res)
    // An id that might be words of somebody's is echoed, but not kept.
    const id = KEPT_ID.test(exchange.requestId) ? { request_id: exchange.requestId } : {}
    const origin = { ...id, ...(exchange.trace ? { trace: exchange.trace } : {}) }
    exchange.principal = await callers.identify(req.get('authorization'), origin)
    next()
  }
}

/** Who calls; every route behind {@link authenticated} has one. */
export function principalOf(res: Response): Principal {
  const { principal } = exchangeOf(res)
  if (principal) return principal
  throw new Fault('internal', 'a route that needs a caller is not behind authentication')
}
