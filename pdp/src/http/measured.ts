/**
 * How long requests take, and who may read it.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { isPrivate } from '../log/outgoing.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { exchangeOf } from './exchange.ts'
import { METHODS } from './openapi/operation.ts'
import { routeOf } from './openapi/operations.ts'

/** Methods that routes have; any other word is a caller's own. */
const KNOWN = new Set(['HEAD', 'OPTIONS', ...METHODS.map((method) => method.toUpperCase())])

export function measured(metrics: Pick<Metrics, 'request'>): RequestHandler {
  return (req, res, next) => {
    const { method, path } = req
    res.once('close', () => {
      const known = KNOWN.has(method) ? method : 'other'
      metrics.request(known, routeOf(path), res.statusCode, performance.now() - exchangeOf(res).arrived)
    })
    next()
  }
}

/** A proxy in front says that it is one: what comes by it may come from anywhere. */
const BY_A_PROXY = ['x-forwarded-for', 'forwarded', 'via'] as const

/** Nothing here, for whoever is not on the operations network. */
export const forOperators: RequestHandler = (req, _res, next) => {
  const { remoteAddress = '' } = req.socket
  if (BY_A_PROXY.some((name) => req.headers[name] !== undefined) || !isPrivate(remoteAddress))
    throw new Fault('not_found', 'metrics, from outside')
  next()
}
