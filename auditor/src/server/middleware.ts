/**
 * Express middleware of the auditor's server: security headers, CSRF protection, and mapping of faults to problems (RFC 9457).
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { answerProblems, problemResponse, type SecurityHeaderOptions, withChallenge } from '@mandate/service'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'

/** The part of pino that is used here. */
export interface Logger {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** Security headers. The content security policy allows only the server's own files: nothing inline, nothing from other origins, no framing. */
export function pageHeaders(publicUrl: string): SecurityHeaderOptions {
  const isTls = publicUrl.startsWith('https:')
  return {
    hsts: isTls,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      fontSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      ...(isTls ? { upgradeInsecureRequests: [] } : {}),
    },
  }
}

/**
 * CSRF protection: accepts requests of the page itself only, by `Sec-Fetch-Site`, and for requests other than GET and HEAD also by `Origin`. In addition
 * the session cookie is `SameSite=Strict`.
 */
export function ownPageOnly(publicUrl: string): RequestHandler {
  const { origin } = new URL(publicUrl)
  return (req, _res, next) => {
    const site = req.get('sec-fetch-site')
    const isOwn = site === undefined || site === 'same-origin' || (site === 'none' && req.method === 'GET')
    const isReading = req.method === 'GET' || req.method === 'HEAD'
    if (!(isOwn && (isReading || req.get('origin') === origin))) throw new Fault('forbidden', 'asked by another page')
    next()
  }
}

/** `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1): the session cookie is required. */
const CHALLENGE = 'Cookie realm="auditor"'

/** The error handler: mount it last. */
export function problems(logger: Logger): ErrorRequestHandler {
  return answerProblems({ logger, respond: (fault) => withChallenge(problemResponse(fault), CHALLENGE) })
}

/** Value of a cookie, without decoding: the server's own cookies are base64url. */
export function cookieOf(req: Request, name: string): string | undefined {
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return undefined
}
