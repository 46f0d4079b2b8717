/**
 * Reads the tuples of a PDP with `ENGINE=embedded` from its database, which a running PDP may have open. Never writes to it.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@mandate/service'
import type { TupleRow } from '../ports/tuple-rows.ts'
import { text } from './sql.ts'

/**
 * All tuples of one state of the database, in the order in which they were written.
 *
 * @param path - The file `pdp.db`.
 * @throws ConfigError for a file that is no database of a PDP, or whose tuples are in another store.
 */
export function readEmbeddedTuples(path: string): readonly TupleRow[] {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
    const [moved] = database.prepare('SELECT place FROM tuples_moved').all()
    if (moved) throw new ConfigError(`${path}: its tuples were moved to ${text(moved['place'])}`)
    return database.prepare('SELECT object, relation, user, condition FROM tuples ORDER BY seq').all().map(tupleOf)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError(`${path}: no tuples can be read (${(cause as Error).message}): is it the database of a PDP?`)
  } finally {
    database?.close()
  }
}

const BUSY_MS = 2_000

function tupleOf(row: Readonly<Record<string, unknown>>): TupleRow {
  const [object, relation, user] = ['object', 'relation', 'user'].map((name) => String(row[name])) as [
    string,
    string,
    string,
  ]
  const condition = row['condition']
  return { object, relation, user, ...(typeof condition === 'string' ? { condition: JSON.parse(condition) } : {}) }
}
