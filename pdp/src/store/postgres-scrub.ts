/**
 * Removal of deleted rows from the files of the PDP's tables on PostgreSQL. It does not reach the write-ahead log, standbys and backups.
 *
 * @module
 */
import type { ClientBase } from 'pg'
import { prepareSession, SCHEMA, sqlStateOf, storeErrorOf, withMaintenanceClient } from './postgres-session.ts'

/** Largest table that is rewritten, in bytes, indexes included. No PDP can read a table while it is rewritten: at this size for less than a second. */
const REWRITTEN_BYTES = 16 * 1_024 * 1_024
/** Longest wait for a table, in milliseconds. Reads of the table wait as long. */
const LOCK_MS = 250
/** SQLSTATE: lock_timeout has passed. */
const LOCK_NOT_AVAILABLE = '55P03'

const TABLES = `SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_total_relation_size(c.oid) AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`

/**
 * Rewrites small tables, and vacuums large ones and those that others hold, as a backup does. The free space of a table that was vacuumed keeps the
 * bytes of deleted rows until it is used again, but no query reads them.
 */
export const scrubTables = (url: string): Promise<void> =>
  withMaintenanceClient(url, async (client) => {
    await prepareSession(client)
    await client.query('SET statement_timeout = 0')
    const { rows } = await client.query<{ name: string; bytes: number }>(TABLES, [SCHEMA])
    for (const { name, bytes } of rows) {
      if (bytes <= REWRITTEN_BYTES && (await rewrite(client, name))) continue
      await client.query('SET lock_timeout = 0')
      await client.query(`VACUUM (INDEX_CLEANUP ON) ${name}`)
    }
  }).catch((error: unknown) => Promise.reject(storeErrorOf(error)))

/** @returns `false` when others hold the table. */
async function rewrite(client: ClientBase, name: string): Promise<boolean> {
  await client.query(`SET lock_timeout = ${LOCK_MS}`)
  try {
    await client.query(`VACUUM (FULL) ${name}`)
    return true
  } catch (error) {
    if (sqlStateOf(error) === LOCK_NOT_AVAILABLE) return false
    throw error
  }
}
