/**
 * Care, put together and listening: the PEP, a store, and the routes.
 *
 * @module
 */
import { createPdpAdmin, createPep, type PepLogger, problems } from '@mandate/pep'
import { createLimits, type Listener, requestLog, serve } from '@mandate/pep/service'
import { Fault } from '@mandate/protocol'
import express from 'express'
import helmet from 'helmet'
import type { CareConfig } from './config.ts'
import { Plans } from './plans.ts'
import { careRoutes } from './routes.ts'
import { Ward } from './ward.ts'

export type CareLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

export async function startCare(config: CareConfig, logger: CareLogger): Promise<Listener> {
  const { issuer, identityUrl, pdpUrl, clientId, clientSecret, audience, interactiveClients } = config
  const identity = identityUrl === undefined ? {} : { identityUrl }
  const shared = { issuer, pdpUrl, credentials: { clientId, clientSecret }, ...identity }
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const registry = createPdpAdmin(shared)
  const plans = new Plans(config.dataDir)
  const ward = new Ward(plans, registry)
  await ward
    .finish()
    .catch(() => logger.warn({}, 'what a crash left could not be registered; the next start tries again'))
  const limits = createLimits(config.limits)
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  if (config.trustProxy !== undefined) app.set('trust proxy', config.trustProxy)
  app.use(helmet(), requestLog(logger))
  app.get('/livez', pep.open('says only that the process runs'), (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', pep.open('says only whether the database answers'), (_req, res) => {
    plans.check()
    res.json({ status: 'ok' })
  })
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: '16kb', strict: true }), careRoutes({ pep, plans, ward }))
  app.use(() => {
    throw new Fault('not_found', 'no such route')
  })
  app.use(problems(logger))
  pep.seal(app)
  const listener = await serve(app, config)
  return {
    url: listener.url,
    close: async () => {
      await listener.close()
      await Promise.all([pep.close(), registry.close()])
      plans.close()
    },
  }
}
