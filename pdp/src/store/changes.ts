/**
 * Writes to the relationship store whose outcome may still be open, in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis } from '@mandate/protocol'
import type { ChangeJournal, OpenChange } from '../ports/stores.ts'
import { text } from './rows.ts'
import { Statements } from './statements.ts'

export class SqliteChangeJournal implements ChangeJournal {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async begin({ id, at, keys }: OpenChange): Promise<void> {
    this.#sql.run('INSERT INTO changes (id, at, keys) VALUES (?, ?, ?)', id, at, JSON.stringify(keys))
  }

  async decided(id: string, at: EpochMillis): Promise<void> {
    this.#sql.run(
      `INSERT INTO changes (id, at, keys, decided) VALUES (?, ?, '[]', 1)
       ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, decided = 1`,
      id,
      at,
    )
  }

  async undecided(): Promise<readonly OpenChange[]> {
    const rows = this.#sql.all('SELECT id, at, keys FROM changes WHERE decided = 0 ORDER BY id')
    return rows.map((row) => ({
      id: text(row['id']),
      at: Number(row['at']),
      keys: JSON.parse(text(row['keys'])) as OpenChange['keys'],
    }))
  }

  async decidedBefore(before: EpochMillis, limit: number): Promise<readonly string[]> {
    const sql = `SELECT id FROM changes WHERE decided = 1 AND at < ? AND id NOT IN (SELECT id FROM fact_changes)
      ORDER BY id LIMIT ?`
    const rows = this.#sql.all(sql, before, limit)
    return rows.map((row) => text(row['id']))
  }

  async forget(ids: readonly string[]): Promise<void> {
    this.#sql.run('DELETE FROM changes WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
  }
}
