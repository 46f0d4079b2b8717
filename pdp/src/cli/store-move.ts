/**
 * `npm run store -- move DIR`: moves the SQLite database of a stopped PDP to PostgreSQL.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@mandate/service'
import { type Moved, MoveRefused, moveToPostgres } from '../store/move.ts'
import { databasePlace } from '../store/postgres-session.ts'
import { isBusy, openSqlite } from '../store/sqlite.ts'
import { markMoved } from '../store/sqlite-migrations.ts'
import { createStores } from '../store/stores.ts'
import { loadVaultKeys } from '../store/vault-key.ts'
import { lockPdp } from './lock-pdp.ts'
import type { ProcessIo } from './log-command.ts'
import type { StoreSettings } from './store-settings.ts'

/**
 * @throws MoveRefused while a PDP runs on the file, and for a database that is not empty; ConfigError for a setting or a database that cannot be used;
 *   Fault `relations_unavailable` when PostgreSQL does not answer, `internal` when the key does not decrypt the vault.
 */
export async function moveStore(directory: string, settings: StoreSettings, io: ProcessIo): Promise<void> {
  const { out, now = Date.now } = io
  const path = join(directory, 'pdp.db')
  if (!existsSync(path))
    throw new MoveRefused(`there is no file ${path}: name the data directory of a PDP that has used SQLite`)
  const unlock = await lockPdp(directory)
  const file = new DatabaseSync(path)
  try {
    await encryptAll(path, directory, settings)
    file.exec('BEGIN EXCLUSIVE')
    const moved = await moveToPostgres(file, settings.PDP_STORE_URL)
    markMoved(file, databasePlace(settings.PDP_STORE_URL), new Date(now()).toISOString())
    file.exec('COMMIT')
    out(said(moved, directory))
  } catch (error) {
    throw isBusy(error) ? new MoveRefused(`${path} is in use by another process: stop it first`) : error
  } finally {
    file.close()
    unlock()
  }
}

/** Brings the file to this release's form, as a start does, and so checks the key. */
async function encryptAll(path: string, directory: string, settings: StoreSettings): Promise<void> {
  if (settings.PDP_VAULT_KEY === undefined && settings.PDP_VAULT_KEY_COMMAND.length === 0)
    throw new ConfigError([
      `PDP_VAULT_KEY: set it or PDP_VAULT_KEY_COMMAND: every PDP on PostgreSQL needs the same vault key. ${whereKeyIs(directory)}`,
    ])
  const keys = await loadVaultKeys({ ...settings, PDP_DATA_DIR: directory })
  const database = openSqlite(path)
  try {
    await createStores(database, { clock: Date.now, keys })
  } finally {
    await database.close()
  }
}

const whereKeyIs = (directory: string): string =>
  existsSync(join(directory, 'vault.key'))
    ? `The key of this database is in ${join(directory, 'vault.key')}: PDP_VAULT_KEY_FILE may name that file`
    : 'Use the key that the PDP of this database was started with'

function said({ tables, wasThere }: Moved, directory: string): string {
  const filled = tables.filter(({ rows }) => rows > 0)
  const width = Math.max(0, ...filled.map(({ name }) => name.length))
  const lines = filled.map(({ name, rows }) => `${name.padEnd(width)}  ${String(rows).padStart(9)}`)
  const total = tables.reduce((sum, { rows }) => sum + rows, 0)
  const done = wasThere ? 'were moved before, and are equal' : 'moved, and compared row by row'
  const empty = tables.length - filled.length
  return `${lines.map((line) => `${line}\n`).join('')}${total} rows of ${filled.length} tables ${done}; ${empty} tables are empty.
No PDP starts on ${join(directory, 'pdp.db')} any more; delete it when you have a backup of PostgreSQL.
Start the PDP with PDP_STORE_URL, the vault key, and PDP_DATA_DIR as before: its decision log stays there.
`
}
