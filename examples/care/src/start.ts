/**
 * Builds the care service from its configuration and listens.
 *
 * @module
 */
import { createPdpAdmin, createPep } from '@mandate/pep'
import { keycloak } from '@mandate/pep/keycloak'
import { reloadedFiles } from '@mandate/pep/service'
import { type ListenerBounds, once, prepareTls, type RunningService, serve } from '@mandate/service'
import { type CareLogger, createApp } from './app.ts'
import { CareService } from './care-service.ts'
import type { CareConfig } from './config.ts'
import { PlanStore } from './plans.ts'

/**
 * Starts the ward's HTTP service after a first round of housekeeping, which forgets erased people (rule E4).
 *
 * @throws When the address cannot be bound.
 */
export async function startCare(
  config: CareConfig,
  logger: CareLogger,
  bounds: ListenerBounds = {},
): Promise<RunningService<CareConfig>> {
  const { issuer, identityUrl, pdpUrl, plainHttpHosts, credentials, audience, interactiveClients, clientTls } = config
  const identity = identityUrl === undefined ? {} : { identityUrl }
  const tls = clientTls === undefined ? {} : { tls: clientTls }
  const shared = { issuer, provider: keycloak(), pdpUrl, plainHttpHosts, credentials, ...identity, ...tls }
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const pdp = createPdpAdmin(shared)
  const plans = new PlanStore(config.dataDir)
  const careService = new CareService(plans, pdp)
  const round = () => runRound(careService, logger)
  let last = round()
  await last
  const timer = setInterval(() => {
    last = last.then(round)
  }, config.housekeepingMs)
  const listener = await serve(createApp(config, { pep, plans, careService }, logger), { ...config, ...bounds })
  return {
    url: listener.url,
    reload: { files: reloadedFiles('CARE_'), prepare: (next) => prepareTls(config, next, [listener], 'CARE_') },
    close: once(async () => {
      clearInterval(timer)
      await listener.close()
      await last
      await Promise.all([pep.close(), pdp.close()])
      plans.close()
    }),
  }
}

/** Runs one round of housekeeping; what fails is retried in the next round. */
async function runRound(careService: CareService, logger: CareLogger): Promise<void> {
  await careService.registerPending().catch(() => logger.warn({}, 'could not register pending plans'))
  await careService.eraseForgotten().catch(() => logger.warn({}, 'could not process the erasure feed'))
}
