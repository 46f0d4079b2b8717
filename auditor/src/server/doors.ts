/**
 * What stands before every route: security headers, no foreign page's requests, and faults as problems.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { answerProblems, problemResponse, securityHeaders, withChallenge } from '@mandate/service'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'

/** The part of pino that is used here. */
export interface Logger {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** All that the page may do is its own: nothing inline, nothing from elsewhere, no page that frames it. */
export function pageHeaders(publicUrl: string): readonly RequestHandler[] {
  const isTls = publicUrl.startsWith('https:')
  return securityHeaders({
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
  })
}

/**
 * Lets in what our own page asks. Every browser of this decade says whose page it is; the session's cookie is `SameSite=Strict` besides,
 * and what changes something needs our own `Origin`.
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

/** What a 401 asks for (RFC 9110, section 11.6.1): the session's cookie, which a sign-in gives. */
const CHALLENGE = 'Cookie realm="auditor"'

/** The error handler: mount it last. */
export function problems(logger: Logger): ErrorRequestHandler {
  return answerProblems({ logger, respond: (fault) => withChallenge(problemResponse(fault), CHALLENGE) })
}

/** A cookie's value. Ours are base64url, so nothing needs decoding. */
export function cookieOf(req: Request, name: string): string | undefined {
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return undefined
}
