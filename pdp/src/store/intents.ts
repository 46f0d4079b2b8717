/**
 * SQL store of unfinished transfers, grant replacements and fact changes. Owns the tables `transfers`, `replacements`, `fact_changes` and
 * `past_deeds`.
 *
 * @module
 */
import type { ResourceRef } from '@mandate/protocol'
import type { Located } from '../ports/grants.ts'
import type { PendingKind } from '../ports/leases.ts'
import { type FactChange, type Intents, type Replacement, replacementId, type Transfer } from '../ports/stores.ts'
import type { Announcer } from './announcer.ts'
import type { LeasesIn } from './leases.ts'
import { factChangeName } from './pending-changes.ts'
import { grantIn, type StoredGrant, storedGrant } from './rows.ts'
import { firstRow, type Queries, type Row, type SqlValue, text } from './sql.ts'

export class SqlIntents implements Intents {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #announcer: Announcer

  constructor(sql: Queries, leases: LeasesIn, announcer: Announcer) {
    this.#sql = sql
    this.#leases = leases
    this.#announcer = announcer
  }

  async putTransfer({ from, to, at, recorded }: Transfer): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('transfer', to.resource)
      await sql.change(
        `INSERT INTO transfers (resource, came_from, goes_to, at, recorded) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (resource) DO UPDATE SET came_from = excluded.came_from, goes_to = excluded.goes_to,
           at = excluded.at, recorded = excluded.recorded`,
        ...[to.resource, JSON.stringify(from), JSON.stringify(to), at, recorded ? 1 : 0],
      )
    })
  }

  async transferOf(resource: ResourceRef): Promise<Transfer | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM transfers WHERE resource = $1', resource)
    return row && transferIn(row)
  }

  async transfers(): Promise<readonly Transfer[]> {
    return (await this.#sql.rows('SELECT * FROM transfers ORDER BY at')).map(transferIn)
  }

  async dropTransfer(resource: ResourceRef): Promise<void> {
    await this.#end('transfer', resource, 'DELETE FROM transfers WHERE resource = $1', resource)
  }

  async completeTransfer({ from, to }: Transfer): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change('INSERT INTO past_deeds (deed) VALUES ($1) ON CONFLICT DO NOTHING', from.deed)
      await new SqlIntents(sql, this.#leases, this.#announcer).dropTransfer(to.resource)
    })
  }

  async isPast(deed: string): Promise<boolean> {
    return (await firstRow(this.#sql, 'SELECT 1 FROM past_deeds WHERE deed = $1', deed)) !== undefined
  }

  async putReplacement(replacement: Replacement): Promise<void> {
    const id = replacementId(replacement)
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('replacement', id)
      await sql.change('INSERT INTO replacements (id, plan) VALUES ($1, $2)', id, storedReplacement(replacement))
    })
  }

  async replacements(): Promise<readonly Replacement[]> {
    const rows = await this.#sql.rows('SELECT plan FROM replacements ORDER BY id')
    return rows.map((row) => replacementIn(text(row['plan'])))
  }

  async dropReplacement(replacement: Replacement): Promise<void> {
    const id = replacementId(replacement)
    await this.#end('replacement', id, 'DELETE FROM replacements WHERE id = $1', id)
  }

  async putFactChange(change: FactChange): Promise<void> {
    const { id, keys } = change.plan
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('facts', id)
      await sql.change('INSERT INTO fact_changes (id, body) VALUES ($1, $2)', id, JSON.stringify(change))
      // A change may take several Writes: its tuples are pending from before the first to after the last, or until all are undone.
      await this.#announcer.announce(sql, { kind: 'open', change: factChangeName(id), keys })
    })
  }

  async factChanges(): Promise<readonly FactChange[]> {
    const rows = await this.#sql.rows('SELECT body FROM fact_changes ORDER BY id')
    return rows.map((row) => JSON.parse(text(row['body'])) as FactChange)
  }

  async dropFactChange({ plan }: FactChange): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('facts', plan.id)
      await sql.change('DELETE FROM fact_changes WHERE id = $1', plan.id)
      await this.#announcer.announce(sql, { kind: 'close', change: factChangeName(plan.id) })
    })
  }

  #end(kind: PendingKind, id: string, deletion: string, value: SqlValue): Promise<void> {
    return this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release(kind, id)
      await sql.change(deletion, value)
    })
  }
}

const storedReplacement = (replacement: Replacement): string =>
  JSON.stringify({
    ...replacement,
    exchanged: replacement.exchanged.map((one) => ({ ...one, from: storedGrant(one.from), to: storedGrant(one.to) })),
  })

function replacementIn(plan: string): Replacement {
  const stored = JSON.parse(plan) as Omit<Replacement, 'exchanged'> & {
    readonly exchanged: readonly { readonly from: StoredGrant; readonly to: StoredGrant }[]
  }
  return { ...stored, exchanged: stored.exchanged.map(({ from, to }) => ({ from: grantIn(from), to: grantIn(to) })) }
}

const transferIn = (row: Row): Transfer => ({
  from: JSON.parse(text(row['came_from'])) as Located,
  to: JSON.parse(text(row['goes_to'])) as Located,
  at: Number(row['at']),
  recorded: Number(row['recorded']) === 1,
})
