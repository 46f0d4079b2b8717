/**
 * Facts as remembered, in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { type ResourceRef, splitRef } from '@mandate/protocol'
import { type Fact, type Facts, factKey, isAboutEverybody } from '../ports/facts.ts'
import { refOf, text } from './rows.ts'
import { Statements } from './statements.ts'

export class SqliteFacts implements Facts {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async change(put: readonly Fact[], drop: readonly Fact[]): Promise<void> {
    this.#sql.atomically(() => {
      for (const fact of [...drop, ...put]) {
        this.#sql.run('DELETE FROM facts WHERE key = ?', factKey(fact))
        this.#sql.run('DELETE FROM fact_entities WHERE key = ?', factKey(fact))
      }
      for (const fact of put) this.#insert(fact)
    })
  }

  #insert(fact: Fact): void {
    const key = factKey(fact)
    this.#sql.run('INSERT INTO facts (key, body) VALUES (?, ?)', key, JSON.stringify(fact))
    for (const ref of entitiesOf(fact))
      this.#sql.run(
        'INSERT OR IGNORE INTO fact_entities (key, domain, type, ref) VALUES (?, ?, ?, ?)',
        key,
        fact.domain,
        splitRef(ref).type,
        ref,
      )
  }

  async has(fact: Fact): Promise<boolean> {
    return (
      this.#sql.get('SELECT 1 FROM facts WHERE key = ? AND body = ?', factKey(fact), JSON.stringify(fact)) !== undefined
    )
  }

  async entities(domain: string, type: string): Promise<readonly ResourceRef[]> {
    return this.#sql
      .all('SELECT DISTINCT ref FROM fact_entities WHERE domain = ? AND type = ?', domain, type)
      .map(refOf)
  }

  async about(refs: readonly ResourceRef[]): Promise<readonly Fact[]> {
    const sql =
      'SELECT DISTINCT body FROM facts JOIN fact_entities USING (key) WHERE ref IN (SELECT value FROM json_each(?)) ORDER BY key'
    return this.#sql.all(sql, JSON.stringify(refs)).map((row) => JSON.parse(text(row['body'])) as Fact)
  }
}

/** Everybody of a type is nobody in particular. */
function entitiesOf(fact: Fact): readonly ResourceRef[] {
  if ('of' in fact) return [fact.of]
  return isAboutEverybody(fact) ? [fact.resource] : [fact.subject, fact.resource]
}
