/**
 * Builds the trips service from its configuration and listens.
 *
 * @module
 */
import { createPdpAdmin, createPep, type PepLogger } from '@mandate/pep'
import { keycloak } from '@mandate/pep/keycloak'
import { reloadedFiles } from '@mandate/pep/service'
import { type ListenerBounds, once, prepareTls, type RunningService, serve } from '@mandate/service'
import { createApp } from './app.ts'
import type { TripsConfig } from './config.ts'
import type { Database } from './database.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openPostgres, type PostgresDatabase } from './postgres.ts'
import { createSqlStore } from './sql-store.ts'
import { openSqlite } from './sqlite.ts'
import { TripService } from './trip-service.ts'

/** pino's shape, as far as trips needs it: fields first, then the message. */
export type TripsLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

/** Starts the service. Listens after a first round of housekeeping, which removes what a crash left pending if the PDP answers. */
export async function startTrips(
  config: TripsConfig,
  logger: TripsLogger,
  bounds: ListenerBounds = {},
): Promise<RunningService<TripsConfig>> {
  const { issuer, identityUrl, pdpUrl, plainHttpHosts, abandonedMs, credentials, clientTls } = config
  const { audience, interactiveClients, trustProxy, limits } = config
  const shared = {
    issuer,
    provider: keycloak(),
    pdpUrl,
    plainHttpHosts,
    credentials,
    ...(identityUrl === undefined ? {} : { identityUrl }),
    ...(clientTls === undefined ? {} : { tls: clientTls }),
  }
  const database = await openDatabase(config)
  const store = createSqlStore(database)
  const pep = createPep({ ...shared, audience, interactiveClients, logger })
  const pdp = createPdpAdmin(shared)
  const tripService = new TripService({ store, pdp, issuer, now: Date.now, abandonedMs })
  const housekeeping = await startHousekeeping({ store, pdp, tripService, logger }, config.housekeepingMs)
  const listener = await serve(createApp({ pep, store, tripService, abandonedMs, logger, trustProxy, limits }), {
    ...config,
    ...bounds,
  })
  return {
    url: listener.url,
    reload: {
      files: reloadedFiles('TRIPS_', 'DATABASE_URL'),
      prepare: async (next) => {
        const applyTls = prepareTls(config, next, [listener], 'TRIPS_')
        const applyUrl = await database.prepareUrl?.(next.databaseUrl ?? '')
        return () => {
          applyTls()
          applyUrl?.()
        }
      },
    },
    close: once(async () => {
      await listener.close()
      await housekeeping.close()
      await Promise.all([pep.close(), pdp.close()])
      await store.close()
    }),
  }
}

/** Opens the configured database. @throws Error when it does not answer. */
async function openDatabase({ dataDir, databaseUrl }: TripsConfig): Promise<Database & Partial<PostgresDatabase>> {
  if (databaseUrl !== undefined) return openPostgres(databaseUrl)
  if (dataDir !== undefined) return openSqlite(dataDir)
  throw new TypeError('neither dataDir nor databaseUrl is configured')
}
