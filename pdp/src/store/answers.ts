/**
 * SQL store of responses kept for idempotent retries (`Idempotency-Key`). Owns the table `answers`.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Answers, KeptAnswer } from '../ports/stores.ts'
import { bytes, firstRow, type Queries, text } from './sql.ts'

export class SqlAnswers implements Answers {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  async keep({ id, caller, request, sealed, at }: KeptAnswer, forget: EpochMillis): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change('DELETE FROM answers WHERE at <= $1', forget)
      await sql.change(
        `INSERT INTO answers (id, caller, request, sealed, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET caller = excluded.caller, request = excluded.request, sealed = excluded.sealed, at = excluded.at`,
        ...[id, caller, request, sealed, at],
      )
    })
  }

  async find(id: string, after: EpochMillis): Promise<KeptAnswer | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM answers WHERE id = $1 AND at > $2', id, after)
    if (!row) return undefined
    const { caller, request, sealed, at } = row
    return { id, caller: text(caller), request: text(request), sealed: bytes(sealed), at: Number(at) }
  }

  async dropOf(caller: string): Promise<void> {
    await this.#sql.change('DELETE FROM answers WHERE caller = $1', caller)
  }
}
