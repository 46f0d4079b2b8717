/**
 * Trips, put together and listening.
 *
 * @module
 */
import { createPdpAdmin, createPep, endpointsOf, type PepLogger } from '@mandate/pep'
import { type Listener, serve } from '@mandate/pep/service'
import { Agency } from './agency.ts'
import { createApp } from './app.ts'
import type { TripsConfig } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createPdpClient } from './pdp-client.ts'
import { createSqliteStore } from './sqlite-store.ts'

export type TripsLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** Starts listening after a first round of housekeeping: what a crash left half done is taken back, as far as the PDP answers. */
export async function startTrips(config: TripsConfig, logger: TripsLogger): Promise<Listener> {
  const { issuer, identityUrl, pdpUrl, clientId, clientSecret, audience, interactiveClients, trustProxy, limits } =
    config
  const shared = {
    issuer,
    pdpUrl,
    credentials: { clientId, clientSecret },
    ...(identityUrl === undefined ? {} : { identityUrl }),
  }
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const registry = createPdpAdmin(shared)
  const store = createSqliteStore(config.dataDir)
  const { tokenEndpoint } = endpointsOf(identityUrl ?? issuer)
  const pdp = createPdpClient({ pdpUrl, tokenEndpoint, clientId, clientSecret })
  const agency = new Agency({ store, registry, pdp, issuer, now: Date.now })
  const takenBack = agency.recover()
  if (takenBack > 0) logger.warn({ takenBack }, 'half made trips were found')
  const housekeeping = await startHousekeeping({ store, registry, pdp, logger }, config.housekeepingMs)
  const listener = await serve(createApp({ pep, store, agency, logger, trustProxy, limits }), config)
  return {
    url: listener.url,
    close: async () => {
      await listener.close()
      await housekeeping.close()
      await Promise.all([pep.close(), registry.close()])
      store.close()
    },
  }
}
