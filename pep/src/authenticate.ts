/**
 * Bearer tokens to `req.authz`, for Express.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { arrivalOf, type IdentifyDeps, identify } from './identify.ts'
import { challengesFor, sendRefusal } from './problem.ts'
import { type Challenge, ofRequest, type PepLogger, refusalOfFault } from './refusal.ts'

export interface AuthenticateDeps extends IdentifyDeps {
  readonly challenge: Challenge
  readonly logger?: PepLogger | undefined
}

export function authenticateWith(deps: AuthenticateDeps): RequestHandler {
  return async (req, res, next) => {
    const headers = req.headersDistinct
    const arrival = arrivalOf(headers)
    challengesFor(req, deps.challenge)
    res.set('X-Request-ID', arrival.requestId)
    try {
      const { authz, attached } = await identify(deps, headers, arrival)
      Object.assign(req, attached)
      req.authz = authz
    } catch (error) {
      if (!(error instanceof Fault)) return next(error)
      return sendRefusal(res, refusalOfFault(error, deps.logger && ofRequest(deps.logger, arrival.requestId)))
    }
    return next()
  }
}
