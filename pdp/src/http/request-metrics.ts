/**
 * Request metrics, and access control of the metrics endpoint.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { isPrivate } from '../log/outgoing.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { exchangeOf } from './exchange.ts'
import { METHODS } from './openapi/operation.ts'
import { routeOf } from './openapi/operations.ts'

/** Methods used as a metric label; other methods are chosen by the caller, so they share one label. */
const KNOWN = new Set(['HEAD', 'OPTIONS', ...METHODS.map((method) => method.toUpperCase())])

/** Measures a request until its response is closed. @param path - Of the request, without its query. */
export function measure(metrics: Pick<Metrics, 'request'>, method: string, path: string, res: ServerResponse): void {
  res.once('close', () => {
    const known = KNOWN.has(method) ? method : 'other'
    metrics.request(known, routeOf(path), res.statusCode, performance.now() - exchangeOf(res).arrived)
  })
}

/** {@link measure} for Express. */
export function measured(metrics: Pick<Metrics, 'request'>): RequestHandler {
  return (req, res, next) => {
    measure(metrics, req.method, req.path, res)
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
