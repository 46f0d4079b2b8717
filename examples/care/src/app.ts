/**
 * Express app of the care service.
 *
 * @module
 */
import { type PepLogger, problems } from '@mandate/pep'
import { createLimits, requestLog } from '@mandate/pep/service'
import { prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express } from 'express'
import type { CareConfig } from './config.ts'
import { careRoutes, type RoutesDeps } from './routes.ts'

export type CareLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** Builds the Express app. @throws TypeError when a route has no guard. */
export function createApp({ limits: bounds, trustProxy }: CareConfig, deps: RoutesDeps, logger: CareLogger): Express {
  const { pep, plans } = deps
  const limits = createLimits(bounds)
  const app = prepareApp(express(), {
    trustProxy,
    log: requestLog(logger),
    check: () => plans.check(),
    guard: pep.open,
  })
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: '16kb', strict: true }), careRoutes(deps))
  app.use(refuseUnknownRoute, problems(logger))
  pep.assertGuarded(app)
  return app
}
