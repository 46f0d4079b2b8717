/**
 * Answers kept for whoever asks the same again, in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis } from '@mandate/protocol'
import type { Answers, KeptAnswer } from '../ports/stores.ts'
import { text } from './rows.ts'
import { Statements } from './statements.ts'

export class SqliteAnswers implements Answers {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async keep({ id, caller, request, sealed, at }: KeptAnswer, forget: EpochMillis): Promise<void> {
    this.#sql.run('DELETE FROM answers WHERE at <= ?', forget)
    this.#sql.run(
      'INSERT OR REPLACE INTO answers (id, caller, request, sealed, at) VALUES (?, ?, ?, ?, ?)',
      id,
      caller,
      request,
      sealed,
      at,
    )
  }

  async find(id: string, after: EpochMillis): Promise<KeptAnswer | undefined> {
    const row = this.#sql.get('SELECT * FROM answers WHERE id = ? AND at > ?', id, after)
    const sealed = row?.['sealed']
    if (!row || !(sealed instanceof Uint8Array)) return undefined
    return { id, caller: text(row['caller']), request: text(row['request']), sealed, at: Number(row['at']) }
  }
}
