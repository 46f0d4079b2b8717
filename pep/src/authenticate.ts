/**
 * Bearer tokens to `req.authz`, for Express.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { hasCredentials, type IdentifyDeps, identify, requestIdOf } from './identify.ts'
import { sendRefusal } from './problem.ts'
import { challenged, type PepLogger, refusalOfFault } from './refusal.ts'

export interface AuthenticateDeps extends IdentifyDeps {
  readonly realm: string
  readonly logger?: PepLogger | undefined
}

export function authenticateWith(deps: AuthenticateDeps): RequestHandler {
  return async (req, res, next) => {
    const headers = req.headersDistinct
    const requestId = requestIdOf(headers)
    res.set('X-Request-ID', requestId)
    try {
      const { authz, grant } = await identify(deps, headers, requestId)
      req.kauth = { grant }
      req.authz = authz
    } catch (error) {
      if (!(error instanceof Fault)) return next(error)
      return sendRefusal(res, challenged(refusalOfFault(error, deps.logger), deps.realm, hasCredentials(headers)))
    }
    return next()
  }
}
