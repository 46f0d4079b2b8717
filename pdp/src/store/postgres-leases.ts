/**
 * Leases of several PDPs on PostgreSQL. Times are by the database's clock. The lease of a PDP that is not running, because its session lock is free, can
 * be taken at once.
 *
 * @module
 */
import { LEASE_MS, LeaseHeld, type Orphan, type PendingKind } from '../ports/leases.ts'
import { lockId } from './advisory-lock.ts'
import { MOST_ORPHANS, orphanIn, type SqlStatement, type StoreLeases } from './leases.ts'
import { firstRow, type Queries } from './sql.ts'

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
/** The lock lasts as long as the transaction: the owner cannot start before it ends. */
const IS_ORPHAN = `CASE WHEN leases.lease_until <= ${NOW} THEN true
  ELSE pg_try_advisory_xact_lock_shared(${lockId('origin', 'leases.owner')}) END`
/** Whether a lease is `by`'s, or free. */
const mayTake = (by: string): string => `CASE WHEN leases.owner = ${by} THEN true ELSE ${IS_ORPHAN} END`

export class PostgresLeases implements StoreLeases {
  readonly #sql: Queries
  readonly #origin: string
  readonly #sessions: () => readonly string[]

  /**
   * @param origin - The log origin of this PDP, whose session lock it holds.
   * @param sessions - Ids of the connections that hold the locks of the caller: when one of them is lost, no lease can be taken, not even by a statement
   * that is not part of a transaction.
   */
  constructor(sql: Queries, origin: string, sessions: () => readonly string[] = () => []) {
    this.#sql = sql
    this.#origin = origin
    this.#sessions = sessions
  }

  async take(kind: PendingKind, id: string): Promise<boolean> {
    const { sql, values } = this.taking(kind, id, 1)
    return (await this.#sql.change(sql, ...values)) === 1
  }

  taking(kind: PendingKind, id: string, first: number): SqlStatement {
    return {
      sql: `INSERT INTO leases (kind, id, owner, lease_until)
       SELECT $${first}::text, $${first + 1}::text, $${first + 2}::text, ${NOW} + ${LEASE_MS}
       WHERE NOT EXISTS (SELECT FROM json_array_elements_text($${first + 3}::json) AS held (id)
         WHERE pg_try_advisory_xact_lock_shared(${lockId('session', 'held.id')}))
       ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
       WHERE ${mayTake('excluded.owner')}`,
      values: [kind, id, this.#origin, JSON.stringify(this.#sessions())],
    }
  }

  dropping(kind: PendingKind, id: string, first: number): SqlStatement {
    return {
      sql: `DELETE FROM leases WHERE kind = $${first} AND id = $${first + 1} AND ${mayTake(`$${first + 2}`)}`,
      values: [kind, id, this.#origin],
    }
  }

  async require(kind: PendingKind, id: string): Promise<void> {
    if (!(await this.take(kind, id))) throw new LeaseHeld(kind, id)
  }

  async release(kind: PendingKind, id: string): Promise<void> {
    const sql = 'DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner = $3'
    if ((await this.#sql.change(sql, kind, id, this.#origin)) !== 1) throw new LeaseHeld(kind, id)
  }

  async isHeldByAnother(kind: PendingKind, id: string): Promise<boolean> {
    const sql = `SELECT 1 FROM leases WHERE kind = $1 AND id = $2 AND owner <> $3 AND NOT ${IS_ORPHAN}`
    return (await firstRow(this.#sql, sql, kind, id, this.#origin)) !== undefined
  }

  async orphans(): Promise<readonly Orphan[]> {
    const sql = `SELECT kind, id FROM leases WHERE owner <> $1 AND ${IS_ORPHAN} LIMIT ${MOST_ORPHANS}`
    return (await this.#sql.rows(sql, this.#origin)).map(orphanIn)
  }

  async dropOrphans(orphans: readonly Orphan[]): Promise<void> {
    const sql = `DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner <> $3 AND ${IS_ORPHAN}`
    for (const { kind, id } of orphans) await this.#sql.change(sql, kind, id, this.#origin)
  }
}
