/**
 * SQL leases: which PDP is carrying out a multi-step change. Owns the table `leases`.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts'
import { LEASE_MS, LeaseHeld, type Leases, type Orphan, type PendingKind } from '../ports/leases.ts'
import { firstRow, type Queries, type Row, type SqlValue, text } from './sql.ts'

/** Statements on leases, to be part of a larger statement. */
export interface SqlStatement {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

export interface StoreLeases extends Leases {
  /**
   * The statement of {@link Leases.take}.
   *
   * @param first - Number of its first parameter.
   */
  taking(kind: PendingKind, id: string, first: number): SqlStatement
  /** Deletes the lease if this PDP has it or can take it. */
  dropping(kind: PendingKind, id: string, first: number): SqlStatement
}

/** Creates the leases on a connection, or within a transaction. */
export type LeasesIn = (sql: Queries) => StoreLeases

/** Most orphans that are read at once. */
export const MOST_ORPHANS = 1_000
export const orphanIn = (row: Row): Orphan => ({ kind: text(row['kind']) as PendingKind, id: text(row['id']) })

export class SqlLeases implements StoreLeases {
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
    const { sql, values } = this.taking(kind, id, 1)
    return (await this.#sql.change(sql, ...values)) === 1
  }

  taking(kind: PendingKind, id: string, first: number): SqlStatement {
    const now = this.#clock()
    const [$kind, $id, $owner, $until, $now] = placesFrom(first)
    return {
      sql: `INSERT INTO leases (kind, id, owner, lease_until) VALUES (${$kind}, ${$id}, ${$owner}, ${$until})
       ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
       WHERE leases.owner = excluded.owner OR leases.lease_until <= ${$now}`,
      values: [kind, id, this.#owner, now + LEASE_MS, now],
    }
  }

  dropping(kind: PendingKind, id: string, first: number): SqlStatement {
    const [$kind, $id, $owner, $now] = placesFrom(first)
    return {
      sql: `DELETE FROM leases WHERE kind = ${$kind} AND id = ${$id} AND (owner = ${$owner} OR lease_until <= ${$now})`,
      values: [kind, id, this.#owner, this.#clock()],
    }
  }

  async require(kind: PendingKind, id: string): Promise<void> {
    if (!(await this.take(kind, id))) throw new LeaseHeld(kind, id)
  }

  async release(kind: PendingKind, id: string): Promise<void> {
    const sql = 'DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner = $3'
    if ((await this.#sql.change(sql, kind, id, this.#owner)) !== 1) throw new LeaseHeld(kind, id)
  }

  async isHeldByAnother(kind: PendingKind, id: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM leases WHERE kind = $1 AND id = $2 AND owner <> $3 AND lease_until > $4'
    return (await firstRow(this.#sql, sql, kind, id, this.#owner, this.#clock())) !== undefined
  }

  async orphans(): Promise<readonly Orphan[]> {
    const sql = `SELECT kind, id FROM leases WHERE owner <> $1 AND lease_until <= $2 LIMIT ${MOST_ORPHANS}`
    return (await this.#sql.rows(sql, this.#owner, this.#clock())).map(orphanIn)
  }

  async dropOrphans(orphans: readonly Orphan[]): Promise<void> {
    const sql = 'DELETE FROM leases WHERE kind = $1 AND id = $2 AND owner <> $3 AND lease_until <= $4'
    for (const { kind, id } of orphans) await this.#sql.change(sql, kind, id, this.#owner, this.#clock())
  }
}

/** The places of five parameters. */
const placesFrom = (first: number): readonly [string, string, string, string, string] => [
  `$${first}`,
  `$${first + 1}`,
  `$${first + 2}`,
  `$${first + 3}`,
  `$${first + 4}`,
]
