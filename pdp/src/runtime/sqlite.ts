/**
 * Transactions on SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'

/** Runs `task` in one transaction. Must not be nested. */
export function atomically<T>(database: DatabaseSync, task: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = task()
    database.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** After a full disk SQLite has rolled back by itself. An error of ROLLBACK must not hide the error that caused it. */
function rollBack(database: DatabaseSync): void {
  if (!database.isTransaction) return
  try {
    database.exec('ROLLBACK')
  } catch {
    // If a transaction is still open, the next BEGIN fails and says so.
  }
}
