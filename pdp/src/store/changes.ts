/**
 * SQL journal of writes to the relationship store whose outcome may still be unknown. Owns the table `changes`.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { ChangeJournal, OpenChange } from '../ports/stores.ts'
import type { LeasesIn } from './leases.ts'
import { firstRow, inList, type Queries, type Row, text } from './sql.ts'

export class SqlChangeJournal implements ChangeJournal {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #factChangeIds: () => Promise<readonly string[]>

  /** @param factChangeIds - Reads the ids of the fact changes that are not finished; `decidedBefore` leaves them out. */
  constructor(sql: Queries, leases: LeasesIn, factChangeIds: () => Promise<readonly string[]>) {
    this.#sql = sql
    this.#leases = leases
    this.#factChangeIds = factChangeIds
  }

  async begin({ id, at, keys }: OpenChange): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('write', id)
      await sql.change('INSERT INTO changes (id, at, keys) VALUES ($1, $2, $3)', id, at, JSON.stringify(keys))
    })
  }

  async decided(id: string, at: EpochMillis): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO changes (id, at, keys, decided) VALUES ($1, $2, '[]', 1)
         ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, decided = 1`,
        ...[id, at],
      )
      // Releases the lease if this PDP holds it or can take it. Where another PDP holds it, the outcome is recorded all the same.
      if (await this.#leases(sql).take('write', id)) await this.#leases(sql).release('write', id)
    })
  }

  async takeUndecided(): Promise<readonly OpenChange[]> {
    const rows = await this.#sql.rows('SELECT id, at, keys FROM changes WHERE decided = 0 ORDER BY id')
    const taken: OpenChange[] = []
    for (const row of rows) {
      const change = openChangeOf(row)
      if (await this.#take(change.id)) taken.push(change)
    }
    return taken
  }

  /** @returns `false` also for a change that was decided since it was read: its lease would be left over. */
  #take(id: string): Promise<boolean> {
    return this.#sql.transaction(async (sql) => {
      const leases = this.#leases(sql)
      if (!(await leases.take('write', id))) return false
      const isUndecided = (await firstRow(sql, 'SELECT 1 FROM changes WHERE id = $1 AND decided = 0', id)) !== undefined
      if (!isUndecided) await leases.release('write', id)
      return isUndecided
    })
  }

  async decidedBefore(before: EpochMillis, limit: number): Promise<readonly string[]> {
    const { places, values } = inList(await this.#factChangeIds(), 3)
    const rows = await this.#sql.rows(
      `SELECT id FROM changes WHERE decided = 1 AND at < $1 AND id NOT IN (${places}) ORDER BY id LIMIT $2`,
      ...[before, limit, ...values],
    )
    return rows.map((row) => text(row['id']))
  }

  async forget(ids: readonly string[]): Promise<void> {
    const { places, values } = inList(ids, 1)
    await this.#sql.change(`DELETE FROM changes WHERE id IN (${places})`, ...values)
  }
}

const openChangeOf = (row: Row): OpenChange => ({
  id: text(row['id']),
  at: Number(row['at']),
  keys: JSON.parse(text(row['keys'])) as OpenChange['keys'],
})
