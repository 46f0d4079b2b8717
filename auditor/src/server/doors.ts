/**
 * What stands before every route: security headers, no foreign page's requests, and faults as problems.
 *
 * @module
 */
import { Fault, PERMISSIONS_POLICY, PROBLEMS, problemOf } from '@mandate/protocol'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import helmet from 'helmet'

/** The part of pino that is used here. */
export interface Logger {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** All that the page may do is its own: nothing inline, nothing from elsewhere, nobody around it. */
export function securityHeaders(publicUrl: string): readonly RequestHandler[] {
  const isTls = publicUrl.startsWith('https:')
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
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
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: isTls,
    xFrameOptions: { action: 'deny' },
  })
  const permissions: RequestHandler = (_req, res, next) => {
    res.set('Permissions-Policy', PERMISSIONS_POLICY)
    next()
  }
  return [headers, permissions]
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

/** Maps faults to RFC 9457. Mount it last. */
export function problems(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error)
    const fault = error instanceof Fault ? error : new Fault(codeOf(error), 'unexpected error', { cause: error })
    const { status } = PROBLEMS[fault.code]
    if (status >= 500) logger.error({ cause: causeOf(fault.cause), code: fault.code }, fault.message)
    const retryAfter = fault.members?.['retry_after']
    if (typeof retryAfter === 'number') res.set('Retry-After', String(retryAfter))
    if (status === 401) res.set('WWW-Authenticate', CHALLENGE)
    res.status(status).set('Cache-Control', 'no-store').type('application/problem+json')
    res.send(JSON.stringify(problemOf(fault.code, fault.detail, fault.members)))
  }
}

function codeOf(error: unknown): 'invalid_request' | 'not_found' | 'internal' {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (status === 404) return 'not_found'
  return status === 400 ? 'invalid_request' : 'internal'
}

/** Name and message alone: the other properties of an error can hold a request, with tokens in it. */
function causeOf(cause: unknown): object | undefined {
  if (!(cause instanceof Error)) return undefined
  return { name: cause.name, message: cause.message, ...('code' in cause ? { code: cause.code } : {}) }
}

/** A cookie's value. Ours are base64url, so nothing needs decoding. */
export function cookieOf(req: Request, name: string): string | undefined {
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return undefined
}
