/**
 * Opens the PDP's own database and its stores.
 *
 * @module
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Clock } from '../ports/clock.ts'
import type { Locks } from '../ports/locks.ts'
import type { TokenEncryption } from '../ports/stores.ts'
import { ProcessLocks } from '../runtime/process-locks.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import { createStores, type SqlStores } from './stores.ts'
import { loadVaultKeys } from './vault-key.ts'

/** Every store of the PDP's database. */
export interface Stores extends SqlStores {
  readonly locks: Locks
  readonly tokenEncryption: TokenEncryption
}

/**
 * Opens the database, PostgreSQL (`PDP_STORE_URL`) or a file in `PDP_DATA_DIR`, with the vault key.
 *
 * @param closing - Receives the disposer that closes the database.
 * @throws ConfigError for a vault key or a database that cannot be used; Fault `relations_unavailable` when PostgreSQL does not answer.
 */
export async function openStores(config: Config, clock: Clock, closing: AsyncDisposableStack): Promise<Stores> {
  const { PDP_STORE_URL: url, PDP_DATA_DIR: folder } = config
  const database = url === undefined ? openSqlite(join(folder, 'pdp.db')) : await openPostgres(url)
  closing.defer(() => database.close())
  const keys = await loadVaultKeys(config)
  return { ...(await createStores(database, { clock, keys })), tokenEncryption: keys, locks: new ProcessLocks() }
}
