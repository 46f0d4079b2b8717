/**
 * The auditor's workplace as an Express app over its ports: the page, signing in and out, and the relay to the PDP.
 *
 * @module
 */
import { join } from 'node:path'
import { createLimits, DEFAULT_LIMITS, requestLog } from '@mandate/pep/service'
import { Fault } from '@mandate/protocol'
import express, { type Express, type RequestHandler } from 'express'
import { type Logger, ownPageOnly, problems, securityHeaders } from './doors.ts'
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
  const limits = createLimits({ ...DEFAULT_LIMITS, addressPerSecond, concurrent })
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  app.set('etag', false)
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy)
  app.use(...securityHeaders(publicUrl), requestLog(logger))
  app.get('/livez', (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', async (_req, res) => {
    await identity.check()
    res.json({ status: 'ok' })
  })
  app.use(limits.atTheDoor)
  app.use(signInRoutes(deps))
  app.use('/api', ownPageOnly(publicUrl), relayRoutes(deps))
  // Files are named by what is in them.
  app.use(
    '/assets',
    express.static(join(pageDir, 'assets'), { index: false, redirect: false, immutable: true, maxAge: '365d' }),
  )
  app.use('/icon.svg', express.static(join(pageDir, 'icon.svg'), { index: false, redirect: false, maxAge: '1d' }))
  app.get(PAGES, pageOf(pageDir))
  app.use(() => {
    throw new Fault('not_found', 'no such address')
  })
  app.use(problems(logger))
  return app
}

function pageOf(pageDir: string): RequestHandler {
  return (_req, res) => {
    res.sendFile('index.html', { root: pageDir, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } })
  }
}
