/**
 * Database port on SQLite, for one process; commits are durable (`synchronous = FULL`). There is one connection, so statements wait for a
 * transaction to end.
 *
 * @module
 */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Database, Queries } from './database.ts'
import { SQLITE_MIGRATIONS } from './sqlite-schema.ts'

/** Opens `trips.db` in a folder, and migrates it. Creates the folder with mode 0700 and the file with mode 0600. */
export function openSqlite(folder: string): Database {
  const db = openFile(folder)
  const queries = queriesOf(db)
  let last: Promise<unknown> = Promise.resolve()
  /** Runs work serially; a rejection does not affect the next. */
  const serialize = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    rows: (sql, ...values) => serialize(() => queries.rows(sql, ...values)),
    change: (sql, ...values) => serialize(() => queries.change(sql, ...values)),
    transaction: (work) => serialize(() => inTransaction(db, () => work(queries))),
    // Deleted rows must not remain in the write-ahead log.
    scrub: () => serialize(async () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
    close: () => serialize(async () => db.close()),
  }
}

function openFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'trips.db')
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true })
  chmodSync(path, 0o600)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;')
  // Overwrites deleted rows (rule E4).
  db.exec('PRAGMA secure_delete = ON;')
  migrate(db)
  return db
}

function queriesOf(db: DatabaseSync): Queries {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    const statement = db.prepare(sql.replaceAll(/\$(?=\d)/gu, '?'))
    statements.set(sql, statement)
    return statement
  }
  return {
    rows: async (sql, ...values) => prepared(sql).all(...values),
    change: async (sql, ...values) => Number(prepared(sql).run(...values).changes),
  }
}

function migrate(db: DatabaseSync): void {
  const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (done > SQLITE_MIGRATIONS.length) throw new Error('the database was written by a newer version')
  for (const [index, step] of SQLITE_MIGRATIONS.entries())
    if (index >= done) db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`)
}

async function inTransaction<T>(db: DatabaseSync, work: () => Promise<T>): Promise<T> {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = await work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // After a full disk SQLite has rolled back by itself: a ROLLBACK would fail and hide the cause.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
