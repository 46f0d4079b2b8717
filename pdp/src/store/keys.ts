/**
 * SQL store of API keys. Stores only their hashes. Owns the table `keys`.
 *
 * @module
 */
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { KeptKey, KeyRecord, Keys } from '../ports/stores.ts'
import { type Announcer, note } from './announcer.ts'
import type { LeasesIn } from './leases.ts'
import { bytes, firstRow, type Queries, type Row, text } from './sql.ts'

/** Time of revocation by key id. In memory as well as in the database of one PDP: a revocation takes effect even when the disk is full. */
export type RevokedKeys = Map<string, EpochMillis>

export class SqlKeys implements Keys {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #revoked: RevokedKeys
  readonly #announcer: Announcer

  constructor(sql: Queries, leases: LeasesIn, revoked: RevokedKeys, announcer: Announcer) {
    this.#sql = sql
    this.#leases = leases
    this.#revoked = revoked
    this.#announcer = announcer
  }

  async add({ id, name, types, createdAt, createdBy, expiresAt }: KeyRecord, hash: Uint8Array): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO keys (id, name, types, hash, created_at, created_by, expires_at, settled)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`,
        ...[id, name, JSON.stringify(types), hash, createdAt, createdBy, expiresAt],
      )
      await this.#announcer.announce(sql, note('key', { id }))
    })
  }

  async revoke(id: string, at: EpochMillis): Promise<void> {
    // Of a shared database a revocation that cannot be stored is refused: other PDPs would not know of it.
    if (!this.#announcer.isShared) {
      if (!this.#revoked.has(id)) this.#revoked.set(id, at)
      // Drops the cached row at once: it must not outlive a commit that fails.
      this.#announcer.announceUncommitted(note('key', { id }))
    }
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('key', id)
      await sql.change('UPDATE keys SET revoked_at = $1, settled = 0 WHERE id = $2 AND revoked_at IS NULL', at, id)
      await this.#announcer.announce(sql, note('key', { id }))
    })
  }

  async complete(id: string): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('key', id)
      await sql.change('UPDATE keys SET settled = 1 WHERE id = $1', id)
    })
  }

  async pending(): Promise<readonly KeyRecord[]> {
    const rows = await this.#sql.rows('SELECT * FROM keys WHERE settled = 0')
    return rows.map((row) => this.#keyOf(row))
  }

  async byId(id: string): Promise<KeptKey | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM keys WHERE id = $1', id)
    return row && { record: this.#keyOf(row), hash: bytes(row['hash']) }
  }

  async all(): Promise<readonly KeyRecord[]> {
    const rows = await this.#sql.rows('SELECT * FROM keys ORDER BY id DESC LIMIT 1000')
    return rows.map((row) => this.#keyOf(row))
  }

  #keyOf(row: Row): KeyRecord {
    const key = keyOf(row)
    return { ...key, revokedAt: key.revokedAt ?? this.#revoked.get(key.id) }
  }
}

const keyOf = (row: Row): KeyRecord => ({
  id: text(row['id']),
  name: text(row['name']),
  types: JSON.parse(text(row['types'])) as readonly string[],
  createdAt: Number(row['created_at']),
  createdBy: text(row['created_by']) as PartyRef,
  expiresAt: Number(row['expires_at']),
  revokedAt: row['revoked_at'] === null ? undefined : Number(row['revoked_at']),
})
