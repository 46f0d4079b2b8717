/**
 * Request metrics, and access control of the metrics endpoint.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { SpanAttributes } from '../ports/span.ts'
import type { Tracing } from '../ports/tracing.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { isPrivate } from '../runtime/outgoing.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { METHODS } from './openapi/operation.ts'
import { routeOf } from './openapi/operations.ts'

/** Methods used as a metric label; other methods are chosen by the caller, so they share one label. */
const KNOWN = new Set(['HEAD', 'OPTIONS', ...METHODS.map((method) => method.toUpperCase())])

export interface Measuring {
  readonly metrics: Pick<Metrics, 'request'>
  readonly tracing?: Tracing | undefined
}

/** Measures and traces a request until its response is closed. @param path - Of the request, without its query. */
export function measure({ metrics, tracing }: Measuring, method: string, path: string, res: ServerResponse): void {
  const known = KNOWN.has(method) ? method : 'other'
  if (tracing) beginSpan(tracing, known, path, exchangeOf(res))
  res.once('close', () => {
    const { arrived, span } = exchangeOf(res)
    metrics.request(known, routeOf(path), res.statusCode, performance.now() - arrived)
    span?.end(outcomeOf(res.statusCode))
  })
}

/** A trace that begins here is named in the request's log entries too. */
function beginSpan(tracing: Tracing, method: string, path: string, exchange: Exchange): void {
  exchange.span = tracing.begin(method, routeOf(path), exchange.parent)
  exchange.trace ??= exchange.span?.traceId
}

/** HTTP semantic conventions: of a server only a 5xx is an error. */
const outcomeOf = (status: number): SpanAttributes => ({
  'http.response.status_code': status,
  ...(status >= 500 ? { 'error.type': String(status) } : {}),
})

/** {@link measure} for Express. */
export function measured(measuring: Measuring): RequestHandler {
  return (req, res, next) => {
    measure(measuring, req.method, req.path, res)
    next()
  }
}

/** Headers that proxies add: a proxied request may come from any network. */
const BY_A_PROXY = ['x-forwarded-for', 'forwarded', 'via'] as const

/** Responds 404 to requests from outside the operations network. */
export const operationsNetworkOnly: RequestHandler = (req, _res, next) => {
  const { remoteAddress = '' } = req.socket
  if (BY_A_PROXY.some((name) => req.headers[name] !== undefined) || !isPrivate(remoteAddress))
    throw new Fault('not_found', 'metrics requested from outside the operations network')
  next()
}
