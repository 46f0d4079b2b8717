/**
 * SQL leases: which PDP is carrying out a multi-step change. Owns the table `leases`.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts'
import { LEASE_MS, LeaseHeld, type Leases, type PendingKind } from '../ports/leases.ts'
import { firstRow, type Queries } from './sql.ts'

/** Creates the leases on a connection, or within a transaction. */
export type LeasesIn = (sql: Queries) => Leases

export class SqlLeases implements Leases {
  readonly #sql: Queries
  readonly #owner: string
  readonly #clock: Clock

  /** @param owner - Id of this PDP; stable across restarts. */
  constructor(sql: Queries, owner: string, clock: Clock) {
    this.#sql = sql
    this.#owner = owner
    this.#clock = clock
  }

  async take(kind: PendingKind, id: string): Promise<boolean> {
    const now = this.#clock()
    const taken = await this.#sql.change(
      `INSERT INTO leases (kind, id, owner, lease_until) VALUES ($1, $2, $3, $4)
       ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
       WHERE leases.owner = excluded.owner OR leases.lease_until <= $5`,
      ...[kind, id, this.#owner, now + LEASE_MS, now],
    )
    return taken === 1
  }

  async require(kind: PendingKind, id: string): Promise<void> {
    if (!(await this.take(kind, id))) throw new LeaseHeld(kind, id)
  }

  async release(kind: PendingKind, id: string): Promise<void> {
    const sql = 'DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner = $3'
    if ((await this.#sql.change(sql, kind, id, this.#owner)) !== 1) throw new LeaseHeld(kind, id)
  }

  async hasOrphans(): Promise<boolean> {
    const sql = 'SELECT 1 FROM leases WHERE owner <> $1 AND lease_until <= $2 LIMIT 1'
    return (await firstRow(this.#sql, sql, this.#owner, this.#clock())) !== undefined
  }
}
