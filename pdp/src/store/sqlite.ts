/**
 * SQLite implementation of the SQL port: one file, opened by one PDP. A write is durable when its promise resolves.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { ConfigError } from '@mandate/service'
import { type Database, noTransaction, type Queries, type Row, type SqlValue } from './sql.ts'
import { migrate } from './sqlite-migrations.ts'
import { type TransactionConnection, WriteQueue } from './write-queue.ts'

/** Longest wait of a write for the write lock of another connection, in milliseconds. */
const BUSY_MS = 2_000
/** Pause between two attempts to get the lock, in milliseconds. */
const BUSY_PAUSE_MS = 5
/** SQLite's primary result codes: the low 8 bits of the extended ones. */
const SQLITE_BUSY = 5
/** READONLY, CORRUPT, CANTOPEN, NOTADB: another attempt cannot succeed. */
const UNUSABLE: readonly number[] = [8, 11, 14, 26]
const WRITER_SETUP = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;`

/**
 * Opens the file and brings its schema up to date.
 *
 * @throws ConfigError when a newer release wrote the file, when it is damaged or no database, or when it cannot be opened for writing.
 */
export function openSqlite(path: string): Database {
  try {
    return new SqliteDatabase(path)
  } catch (cause) {
    if (!UNUSABLE.includes(resultCode(cause) ?? 0)) throw cause
    throw new ConfigError([
      `PDP_DATA_DIR: ${path} cannot be used (${(cause as Error).message}): restore it from a backup if it is damaged`,
    ])
  }
}

/**
 * Two connections. Writes and transactions are queued on one, in the order of the calls. Reads outside a transaction use the other: they do not
 * wait, and see committed data only.
 */
class SqliteDatabase implements Database {
  readonly isShared = false
  readonly #writer: Connection
  readonly #reader: Connection
  readonly #queue = new WriteQueue(BUSY_MS)

  constructor(path: string) {
    const writer = new DatabaseSync(path, { timeout: BUSY_MS })
    writer.exec(WRITER_SETUP)
    migrate(writer)
    // From here on `whenFree` waits for a lock; SQLite would block the event loop.
    writer.exec('PRAGMA busy_timeout = 0')
    this.#writer = new Connection(writer)
    this.#reader = new Connection(new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS }))
  }

  readonly rows = async (sql: string, ...values: readonly SqlValue[]): Promise<readonly Row[]> =>
    this.#reader.rows(sql, values)

  readonly change = (sql: string, ...values: readonly SqlValue[]): Promise<number> =>
    this.#queue.run((until) => whenFree(() => this.#writer.change(sql, values), until))

  readonly changeAlone = this.change

  readonly transaction = <T>(work: (within: Queries) => Promise<T>): Promise<T> =>
    this.#queue.run((until) => this.#transaction(work, until))

  readonly beforeCommit = noTransaction

  readonly afterCommit = (task: () => void): void => task()

  /**
   * Rewrites the file without its free space and empties the write-ahead log. `secure_delete` alone is not enough: it overwrites the cell that
   * is deleted, not the copies that rebalancing left on other pages.
   */
  readonly scrub = (): Promise<void> =>
    this.#queue.run((until) => whenFree(() => this.#writer.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);'), until))

  readonly close = (): Promise<void> =>
    this.#queue.run(async () => {
      this.#reader.close()
      this.#writer.close()
    })

  async #transaction<T>(work: (within: Queries) => Promise<T>, until: number): Promise<T> {
    const writer = this.#writer
    await whenFree(() => writer.exec('BEGIN IMMEDIATE'), until)
    const connection: TransactionConnection = {
      rows: async (sql, values) => writer.rows(sql, values),
      change: async (sql, values) => writer.change(sql, values),
      commit: async () => writer.exec('COMMIT'),
      rollBack: async () => writer.rollBack(),
      isInTransaction: () => writer.isInTransaction,
    }
    return await this.#queue.transact(connection, work)
  }
}

/** A connection with its prepared statements, each prepared once. */
class Connection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  rows(sql: string, values: readonly SqlValue[]): readonly Row[] {
    return this.#statement(sql).all(...values)
  }

  change(sql: string, values: readonly SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** After a full disk SQLite has rolled back by itself. Ignores errors: the error that caused the rollback is the one to report. */
  rollBack(): void {
    if (!this.isInTransaction) return
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // If a transaction is still open, the next BEGIN fails with an error.
    }
  }

  close(): void {
    this.#database.close()
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql) ?? this.#database.prepare(sql.replaceAll(/\$(?=\d)/gu, '?'))
    this.#prepared.set(sql, known)
    return known
  }
}

/** Tries again while another connection holds the write lock, until an instant of `performance.now()`; once in any case. */
async function whenFree<T>(task: () => T, until: number): Promise<T> {
  for (;;) {
    try {
      return task()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error
    }
    await pause(BUSY_PAUSE_MS)
  }
}

/** Whether another connection held the lock for too long. */
export const isBusy = (error: unknown): boolean => resultCode(error) === SQLITE_BUSY

/** SQLite's primary result code. `undefined` for another error. */
const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
