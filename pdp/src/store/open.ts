/**
 * Opens the PDP's own database and its stores.
 *
 * @module
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Clock } from '../ports/clock.ts'
import type { Locks } from '../ports/locks.ts'
import type { TokenBuckets, WrongCodes } from '../ports/rates.ts'
import type { TokenEncryption } from '../ports/stores.ts'
import { ProcessLocks } from '../runtime/process-locks.ts'
import { requireIssuer } from './database-issuer.ts'
import { type DatabaseWatch, openSharedDatabase, type SharedDatabase } from './open-postgres.ts'
import { openSqlite } from './sqlite.ts'
import { createStores, type SqlStores } from './stores.ts'
import { loadVaultKeys } from './vault-key.ts'
import { requireVaultKey } from './vault-rows.ts'

/** Every store of the PDP's database. */
export interface Stores extends SqlStores {
  readonly locks: Locks
  readonly tokenEncryption: TokenEncryption
  /** Whether other PDPs use the database at the same time. */
  readonly isShared: boolean
  /** Tells a shared database apart from a copy with the same identity; `undefined` where the database belongs to one PDP. */
  readonly place: string | undefined
  /** See `SharedDatabase`; `undefined` where the database belongs to one PDP. */
  readonly requireSameRelationshipStore: SharedDatabase['requireSameRelationshipStore'] | undefined
  /** `undefined` where the database belongs to one PDP. */
  readonly buckets: TokenBuckets | undefined
  /** `undefined` where the database belongs to one PDP. */
  readonly wrongCodes: WrongCodes | undefined
}

/**
 * Opens the database, PostgreSQL (`PDP_STORE_URL`) or a file in `PDP_DATA_DIR`, with the vault key.
 *
 * @param config - `PDP_STORE_URL` is read for each new connection, since its user and password may change.
 * @param watch - Called while the PDP runs, for a shared database.
 * @param closing - Receives the disposer that closes the database.
 * @throws ConfigError for a vault key or a database that cannot be used, a database of another issuer, and when another PDP has the log origin; Fault `relations_unavailable` when PostgreSQL does not answer.
 */
export async function openStores(
  config: Config,
  clock: Clock,
  watch: DatabaseWatch,
  closing: AsyncDisposableStack,
): Promise<Stores> {
  const { PDP_STORE_URL: url, PDP_LOG_ORIGIN: origin } = config
  const keys = await loadVaultKeys(config)
  const opened =
    url === undefined
      ? openOwn(config, closing)
      : await openSharedDatabase(() => config.PDP_STORE_URL ?? url, origin, keys.ids, watch, closing)
  const { database, leases, reads, runningBeside, runningWithout, ...shared } = opened
  await requireVaultKey(database, keys, runningWithout)
  await requireIssuer(database, { issuer: config.PDP_ISSUER, former: config.PDP_FORMER_ISSUER }, runningBeside)
  const several = leases && reads ? { leases, reads, owner: origin } : {}
  const stores = await createStores(database, { clock, keys, ...several })
  return { ...stores, ...shared, isShared: database.isShared, tokenEncryption: keys }
}

type Several = 'leases' | 'reads' | 'buckets' | 'wrongCodes' | 'place' | 'requireSameRelationshipStore'
type Opened = Omit<SharedDatabase, Several> & { readonly [name in Several]: SharedDatabase[name] | undefined }

function openOwn(config: Config, closing: AsyncDisposableStack): Opened {
  const database = openSqlite(join(config.PDP_DATA_DIR, 'pdp.db'))
  closing.defer(() => database.close())
  return {
    database,
    locks: new ProcessLocks(),
    runningBeside: async () => undefined,
    runningWithout: async () => undefined,
    leases: undefined,
    reads: undefined,
    buckets: undefined,
    wrongCodes: undefined,
    place: undefined,
    requireSameRelationshipStore: undefined,
  }
}
