/**
 * API keys, in SQLite: of each its hash.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { KeptKey, KeyRecord, Keys } from '../remembered.ts'
import { text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

export class SqliteKeys implements Keys {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  add({ id, name, types, createdAt, createdBy, expiresAt }: KeyRecord, hash: Uint8Array): void {
    this.#sql.run(
      'INSERT INTO keys (id, name, types, hash, created_at, created_by, expires_at, settled) VALUES (?, ?, ?, ?, ?, ?, ?, 1)',
      id,
      name,
      JSON.stringify(types),
      hash,
      createdAt,
      createdBy,
      expiresAt,
    )
  }

  revoke(id: string, at: EpochMillis): void {
    this.#sql.run('UPDATE keys SET revoked_at = ?, settled = 0 WHERE id = ? AND revoked_at IS NULL', at, id)
  }

  settle(id: string): void {
    this.#sql.run('UPDATE keys SET settled = 1 WHERE id = ?', id)
  }

  unsettled(): readonly KeyRecord[] {
    return this.#sql.all('SELECT * FROM keys WHERE settled = 0').map(keyOf)
  }

  byId(id: string): KeptKey | undefined {
    const row = this.#sql.get('SELECT * FROM keys WHERE id = ?', id)
    const hash = row?.['hash']
    return row && hash instanceof Uint8Array ? { record: keyOf(row), hash } : undefined
  }

  all(): readonly KeyRecord[] {
    return this.#sql.all('SELECT * FROM keys ORDER BY id DESC LIMIT 1000').map(keyOf)
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
