/**
 * SQLite behind the SQL port: one file, opened by one PDP. A statement that writes is on disk before it resolves.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Database, Queries, Row, SqlValue } from './sql.ts'
import { migrate } from './sqlite-migrations.ts'

/** How long a write waits for the write lock of another connection, and how often it tries, in milliseconds. */
const BUSY_MS = 2_000
const BUSY_PAUSE_MS = 5
/** SQLite's result code for a lock that another connection holds; the upper bits say which. */
const SQLITE_BUSY = 5
const WRITER_SETUP = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;`

/**
 * Opens the file and brings its schema up to date.
 *
 * @throws Error where the file was written by a newer release, or cannot be read.
 */
export function openSqlite(path: string): Database {
  return new SqliteDatabase(path)
}

/**
 * Writes go through one connection, in the order in which they are asked for; a transaction keeps the later ones waiting. Reads outside a
 * transaction have a connection of their own: they wait for nothing, and see what is committed.
 */
class SqliteDatabase implements Database {
  readonly #writer: Connection
  readonly #reader: Connection
  /** The last write that was asked for, while any is under way. Never rejects. */
  #last: Promise<unknown> | undefined

  constructor(path: string) {
    const writer = new DatabaseSync(path, { timeout: BUSY_MS })
    writer.exec(WRITER_SETUP)
    migrate(writer)
    // From here on a held lock is waited for without blocking the process.
    writer.exec('PRAGMA busy_timeout = 0')
    this.#writer = new Connection(writer)
    this.#reader = new Connection(new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS }))
  }

  readonly rows = async (sql: string, ...values: readonly SqlValue[]): Promise<readonly Row[]> =>
    this.#reader.rows(sql, values)

  readonly change = (sql: string, ...values: readonly SqlValue[]): Promise<number> =>
    this.#inOrder(() => whenFree(() => this.#writer.change(sql, values)))

  readonly transaction = <T>(work: (within: Queries) => Promise<T>): Promise<T> =>
    this.#inOrder(() => this.#transaction(work))

  readonly afterCommit = (task: () => void): void => task()

  /**
   * Rewrites the file without its free space and empties the write-ahead log. `secure_delete` alone is not enough: it overwrites the cell that
   * is deleted, not the copies that rebalancing left on other pages.
   */
  readonly scrub = (): Promise<void> =>
    this.#inOrder(() => whenFree(() => this.#writer.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);')))

  readonly close = (): Promise<void> =>
    this.#inOrder(async () => {
      this.#reader.close()
      this.#writer.close()
    })

  /** Runs a task when every earlier one is over, however it ended; at once where none is under way. */
  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last ? this.#last.then(task) : task()
    const last = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#last === last) this.#last = undefined
      })
    this.#last = last
    return turn
  }

  async #transaction<T>(work: (within: Queries) => Promise<T>): Promise<T> {
    await whenFree(() => this.#writer.exec('BEGIN IMMEDIATE'))
    const committed: (() => void)[] = []
    try {
      const result = await work(this.#within(committed))
      this.#writer.exec('COMMIT')
      for (const task of committed) task()
      return result
    } catch (error) {
      this.#writer.rollBack()
      throw error
    }
  }

  #within(committed: (() => void)[]): Queries {
    const within: Queries = {
      rows: async (sql, ...values) => this.#writer.rows(sql, values),
      change: async (sql, ...values) => this.#writer.change(sql, values),
      transaction: (work) => work(within),
      afterCommit: (task) => void committed.push(task),
    }
    return within
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

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** SQLite itself has rolled back after a full disk. A ROLLBACK that fails must not hide the error that it is for. */
  rollBack(): void {
    if (!this.#database.isTransaction) return
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // The next BEGIN says that a transaction is open.
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

/** Tries again while another connection holds the write lock. */
async function whenFree<T>(task: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_MS
  for (;;) {
    try {
      return task()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
    }
    await pause(BUSY_PAUSE_MS)
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
