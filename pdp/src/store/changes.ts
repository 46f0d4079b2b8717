/**
 * SQL journal of writes to the relationship store whose outcome may still be unknown, announced in the invalidation log. Owns the table `changes`.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import { LeaseHeld } from '../ports/leases.ts'
import type { ChangeJournal, OpenChange } from '../ports/stores.ts'
import type { Announcer } from './announcer.ts'
import type { LeasesIn } from './leases.ts'
import type { SharedLog } from './shared-log.ts'
import { firstRow, inList, type Queries, type Row, text } from './sql.ts'

export interface ChangeJournalOptions {
  readonly leases: LeasesIn
  readonly announcer: Announcer
  /** Reads the ids of the fact changes that are not finished; `decidedBefore` leaves them out. */
  readonly factChangeIds: () => Promise<readonly string[]>
  /** Begins and ends changes in one statement each. @default a transaction */
  readonly log?: SharedLog | undefined
}

export class SqlChangeJournal implements ChangeJournal {
  readonly isShared: boolean
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #announcer: Announcer
  readonly #factChangeIds: () => Promise<readonly string[]>
  readonly #log: SharedLog | undefined

  constructor(sql: Queries, { leases, announcer, factChangeIds, log }: ChangeJournalOptions) {
    this.#log = log
    this.isShared = announcer.isShared
    this.#sql = sql
    this.#leases = leases
    this.#announcer = announcer
    this.#factChangeIds = factChangeIds
  }

  async begin(change: OpenChange): Promise<void> {
    const { id, at, keys } = change
    if (this.#log) {
      if (await this.#log.begin(change, this.#leases(this.#sql))) return
      throw new LeaseHeld('write', id)
    }
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('write', id)
      await sql.change('INSERT INTO changes (id, at, keys) VALUES ($1, $2, $3)', id, at, JSON.stringify(keys))
      await this.#announcer.announce(sql, { kind: 'open', change: id, keys })
    })
  }

  beginUnrecorded({ id, keys }: OpenChange): void {
    this.#announcer.announceUncommitted({ kind: 'open', change: id, keys })
  }

  async decided(id: string, at: EpochMillis): Promise<void> {
    if (this.#log) return this.#log.decided(id, at, this.#leases(this.#sql))
    const close = { kind: 'close', change: id } as const
    try {
      await this.#sql.transaction(async (sql) => {
        await sql.change(
          `INSERT INTO changes (id, at, keys, decided) VALUES ($1, $2, '[]', 1)
           ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, decided = 1`,
          ...[id, at],
        )
        // Releases the lease if this PDP holds it or can take it. Where another PDP holds it, the outcome is recorded all the same.
        if (await this.#leases(sql).take('write', id)) await this.#leases(sql).release('write', id)
        await this.#announcer.announce(sql, close)
      })
    } catch (error) {
      if (!this.isShared) this.#announcer.announceUncommitted(close)
      throw error
    }
  }

  async takeUndecided(): Promise<readonly OpenChange[]> {
    const rows = await this.#sql.rows('SELECT id, at, keys FROM changes WHERE decided = 0 ORDER BY id')
    const taken: OpenChange[] = []
    for (const row of rows) {
      const change = openChangeOf(row)
      // A look first: taking waits for the transactions of all PDPs.
      if (await this.#leases(this.#sql).isHeldByAnother('write', change.id)) continue
      if (await this.#take(change.id)) taken.push(change)
    }
    return taken
  }

  async takeOrphans(): Promise<readonly OpenChange[]> {
    const taken: OpenChange[] = []
    for (const { kind, id } of await this.#leases(this.#sql).orphans()) {
      const sql = 'SELECT id, at, keys FROM changes WHERE id = $1 AND decided = 0'
      const row = kind === 'write' ? await firstRow(this.#sql, sql, id) : undefined
      if (row && (await this.#take(id))) taken.push(openChangeOf(row))
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
