/**
 * The auditor's page and the console as an Express app over its ports: the pages, signing in and out, and the relays to the PDPs.
 *
 * @module
 */
import { join } from 'node:path'
import { limitByAddress, limitConcurrency, logRequests, prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express, type RequestHandler } from 'express'
import { type ConsoleDeps, consoleRoutes } from './console-relay.ts'
import { type Logger, ownPageOnly, pageHeaders, problems } from './middleware.ts'
import { type RelayDeps, relayRoutes } from './relay.ts'
import { CONSOLE_PLACE, LOG_PLACE, type SignInDeps, signInRoutes } from './sign-in.ts'

export interface AppDeps extends Omit<SignInDeps, 'place'>, Omit<RelayDeps, 'hasConsole'> {
  /** Client and sessions of the console; `undefined`: there is no console. */
  readonly console: Pick<SignInDeps, 'identity' | 'sessions' | 'pending'> | undefined
  readonly logger: Logger
  /** Where the built page is. */
  readonly pageDir: string
  readonly trustProxy?: string | undefined
  readonly addressPerSecond: number
  readonly concurrent: number
}

/** Addresses of the auditor's page, which reads its state from them. */
const PAGES = ['/', '/decisions/:id', '/logged-out', '/refused']
/** Addresses of the console. */
const CONSOLE_PAGES = ['/console', '/console/:section']

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
  app.use(signInRoutes({ ...deps, place: LOG_PLACE }))
  app.use('/api', ownPageOnly(publicUrl), relayRoutes({ ...deps, hasConsole: deps.console !== undefined }))
  if (deps.console) useConsole(app, { ...deps, ...deps.console })
  // File names contain a hash of the content.
  app.use(
    '/assets',
    express.static(join(pageDir, 'assets'), { index: false, redirect: false, immutable: true, maxAge: '365d' }),
  )
  app.use('/icon.svg', express.static(join(pageDir, 'icon.svg'), { index: false, redirect: false, maxAge: '1d' }))
  app.get(PAGES, pageOf(pageDir, 'index.html'))
  app.use(refuseUnknownRoute, problems(logger))
  return app
}

/** Mounts the console below `/console`, with a client, sessions and cookies of its own. */
function useConsole(app: Express, deps: Omit<SignInDeps, 'place'> & ConsoleDeps & Pick<AppDeps, 'pageDir'>): void {
  app.use(CONSOLE_PLACE.home, signInRoutes({ ...deps, place: CONSOLE_PLACE }))
  app.use(`${CONSOLE_PLACE.home}/api`, ownPageOnly(deps.publicUrl), consoleRoutes(deps))
  app.get(CONSOLE_PAGES, pageOf(deps.pageDir, 'console.html'))
}

function pageOf(pageDir: string, file: string): RequestHandler {
  return (_req, res) => {
    res.sendFile(file, { root: pageDir, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } })
  }
}
