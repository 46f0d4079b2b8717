/**
 * The auditor's workplace as an Express app over its ports: the page, signing in and out, and the relay to the PDPs.
 *
 * @module
 */
import { join } from 'node:path'
import { limitByAddress, limitConcurrency, logRequests, prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express, type RequestHandler } from 'express'
import { type Logger, ownPageOnly, pageHeaders, problems } from './middleware.ts'
import { type RelayDeps, relayRoutes } from './relay.ts'
import { type SignInDeps, signInRoutes } from './sign-in.ts'

export interface AppDeps extends SignInDeps, RelayDeps {
  readonly logger: Logger
  /** Where the built page is. */
  readonly pageDir: string
  readonly trustProxy?: string | undefined
  readonly addressPerSecond: number
  readonly concurrent: number
}

/** Addresses of the page: it finds its way by itself. */
const PAGES = ['/', '/decisions/:id', '/logged-out', '/refused']

export function createApp(deps: AppDeps): Express {
  const { logger, pageDir, publicUrl, trustProxy, addressPerSecond, concurrent, identity } = deps
  const app = prepareApp(express(), {
    trustProxy,
    headers: pageHeaders(publicUrl),
    log: logRequests({ logger }),
    check: () => identity.check(),
  })
  app.set('etag', false)
  app.use(limitConcurrency(concurrent), limitByAddress(addressPerSecond))
  app.use(signInRoutes(deps))
  app.use('/api', ownPageOnly(publicUrl), relayRoutes(deps))
  // File names contain a hash of the content.
  app.use(
    '/assets',
    express.static(join(pageDir, 'assets'), { index: false, redirect: false, immutable: true, maxAge: '365d' }),
  )
  app.use('/icon.svg', express.static(join(pageDir, 'icon.svg'), { index: false, redirect: false, maxAge: '1d' }))
  app.get(PAGES, pageOf(pageDir))
  app.use(refuseUnknownRoute, problems(logger))
  return app
}

function pageOf(pageDir: string): RequestHandler {
  return (_req, res) => {
    res.sendFile('index.html', { root: pageDir, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } })
  }
}
