/**
 * Leases of several PDPs on PostgreSQL. Times are by the database's clock. The lease of a PDP that is not running, because its session lock is free, can
 * be taken at once.
 *
 * @module
 */
import { LEASE_MS, LeaseHeld, type Leases, type PendingKind } from '../ports/leases.ts'
import { lockId } from './advisory-lock.ts'
import { firstRow, type Queries } from './sql.ts'

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
/** Locks of a transaction: the owner cannot start before it ends. */
const isGone = (owner: string): string => `pg_try_advisory_xact_lock_shared(${lockId('origin', owner)})`

export class PostgresLeases implements Leases {
  readonly #sql: Queries
  readonly #origin: string

  /** @param origin - The log origin of this PDP, whose session lock it holds. */
  constructor(sql: Queries, origin: string) {
    this.#sql = sql
    this.#origin = origin
  }

  async take(kind: PendingKind, id: string): Promise<boolean> {
    const taken = await this.#sql.change(
      `INSERT INTO leases (kind, id, owner, lease_until) VALUES ($1, $2, $3, ${NOW} + ${LEASE_MS})
       ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
       WHERE CASE WHEN leases.owner = excluded.owner OR leases.lease_until <= ${NOW} THEN true ELSE ${isGone('leases.owner')} END`,
      ...[kind, id, this.#origin],
    )
    return taken === 1
  }

  async require(kind: PendingKind, id: string): Promise<void> {
    if (!(await this.take(kind, id))) throw new LeaseHeld(kind, id)
  }

  async release(kind: PendingKind, id: string): Promise<void> {
    const sql = 'DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner = $3'
    if ((await this.#sql.change(sql, kind, id, this.#origin)) !== 1) throw new LeaseHeld(kind, id)
  }

  async hasOrphans(): Promise<boolean> {
    // Owners are few, and asking about each takes a lock for an instant.
    const others = `SELECT owner, min(lease_until) <= ${NOW} AS is_over FROM leases WHERE owner <> $1 GROUP BY owner`
    const sql = `SELECT 1 FROM (${others}) AS owners WHERE CASE WHEN is_over THEN true ELSE ${isGone('owner')} END LIMIT 1`
    return (await firstRow(this.#sql, sql, this.#origin)) !== undefined
  }
}
