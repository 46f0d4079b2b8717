/**
 * API keys, in SQLite: of each its hash.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { KeptKey, KeyRecord, Keys } from '../ports/stores.ts'
import { text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

export class SqliteKeys implements Keys {
  readonly #sql: Statements
  /** Revoked here, on the disk or not yet: a full disk keeps no key alive. */
  readonly #revoked = new Map<string, EpochMillis>()

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async add({ id, name, types, createdAt, createdBy, expiresAt }: KeyRecord, hash: Uint8Array): Promise<void> {
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

  async revoke(id: string, at: EpochMillis): Promise<void> {
    if (!this.#revoked.has(id)) this.#revoked.set(id, at)
    this.#sql.run('UPDATE keys SET revoked_at = ?, settled = 0 WHERE id = ? AND revoked_at IS NULL', at, id)
  }

  async complete(id: string): Promise<void> {
    this.#sql.run('UPDATE keys SET settled = 1 WHERE id = ?', id)
  }

  async pending(): Promise<readonly KeyRecord[]> {
    return this.#sql.all('SELECT * FROM keys WHERE settled = 0').map((row) => this.#keyOf(row))
  }

  async byId(id: string): Promise<KeptKey | undefined> {
    const row = this.#sql.get('SELECT * FROM keys WHERE id = ?', id)
    const hash = row?.['hash']
    return row && hash instanceof Uint8Array ? { record: this.#keyOf(row), hash } : undefined
  }

  async all(): Promise<readonly KeyRecord[]> {
    return this.#sql.all('SELECT * FROM keys ORDER BY id DESC LIMIT 1000').map((row) => this.#keyOf(row))
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
