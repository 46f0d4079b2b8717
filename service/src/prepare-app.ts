/**
 * What an Express app of any service begins with.
 *
 * @module
 */
import type { Express, RequestHandler } from 'express'
import { type SecurityHeaderOptions, securityHeaders } from './security-headers.ts'

/** What differs between the Express apps of services. */
export interface AppOptions {
  /** Express's `trust proxy`: which proxies may say where a request came from, and whether by TLS. @default none */
  readonly trustProxy?: string | undefined
  /** @default those of an API */
  readonly headers?: SecurityHeaderOptions
  /** Logs each request. */
  readonly log: RequestHandler
  /** Rejects or throws while the service cannot answer requests; a Fault decides the status. */
  readonly check: () => Promise<void> | void
  /** Stands in front of the two health routes, for a service whose routes need a guard each; gets the reason why they need no caller. @default none */
  readonly guard?: (why: string) => RequestHandler
}

const goOn = (): RequestHandler => (_req, _res, next) => next()

/**
 * Sets a fresh app up: case-sensitive routes, no `X-Powered-By`, security headers, the request log, `GET /livez` (the process runs) and `GET /readyz`
 * (it can answer). The service's own limits, routes and error handler come after.
 *
 * @param app - Of Express 4 or 5.
 * @returns The same app.
 */
export function prepareApp(app: Express, { trustProxy, headers, log, check, guard = goOn }: AppOptions): Express {
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy)
  app.use(...securityHeaders(headers), log)
  app.get('/livez', guard('says only that the process runs'), (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', guard('says only whether the service is ready'), (_req, res, next) => {
    Promise.try(check).then(() => res.json({ status: 'ok' }), next)
  })
  return app
}
