/**
 * Security headers of every response, by helmet, and `Permissions-Policy`, which helmet does not set.
 *
 * @module
 */
import { PERMISSIONS_POLICY } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import helmet from 'helmet'

/** How the security headers of a response differ from those of an API over TLS. */
export interface SecurityHeaderOptions {
  /** Directives of the Content-Security-Policy, for a service that serves a page. @default nothing may be loaded, and nothing may frame it: an API */
  readonly contentSecurityPolicy?: Readonly<Record<string, readonly string[]>>
  /** Whether to send `Strict-Transport-Security`; browsers ignore it over plain HTTP. @default true */
  readonly hsts?: boolean
}

const API_POLICY = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }

/** Denies every browser permission that `Permissions-Policy` names. */
export const permissionsPolicy: RequestHandler = (_req, res, next) => {
  res.set('Permissions-Policy', PERMISSIONS_POLICY)
  next()
}

/** Mount it before anything that answers. */
export function securityHeaders({
  contentSecurityPolicy = API_POLICY,
  hsts = true,
}: SecurityHeaderOptions = {}): RequestHandler[] {
  const directives = Object.fromEntries(
    Object.entries(contentSecurityPolicy).map(([name, sources]) => [name, [...sources]]),
  )
  const headers = helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: hsts,
    xFrameOptions: { action: 'deny' },
  })
  return [headers as RequestHandler, permissionsPolicy]
}

/** The same headers as names and values in turn, for a server without Express. They are the same for every response. */
export function securityHeaderList(options: SecurityHeaderOptions = {}): readonly string[] {
  const headers = new Map<string, string>()
  const setHeader = (name: string, value: string): unknown => headers.set(name, value)
  const res = { setHeader, set: setHeader, removeHeader: () => undefined } as unknown as Response
  for (const handler of securityHeaders(options)) handler({} as Request, res, () => undefined)
  return [...headers].flat()
}
