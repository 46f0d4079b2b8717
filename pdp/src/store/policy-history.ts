/**
 * Policies as they were loaded, in SQLite: what a rollback goes back to.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { PolicySources } from '../policy/pack.ts'
import type { KeptPolicy, PolicyHistory } from '../ports/stores.ts'
import { optional, text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

/** How many are kept beside the one in force. */
const KEPT = 100

export class SqlitePolicyHistory implements PolicyHistory {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async put({ version, sources, loadedAt }: KeptPolicy): Promise<void> {
    this.#sql.atomically(() => {
      this.#sql.run(
        'INSERT INTO policies (version, sources, loaded_at) VALUES (?, ?, ?) ON CONFLICT (version) DO UPDATE SET loaded_at = excluded.loaded_at',
        version,
        JSON.stringify(sources),
        loadedAt,
      )
      this.#sql.run(
        'DELETE FROM policies WHERE version NOT IN (SELECT version FROM policies ORDER BY loaded_at DESC, rowid DESC LIMIT ?)',
        KEPT,
      )
    })
  }

  async byVersion(version: string): Promise<KeptPolicy | undefined> {
    const row = this.#sql.get('SELECT * FROM policies WHERE version = ?', version)
    return row && keptOf(row)
  }

  async all(): Promise<readonly KeptPolicy[]> {
    return this.#sql.all('SELECT * FROM policies ORDER BY loaded_at DESC, rowid DESC').map(keptOf)
  }

  async inForce(): Promise<{ readonly version: string; readonly insteadOf: string | undefined } | undefined> {
    const row = this.#sql.get('SELECT version, instead_of FROM policy_in_force')
    return row && { version: text(row['version']), insteadOf: optional(row['instead_of']) }
  }

  async setInForce(version: string, insteadOf: string | undefined): Promise<void> {
    this.#sql.run(
      'INSERT OR REPLACE INTO policy_in_force (one, version, instead_of) VALUES (1, ?, ?)',
      version,
      insteadOf ?? null,
    )
  }
}

const keptOf = (row: Row): KeptPolicy => ({
  version: text(row['version']),
  sources: JSON.parse(text(row['sources'])) as PolicySources,
  loadedAt: Number(row['loaded_at']),
})
