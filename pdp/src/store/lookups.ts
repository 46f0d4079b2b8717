/**
 * SQL store of look-ups from a person to their pseudonym. It holds no `sub`. Owns the table `lookups`.
 *
 * @module
 */
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { LookupRecord, Lookups } from '../ports/lookups.ts'
import { firstRow, type Queries, type Row, text } from './sql.ts'

export class SqlLookups implements Lookups {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  async add({ id, caseNumber, person, askedBy, askedAt }: LookupRecord): Promise<void> {
    await this.#sql.change(
      'INSERT INTO lookups (id, case_number, person, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)',
      ...[id, caseNumber, person, askedBy, askedAt],
    )
  }

  async byId(id: string): Promise<LookupRecord | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM lookups WHERE id = $1', id)
    return row && lookupOf(row)
  }

  async askedAfter(at: EpochMillis): Promise<readonly LookupRecord[]> {
    const sql = 'SELECT * FROM lookups WHERE asked_at > $1 ORDER BY id DESC LIMIT 1000'
    return (await this.#sql.rows(sql, at)).map(lookupOf)
  }

  async approve(id: string, by: PartyRef): Promise<boolean> {
    const sql = 'UPDATE lookups SET approved_by = $1 WHERE id = $2 AND approved_by IS NULL'
    return (await this.#sql.change(sql, by, id)) === 1
  }

  async dropUntil(at: EpochMillis): Promise<void> {
    await this.#sql.change('DELETE FROM lookups WHERE asked_at <= $1', at)
  }

  async dropOf(person: PartyRef): Promise<void> {
    await this.#sql.change('DELETE FROM lookups WHERE person = $1 OR asked_by = $1 OR approved_by = $1', person)
  }
}

function lookupOf(row: Row): LookupRecord {
  const approvedBy = row['approved_by']
  return {
    id: text(row['id']),
    caseNumber: text(row['case_number']),
    person: text(row['person']) as PartyRef,
    askedBy: text(row['asked_by']) as PartyRef,
    askedAt: Number(row['asked_at']),
    approvedBy: approvedBy === null ? undefined : (text(approvedBy) as PartyRef),
  }
}
