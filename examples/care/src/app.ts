/**
 * Care as an Express app over its ports.
 *
 * @module
 */
import { type PepLogger, problems } from '@mandate/pep'
import { createLimits, requestLog } from '@mandate/pep/service'
import { refuseUnknownRoute, securityHeaders } from '@mandate/service'
import express, { type Express } from 'express'
import type { CareConfig } from './config.ts'
import { careRoutes, type RoutesDeps } from './routes.ts'

export type CareLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** @throws TypeError when a route has no guard. */
export function createApp({ limits: bounds, trustProxy }: CareConfig, deps: RoutesDeps, logger: CareLogger): Express {
  const { pep, plans } = deps
  const limits = createLimits(bounds)
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy)
  app.use(securityHeaders(), requestLog(logger))
  app.get('/livez', pep.open('says only that the process runs'), (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', pep.open('says only whether the database answers'), (_req, res) => {
    plans.check()
    res.json({ status: 'ok' })
  })
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: '16kb', strict: true }), careRoutes(deps))
  app.use(refuseUnknownRoute, problems(logger))
  pep.assertGuarded(app)
  return app
}
