/**
 * SQL store of registered resources: the candidates of a search. Owns the table `resources`.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { Located, PersonaId } from '../ports/grants.ts'
import type { Directory } from '../ports/register.ts'
import { refOf } from './rows.ts'
import { firstRow, type Queries } from './sql.ts'

export class SqlDirectory implements Directory {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  readonly owned = async (owner: PartyRef, type: string, persona?: PersonaId): Promise<readonly ResourceRef[]> => {
    const sql = 'SELECT ref, persona FROM resources WHERE owner = $1 AND type = $2 AND parent IS NULL'
    const rows = await this.#sql.rows(sql, owner, type)
    return rows.filter((row) => persona === undefined || row['persona'] === persona).map(refOf)
  }

  readonly parts = async (parent: ResourceRef, type: string): Promise<readonly ResourceRef[]> =>
    (await this.#sql.rows('SELECT ref FROM resources WHERE parent = $1 AND type = $2', parent, type)).map(refOf)

  readonly since = async (resource: ResourceRef): Promise<string> =>
    String((await firstRow(this.#sql, 'SELECT since FROM resources WHERE ref = $1', resource))?.['since'] ?? '')

  readonly putResource = async ({ resource, owner, persona, ancestors }: Located, since = ''): Promise<void> => {
    await this.#sql.change(
      `INSERT INTO resources (ref, type, owner, persona, parent, since) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (ref) DO UPDATE SET type = excluded.type, owner = excluded.owner, persona = excluded.persona,
         parent = excluded.parent`,
      ...[resource, splitRef(resource).type, owner, persona, ancestors[0] ?? null, since],
    )
  }

  readonly dropResource = async (resource: ResourceRef): Promise<void> => {
    await this.#sql.change('DELETE FROM resources WHERE ref = $1', resource)
  }
}
