/**
 * SQL store of loaded policy versions, for rollback. Owns the tables `policies` and `policy_in_force`.
 *
 * @module
 */
import type { PolicySources } from '../policy/pack.ts'
import type { KeptPolicy, PolicyHistory } from '../ports/stores.ts'
import { type Announcer, note } from './announcer.ts'
import { firstRow, optional, type Queries, type Row, text } from './sql.ts'

/** Number of versions kept; older ones are deleted. */
const KEPT = 100

export class SqlPolicyHistory implements PolicyHistory {
  readonly #sql: Queries
  readonly #announcer: Announcer

  constructor(sql: Queries, announcer: Announcer) {
    this.#sql = sql
    this.#announcer = announcer
  }

  async put({ version, sources, loadedAt }: KeptPolicy): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO policies (version, sources, loaded_at, seq)
         VALUES ($1, $2, $3, (SELECT coalesce(max(seq), 0) + 1 FROM policies))
         ON CONFLICT (version) DO UPDATE SET loaded_at = excluded.loaded_at, seq = excluded.seq`,
        ...[version, JSON.stringify(sources), loadedAt],
      )
      await sql.change(
        'DELETE FROM policies WHERE version NOT IN (SELECT version FROM policies ORDER BY seq DESC LIMIT $1)',
        KEPT,
      )
    })
  }

  async byVersion(version: string): Promise<KeptPolicy | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM policies WHERE version = $1', version)
    return row && keptOf(row)
  }

  async all(): Promise<readonly KeptPolicy[]> {
    return (await this.#sql.rows('SELECT * FROM policies ORDER BY seq DESC')).map(keptOf)
  }

  async inForce(): Promise<{ readonly version: string; readonly insteadOf: string | undefined } | undefined> {
    const row = await firstRow(this.#sql, 'SELECT version, instead_of FROM policy_in_force')
    return row && { version: text(row['version']), insteadOf: optional(row['instead_of']) }
  }

  async setInForce(version: string, insteadOf: string | undefined): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO policy_in_force (one, version, instead_of) VALUES (1, $1, $2)
         ON CONFLICT (one) DO UPDATE SET version = excluded.version, instead_of = excluded.instead_of`,
        ...[version, insteadOf ?? null],
      )
      await this.#announcer.announce(sql, note('policy', { version }))
    })
  }
}

const keptOf = (row: Row): KeptPolicy => ({
  version: text(row['version']),
  sources: JSON.parse(text(row['sources'])) as PolicySources,
  loadedAt: Number(row['loaded_at']),
})
