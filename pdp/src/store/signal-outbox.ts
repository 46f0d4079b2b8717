/**
 * SQL outbox of events about grants. Owns the tables `signal_recording`, `signal_causes` and `signal_deliveries`; rows of `signal_causes` come from triggers on
 * `grants`, `agents` and `personas`, while `signal_recording` has a row (ADR 0156).
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { GrantRecord } from '../ports/grants.ts'
import type { SignalCause, SignalDelivery, SignalOutbox, Undelivered } from '../ports/signal-outbox.ts'
import { grantOf } from './rows.ts'
import { firstRow, inList, optional, type Queries, type Row, text } from './sql.ts'

const TABLES = ['signal_recording', 'signal_causes', 'signal_deliveries']

export class SqlSignalOutbox implements SignalOutbox {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  async start(): Promise<boolean> {
    // Read first: it is called at every poll.
    if (await firstRow(this.#sql, 'SELECT 1 FROM signal_recording')) return false
    const added = await this.#sql.change('INSERT INTO signal_recording (one) VALUES (1) ON CONFLICT (one) DO NOTHING')
    return added === 1
  }

  async stop(): Promise<void> {
    if (!(await firstRow(this.#sql, 'SELECT 1 FROM signal_recording'))) return
    await this.#sql.transaction(async (sql) => {
      for (const table of TABLES) await sql.change(`DELETE FROM ${table}`)
    })
  }

  async causes(limit: number): Promise<readonly SignalCause[]> {
    const rows = await this.#sql.rows('SELECT kind, id, at FROM signal_causes ORDER BY at, kind, id LIMIT $1', limit)
    return rows.map(({ kind, id, at }) => ({ kind: text(kind) as SignalCause['kind'], id: text(id), at: Number(at) }))
  }

  replace(causes: readonly SignalCause[], deliveries: readonly SignalDelivery[]): Promise<void> {
    return this.#sql.transaction(async (sql) => {
      for (const { id, jti, receiver, grant, event, data, at, issuedAt } of deliveries)
        await sql.change(
          `INSERT INTO signal_deliveries (id, jti, receiver, grant_id, event, data, at, issued_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (jti) DO NOTHING`,
          ...[id, jti, receiver, grant ?? null, event, data, at, issuedAt],
        )
      for (const { kind, id, at } of causes)
        await sql.change('DELETE FROM signal_causes WHERE kind = $1 AND id = $2 AND at = $3', kind, id, at)
    })
  }

  async due(receiver: string, limit: number): Promise<readonly SignalDelivery[]> {
    const sql = 'SELECT * FROM signal_deliveries WHERE receiver = $1 ORDER BY id LIMIT $2'
    return (await this.#sql.rows(sql, receiver, limit)).map(deliveryOf)
  }

  async drop(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const { places, values } = inList(ids, 1)
    await this.#sql.change(`DELETE FROM signal_deliveries WHERE id IN (${places})`, ...values)
  }

  async dropBefore(issuedAt: EpochMillis): Promise<number> {
    const old = 'FROM signal_deliveries WHERE issued_at < $1'
    if (!(await firstRow(this.#sql, `SELECT 1 ${old}`, issuedAt))) return 0
    return this.#sql.change(`DELETE ${old}`, issuedAt)
  }

  async undelivered(): Promise<Undelivered> {
    const row = await firstRow(this.#sql, 'SELECT count(*) AS count, min(issued_at) AS oldest FROM signal_deliveries')
    const oldest = row?.['oldest']
    return { count: Number(row?.['count']), oldest: oldest === null ? undefined : Number(oldest) }
  }

  async liveBelow(parents: readonly string[], at: EpochMillis): Promise<readonly GrantRecord[]> {
    if (parents.length === 0) return []
    const { places, values } = inList(parents, 2)
    const rows = await this.#sql.rows(
      `SELECT * FROM grants WHERE parent IN (${places}) AND settled = 1 AND revoked_at IS NULL AND expires_at > $1 ORDER BY id`,
      ...[at, ...values],
    )
    return rows.map(grantOf)
  }
}

const deliveryOf = (row: Row): SignalDelivery => ({
  id: text(row['id']),
  jti: text(row['jti']),
  receiver: text(row['receiver']),
  grant: optional(row['grant_id']),
  event: text(row['event']),
  data: text(row['data']),
  at: Number(row['at']),
  issuedAt: Number(row['issued_at']),
})
