/**
 * Database port on PostgreSQL; several processes may share it. Concurrent changes are detected because every UPDATE and DELETE names the state that
 * it expects.
 *
 * @module
 */
import { ConfigError } from '@mandate/service'
import { Client, type ClientBase, type ClientConfig, Pool, types } from 'pg'
import type { Database, Queries } from './database.ts'
import { migrate } from './postgres-schema.ts'

const CONNECTIONS = 10
const CONNECT_MS = 3_000
const STATEMENT_MS = 5_000
/** Type OID of `bigint`, parsed as a number: values here stay below 2^53. */
const BIGINT = 20

/** A database whose user and password can be replaced while it is used. */
export interface PostgresDatabase extends Database {
  /**
   * Connects with another user or password.
   *
   * @returns Uses the URL for new connections; those in use end after their work.
   * @throws ConfigError for another server or database, or where the server refuses.
   */
  readonly prepareUrl: (url: string) => Promise<() => void>
}

/**
 * Connects and migrates.
 *
 * @param url - `postgres://…`, with `sslmode` where required.
 * @throws Error when the database does not answer, or its schema is newer than this program.
 */
export async function openPostgres(url: string): Promise<PostgresDatabase> {
  let current = url
  class CurrentClient extends Client {
    readonly url = current

    constructor() {
      super(clientConfig(current))
    }
  }
  const pool = new Pool({ max: CONNECTIONS, connectionTimeoutMillis: CONNECT_MS, Client: CurrentClient })
  // Ends connections of a former user or password as soon as they have been used.
  pool.on('release', (_error, client) => {
    if (client instanceof CurrentClient && client.url !== current) void client.end().catch(() => undefined)
  })
  // Without a listener a broken connection would end the process; its next query rejects anyway.
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
    // PostgreSQL overwrites deleted rows after its next vacuum; it cannot be forced for single rows.
    scrub: async () => undefined,
    prepareUrl: async (next) => {
      if (next !== current) await tryUrl(next, current)
      return () => {
        current = next
      }
    },
    close: () => pool.end(),
  }
}

const clientConfig = (url: string): ClientConfig => ({
  connectionString: url,
  application_name: 'trips',
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: STATEMENT_MS,
  idle_in_transaction_session_timeout: STATEMENT_MS,
  types: { getTypeParser: (type, format) => (type === BIGINT ? Number : types.getTypeParser(type, format)) },
})

/** @throws ConfigError for another server or database, or where the server refuses. */
async function tryUrl(url: string, present: string): Promise<void> {
  const placeOf = ({ host, port, database = '' }: Client): string => `${host}:${port}/${database}`
  const client = new Client(clientConfig(url))
  // Without a listener a broken connection would end the process.
  client.on('error', () => undefined)
  if (placeOf(client) !== placeOf(new Client(clientConfig(present))))
    throw new ConfigError(['TRIPS_DATABASE_URL: only user and password can change without a restart'])
  try {
    await client.connect()
  } catch (error) {
    throw new ConfigError([`TRIPS_DATABASE_URL: ${error instanceof Error ? error.message : 'no connection'}`])
  } finally {
    await client.end().catch(() => undefined)
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
