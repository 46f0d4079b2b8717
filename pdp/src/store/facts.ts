/**
 * SQL store of facts. Owns the tables `facts` and `fact_entities`.
 *
 * @module
 */
import { type ResourceRef, splitRef } from '@mandate/protocol'
import { type Fact, type Facts, factKey, isAboutEverybody } from '../ports/domain-facts.ts'
import { refOf } from './rows.ts'
import { firstRow, inList, type Queries, text } from './sql.ts'

export class SqlFacts implements Facts {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  async change(put: readonly Fact[], drop: readonly Fact[]): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      for (const fact of [...drop, ...put]) {
        await sql.change('DELETE FROM facts WHERE key = $1', factKey(fact))
        await sql.change('DELETE FROM fact_entities WHERE key = $1', factKey(fact))
      }
      for (const fact of put) await insert(sql, fact)
    })
  }

  async has(fact: Fact): Promise<boolean> {
    const sql = 'SELECT 1 FROM facts WHERE key = $1 AND body = $2'
    return (await firstRow(this.#sql, sql, factKey(fact), JSON.stringify(fact))) !== undefined
  }

  async entities(domain: string, type: string): Promise<readonly ResourceRef[]> {
    const sql = 'SELECT DISTINCT ref FROM fact_entities WHERE domain = $1 AND type = $2'
    return (await this.#sql.rows(sql, domain, type)).map(refOf)
  }

  async about(refs: readonly ResourceRef[]): Promise<readonly Fact[]> {
    const { places, values } = inList(refs, 1)
    const rows = await this.#sql.rows(
      `SELECT body FROM facts WHERE key IN (SELECT key FROM fact_entities WHERE ref IN (${places})) ORDER BY key`,
      ...values,
    )
    return rows.map((row) => JSON.parse(text(row['body'])) as Fact)
  }
}

async function insert(sql: Queries, fact: Fact): Promise<void> {
  const key = factKey(fact)
  await sql.change('INSERT INTO facts (key, body) VALUES ($1, $2)', key, JSON.stringify(fact))
  for (const ref of new Set(entitiesOf(fact)))
    await sql.change(
      'INSERT INTO fact_entities (key, domain, type, ref) VALUES ($1, $2, $3, $4)',
      ...[key, fact.domain, splitRef(ref).type, ref],
    )
}

/** Entities by which a fact can be found. A public fact (`user:*`) has no subject entity. */
function entitiesOf(fact: Fact): readonly ResourceRef[] {
  if ('of' in fact) return [fact.of]
  return isAboutEverybody(fact) ? [fact.resource] : [fact.subject, fact.resource]
}
