/**
 * Trips, put together and listening.
 *
 * @module
 */
import { createPdpAdmin, createPep, type PepLogger } from '@mandate/pep'
import { type Listener, serve } from '@mandate/pep/service'
import { Agency } from './agency.ts'
import { createApp } from './app.ts'
import type { TripsConfig } from './config.ts'
import { createSqliteStore } from './sqlite-store.ts'

export type TripsLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** Starts listening after it has taken back what a crash left half done, as far as the PDP answers. */
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
  const agency = new Agency({ store, registry, issuer, now: Date.now })
  const { takenBack, left } = await agency.recover()
  if (takenBack + left > 0) logger.warn({ takenBack, left }, 'half registered trips were found')
  const listener = await serve(createApp({ pep, store, agency, issuer, logger, trustProxy, limits }), config)
  return {
    url: listener.url,
    close: async () => {
      await listener.close()
      await Promise.all([pep.close(), registry.close()])
      store.close()
    },
  }
}
