/**
 * PostgreSQL, for as many processes as one likes. Whoever changes what somebody else has just changed finds it changed: every statement names
 * the state that it expects.
 *
 * @module
 */
import { type ClientBase, Pool, types } from 'pg'
import type { Database, Queries } from './database.ts'
import { migrate } from './postgres-schema.ts'

const CONNECTIONS = 10
const CONNECT_MS = 3_000
const STATEMENT_MS = 5_000
/** PostgreSQL's own number for `bigint`: ours stay far below 2^53. */
const BIGINT = 20

/**
 * @param url - `postgres://…`, with `sslmode` if need be.
 * @throws Error when the database does not answer, or a newer version wrote it.
 */
export async function openPostgres(url: string): Promise<Database> {
  const pool = new Pool({
    connectionString: url,
    application_name: 'trips',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    types: { getTypeParser: (type, format) => (type === BIGINT ? Number : types.getTypeParser(type, format)) },
  })
  // A connection that breaks, used or not: whoever uses it next is told by the query's own failure.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  try {
    await inTransaction(pool, migrate)
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    ...queriesOf(pool),
    transaction: (work) => inTransaction(pool, (client) => work(queriesOf(client))),
    // Deleted rows are PostgreSQL's to overwrite: at its next vacuum, or later.
    scrub: async () => undefined,
    close: () => pool.end(),
  }
}

function queriesOf(connection: Pick<ClientBase, 'query'>): Queries {
  return {
    rows: async (sql, ...values) => (await connection.query(sql, [...values])).rows,
    change: async (sql, ...values) => (await connection.query(sql, [...values])).rowCount ?? 0,
  }
}

async function inTransaction<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error(String(cause))
    })
    throw error
  } finally {
    client.release(broken)
  }
}
