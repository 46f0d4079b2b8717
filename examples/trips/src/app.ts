/**
 * Express app of the trips service.
 *
 * @module
 */
import type { Pep, PepLogger } from '@mandate/pep'
import { problems } from '@mandate/pep'
import { createLimits, type LimitOptions, requestLog } from '@mandate/pep/service'
import { prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express } from 'express'
import { type RoutesDeps, tripRoutes } from './routes.ts'

export interface AppDeps extends RoutesDeps {
  readonly pep: Pep
  readonly logger: PepLogger & { readonly info: (fields: object, message: string) => void }
  /** Express's `trust proxy`: proxies whose `X-Forwarded-*` headers are trusted. */
  readonly trustProxy?: string | undefined
  readonly limits: LimitOptions
}

/** Largest request body. */
const BODY_LIMIT = '16kb'

/** Builds the Express app. @throws TypeError when a route has no guard. */
export function createApp(deps: AppDeps): Express {
  const { pep, store, logger, trustProxy } = deps
  const limits = createLimits(deps.limits)
  const app = prepareApp(express(), {
    trustProxy,
    log: requestLog(logger),
    check: () => store.check(),
    guard: pep.open,
  })
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: BODY_LIMIT, strict: true }), tripRoutes(deps))
  app.use(refuseUnknownRoute, problems(logger))
  pep.assertGuarded(app)
  return app
}
