/**
 * SQL store of the authorization model id of each policy version, per relationship store. Owns the table `models`.
 *
 * @module
 */
import type { Models } from '../ports/register.ts'
import { firstRow, optional, type Queries, text } from './sql.ts'

export class SqlModels implements Models {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  readonly modelOf = async (storeId: string, policy: string): Promise<string | undefined> => {
    const sql = 'SELECT model_id FROM models WHERE store_id = $1 AND policy = $2'
    return optional((await firstRow(this.#sql, sql, storeId, policy))?.['model_id'])
  }

  readonly modelPlaces = async (): Promise<readonly string[]> =>
    (await this.#sql.rows('SELECT DISTINCT store_id FROM models ORDER BY store_id')).map((row) => text(row['store_id']))

  readonly rememberModel = async (storeId: string, policy: string, modelId: string): Promise<void> => {
    await this.#sql.change(
      `INSERT INTO models (store_id, policy, model_id) VALUES ($1, $2, $3)
       ON CONFLICT (store_id, policy) DO UPDATE SET model_id = excluded.model_id`,
      ...[storeId, policy, modelId],
    )
  }
}
