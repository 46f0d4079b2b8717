/**
 * Trips, put together and listening.
 *
 * @module
 */
import { createPdpAdmin, createPep, type PepLogger } from '@mandate/pep'
import { type Listener, type ListenerBounds, once, serve } from '@mandate/service'
import { Agency } from './agency.ts'
import { createApp } from './app.ts'
import type { TripsConfig } from './config.ts'
import type { Database } from './database.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openPostgres } from './postgres.ts'
import { createSqlStore } from './sql-store.ts'
import { openSqlite } from './sqlite.ts'

export type TripsLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** Starts listening after a first round of housekeeping: what a crash left half done is taken back, as far as the PDP answers. */
export async function startTrips(
  config: TripsConfig,
  logger: TripsLogger,
  bounds: ListenerBounds = {},
): Promise<Listener> {
  const { issuer, identityUrl, pdpUrl, plainHttpHosts, abandonedMs, credentials, clientTls } = config
  const { audience, interactiveClients, trustProxy, limits } = config
  const shared = {
    issuer,
    pdpUrl,
    plainHttpHosts,
    credentials,
    ...(identityUrl === undefined ? {} : { identityUrl }),
    ...(clientTls === undefined ? {} : { tls: clientTls }),
  }
  const store = createSqlStore(await openDatabase(config))
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const pdp = createPdpAdmin(shared)
  const agency = new Agency({ store, pdp, issuer, now: Date.now, abandonedMs })
  const housekeeping = await startHousekeeping({ store, pdp, agency, logger }, config.housekeepingMs)
  const listener = await serve(createApp({ pep, store, agency, abandonedMs, logger, trustProxy, limits }), {
    ...config,
    ...bounds,
  })
  return {
    url: listener.url,
    close: once(async () => {
      await listener.close()
      await housekeeping.close()
      await Promise.all([pep.close(), pdp.close()])
      await store.close()
    }),
  }
}

/** @throws Error when it does not answer. */
async function openDatabase({ dataDir, databaseUrl }: TripsConfig): Promise<Database> {
  if (databaseUrl !== undefined) return openPostgres(databaseUrl)
  if (dataDir !== undefined) return openSqlite(dataDir)
  throw new TypeError('neither a folder nor a database')
}
