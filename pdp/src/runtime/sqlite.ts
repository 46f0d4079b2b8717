/**
 * Transactions on SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'

/** All of it, or nothing. Not to be nested. */
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

/** After a full disk SQLite has rolled back by itself. A ROLLBACK that fails must not hide what it is for. */
function rollBack(database: DatabaseSync): void {
  if (!database.isTransaction) return
  try {
    database.exec('ROLLBACK')
  } catch {
    // The next BEGIN says that a transaction is open.
  }
}
