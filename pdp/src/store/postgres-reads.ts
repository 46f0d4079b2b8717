/**
 * One PostgreSQL connection for reads that requests wait for: no other statement can keep it busy, and its time limit is short.
 *
 * @module
 */
import { createPool, type UrlSource } from '../runtime/postgres-pool.ts'
import { clientConfig, prepareSession, Session, storeErrorOf } from './postgres-session.ts'
import type { Queries } from './sql.ts'

/** Longest time of a read, and of the wait for a new connection, in milliseconds. */
const READ_MS = 1_000
/** For a server that does not answer at all; longer than the server's own limit. */
const NO_ANSWER_MS = READ_MS + 500

export interface Reads extends Pick<Queries, 'rows'> {
  readonly close: () => Promise<void>
}

/** @param url - Of a database that is open already, so that its schema is known to be this release's. */
export function openReads(url: UrlSource): Reads {
  const settings = () => ({ ...clientConfig(url), connectionTimeoutMillis: READ_MS, query_timeout: NO_ANSWER_MS })
  const pool = createPool(settings, {
    ...settings(),
    max: 1,
    min: 1,
    onConnect: async (client) => {
      await prepareSession(client)
      await client.query(`SET statement_timeout = ${READ_MS}`)
    },
  })
  return {
    rows: async (sql, ...values) => {
      const client = await pool.connect().catch((error: unknown) => Promise.reject(storeErrorOf(error)))
      const session = new Session(client)
      try {
        return await session.rows(sql, values)
      } finally {
        client.release(session.isBroken)
      }
    },
    close: () => pool.end(),
  }
}
