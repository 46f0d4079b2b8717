/**
 * PostgreSQL implementation of the SQL port: one database for several PDPs. A write is durable when its promise resolves.
 *
 * @module
 */
import type { ClientBase, Pool } from 'pg'
import { createPool, type UrlSource, urlOf } from '../runtime/postgres-pool.ts'
import { prepareDatabase } from './postgres-migrations.ts'
import { scrubTables } from './postgres-scrub.ts'
import { clientConfig, isStalePlan, prepareSession, Session, storeErrorOf } from './postgres-session.ts'
import { type Database, noTransaction, type Queries, type Row, type SqlValue } from './sql.ts'
import { type TransactionConnection, WriteQueue } from './write-queue.ts'

/** Connections for reads. Writes have one more, as only one write runs at a time. */
const READERS = 8
/** Longest wait of a write for those of other PDPs, in milliseconds; longer than a paused PDP can hold the lock. */
const WAIT_MS = 4_000
/** A write that waited in the queue for as long as it may still tries to get the lock, for this time. */
const LEAST_WAIT_MS = 100
/** Key of the advisory lock of a transaction: one at a time on all PDPs. */
const WRITE_LOCK = 0x6d_70_64_70

/** SQL that waits for the lock. */
const TAKE_WRITE_LOCK = `SELECT pg_advisory_xact_lock(${WRITE_LOCK})`

/** Stops the writes of all PDPs until the end of the current transaction. */
export async function lockWrites(client: ClientBase): Promise<void> {
  await client.query(TAKE_WRITE_LOCK)
}

/**
 * Connects, and brings the schema up to date.
 *
 * @param url - `postgres://…`, with `sslmode` where required. Its user and password may change.
 * @throws ConfigError when this release cannot use the database; Fault `relations_unavailable` when it does not answer.
 */
export async function openPostgres(url: UrlSource): Promise<Database> {
  await prepareDatabase(urlOf(url))
  return new PostgresDatabase(url)
}

class PostgresDatabase implements Database {
  readonly isShared = true
  readonly #url: UrlSource
  readonly #readers: Pool
  readonly #writer: Pool
  readonly #queue = new WriteQueue(WAIT_MS)

  constructor(url: UrlSource) {
    this.#url = url
    this.#readers = createSessions(url, READERS)
    this.#writer = createSessions(url, 1)
  }

  readonly rows = async (sql: string, ...values: readonly SqlValue[]): Promise<readonly Row[]> => {
    const read = (session: Session): Promise<readonly Row[]> => session.rows(sql, values)
    try {
      return await inSession(this.#readers, read)
    } catch (error) {
      if (!isStalePlan(error)) throw error
    }
    return inSession(this.#readers, read)
  }

  readonly change = (sql: string, ...values: readonly SqlValue[]): Promise<number> =>
    this.transaction((within) => within.change(sql, ...values))

  readonly changeAlone = async (sql: string, ...values: readonly SqlValue[]): Promise<number> => {
    this.#queue.requireOutside()
    return inSession(this.#readers, (session) => session.change(sql, values))
  }

  readonly transaction = <T>(work: (within: Queries) => Promise<T>): Promise<T> =>
    this.#queue.run((until) => inSession(this.#writer, (session) => this.#transact(session, until, work)))

  readonly beforeCommit = noTransaction

  readonly afterCommit = (task: () => void): void => task()

  readonly scrub = async (): Promise<void> => {
    this.#queue.requireOutside()
    await scrubTables(urlOf(this.#url))
  }

  readonly close = async (): Promise<void> => {
    await this.#queue.run(() => this.#writer.end())
    await this.#readers.end()
  }

  /**
   * READ COMMITTED, and one transaction at a time on all PDPs: what a transaction has read stays true until it commits, as with SQLite's single
   * writer, and none has to be repeated.
   */
  async #transact<T>(session: Session, until: number, work: (within: Queries) => Promise<T>): Promise<T> {
    const waitMs = Math.max(LEAST_WAIT_MS, Math.ceil(until - performance.now()))
    const connection: TransactionConnection = {
      rows: (sql, values) => session.rows(sql, values),
      change: (sql, values) => session.change(sql, values),
      commit: () => commit(session),
      rollBack: async () => void (await session.exec('ROLLBACK').catch(() => undefined)),
      isInTransaction: () => !session.isBroken,
    }
    try {
      await session.exec(`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${waitMs}; ${TAKE_WRITE_LOCK}`)
    } catch (error) {
      await connection.rollBack()
      throw error
    }
    return this.#queue.transact(connection, work)
  }
}

/** @throws Error when PostgreSQL rolled back instead, as it does after a failed statement. */
async function commit(session: Session): Promise<void> {
  if ((await session.exec('COMMIT')) !== 'COMMIT')
    throw new Error('pdp.db: the transaction was rolled back: one of its statements had failed')
}

function createSessions(url: UrlSource, max: number): Pool {
  return createPool(() => clientConfig(url), { ...clientConfig(url), max, min: 1, onConnect: prepareSession })
}

/** Runs work on a connection of a pool; drops the connection if it broke. */
async function inSession<T>(pool: Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => Promise.reject(storeErrorOf(error)))
  const session = new Session(client)
  try {
    return await work(session)
  } finally {
    client.release(session.isBroken)
  }
}
