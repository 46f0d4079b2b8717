/**
 * SQL store of the ids of security events that were carried out. Stores hashes, each until the event is too old to be accepted. Owns the table
 * `received_signals`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { EpochMillis } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { ReceivedSignals } from '../ports/signals.ts'
import { firstRow, type Queries } from './sql.ts'

export class SqlReceivedSignals implements ReceivedSignals {
  readonly #sql: Queries
  readonly #clock: Clock

  constructor(sql: Queries, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  async has(issuer: string, jti: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM received_signals WHERE hash = $1'
    return (await firstRow(this.#sql, sql, hashOf(issuer, jti))) !== undefined
  }

  async keep(issuer: string, jti: string, until: EpochMillis): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change('DELETE FROM received_signals WHERE until <= $1', this.#clock())
      await sql.change(
        'INSERT INTO received_signals (hash, until) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING',
        ...[hashOf(issuer, jti), until],
      )
    })
  }
}

/** Ids are unique per issuer (RFC 8417, section 2.2). */
const hashOf = (issuer: string, jti: string): string =>
  createHash('sha256')
    .update(JSON.stringify([issuer, jti]))
    .digest('base64url')
