/**
 * Care, put together and listening: the PEP, a store, and the routes.
 *
 * @module
 */
import { createPdpAdmin, createPep } from '@mandate/pep'
import { type Listener, type ListenerBounds, once, serve } from '@mandate/service'
import { type CareLogger, createApp } from './app.ts'
import type { CareConfig } from './config.ts'
import { Plans } from './plans.ts'
import { Ward } from './ward.ts'

export async function startCare(
  config: CareConfig,
  logger: CareLogger,
  bounds: ListenerBounds = {},
): Promise<Listener> {
  const { issuer, identityUrl, pdpUrl, plainHttpHosts, credentials, audience, interactiveClients, clientTls } = config
  const identity = identityUrl === undefined ? {} : { identityUrl }
  const tls = clientTls === undefined ? {} : { tls: clientTls }
  const shared = { issuer, pdpUrl, plainHttpHosts, credentials, ...identity, ...tls }
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const pdp = createPdpAdmin(shared)
  const plans = new Plans(config.dataDir)
  const ward = new Ward(plans, pdp)
  const round = () => keepHouse(ward, logger)
  let last = round()
  await last
  const timer = setInterval(() => {
    last = last.then(round)
  }, config.housekeepingMs)
  const listener = await serve(createApp(config, { pep, plans, ward }, logger), { ...config, ...bounds })
  return {
    url: listener.url,
    close: once(async () => {
      clearInterval(timer)
      await listener.close()
      await last
      await Promise.all([pep.close(), pdp.close()])
      plans.close()
    }),
  }
}

/** What could not be done is for the next round. */
async function keepHouse(ward: Ward, logger: CareLogger): Promise<void> {
  await ward.finish().catch(() => logger.warn({}, 'what a crash left could not be registered'))
  await ward.forget().catch(() => logger.warn({}, 'whom to forget could not be pulled'))
}
