/**
 * SQL store of erasures of people, the erasure notices for services, and legal holds. Owns the tables `erasures`, `notices`,
 * `open_notices`, `holds`, `erasures_applied` and `erasures_applied_to`.
 *
 * @module
 */
import type { EpochMillis, ErasureNotice, PartyRef } from '@mandate/protocol'
import type { ErasuresApplied, HeldPerson, Hold, People, PersonErasure } from '../ports/stores.ts'
import type { VaultKeys } from './encryption.ts'
import type { LeasesIn } from './leases.ts'
import { decryptPerson, encryptPerson } from './person.ts'
import { bytes, firstRow, inList, type Queries, type Row, text } from './sql.ts'

export class SqlPeople implements People {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #keys: VaultKeys
  readonly #log: string

  /** @param log - Tells the decision logs of several PDPs apart: each has a position of its own. */
  constructor(sql: Queries, leases: LeasesIn, keys: VaultKeys, log: string) {
    this.#sql = sql
    this.#leases = leases
    this.#keys = keys
    this.#log = log
  }

  /** Without a position of this log, that of an older release, which had one for all: the hash of its entry tells whether it is of this log. */
  async erasuresApplied(): Promise<ErasuresApplied | undefined> {
    const row =
      (await firstRow(this.#sql, 'SELECT next, last FROM erasures_applied_to WHERE log = $1', this.#log)) ??
      (await firstRow(this.#sql, 'SELECT next, last FROM erasures_applied'))
    return row && { next: Number(row['next']), last: text(row['last']) }
  }

  async setErasuresApplied({ next, last }: ErasuresApplied): Promise<void> {
    await this.#sql.change(
      `INSERT INTO erasures_applied_to (log, next, last) VALUES ($1, $2, $3)
       ON CONFLICT (log) DO UPDATE SET next = excluded.next, last = excluded.last`,
      ...[this.#log, next, last],
    )
  }

  async putErasure({ id, person, by, at }: PersonErasure): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('erasure', person)
      await sql.change(
        `INSERT INTO erasures (id, person, asked_by, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET person = excluded.person, asked_by = excluded.asked_by, at = excluded.at`,
        ...[id, person, by, at],
      )
    })
  }

  async erasures(): Promise<readonly PersonErasure[]> {
    return (await this.#sql.rows('SELECT * FROM erasures ORDER BY id')).map(erasureOf)
  }

  async isErasing(person: PartyRef): Promise<boolean> {
    return (await firstRow(this.#sql, 'SELECT 1 FROM erasures WHERE person = $1', person)) !== undefined
  }

  async completeErasure(
    { id, person, at }: PersonErasure,
    encrypted: Uint8Array | undefined,
    services: readonly string[],
  ): Promise<void> {
    await this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('erasure', person)
      if (encrypted)
        for (const service of services)
          await sql.change(
            'INSERT INTO notices (id, service, sealed, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
            ...[id, service, encrypted, at],
          )
      await sql.change('DELETE FROM erasures WHERE person = $1', person)
    })
  }

  async notices(service: string, after: string, limit: number): Promise<readonly ErasureNotice[]> {
    const sql = 'SELECT * FROM notices WHERE service = $1 AND id > $2 ORDER BY id LIMIT $3'
    return (await this.#sql.rows(sql, service, after, limit)).map((row) => ({
      id: text(row['id']),
      ...decryptPerson(this.#keys, bytes(row['sealed'])),
      erased_at: new Date(Number(row['at'])).toISOString(),
    }))
  }

  async isTold(service: string, id: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM notices WHERE service = $1 AND id = $2'
    return (await firstRow(this.#sql, sql, service, id)) !== undefined
  }

  async waitingFor(id: string): Promise<readonly string[]> {
    const rows = await this.#sql.rows('SELECT service FROM notices WHERE id = $1 ORDER BY service', id)
    return rows.map(({ service }) => text(service))
  }

  async acknowledge(service: string, id: string): Promise<void> {
    await this.#sql.change('DELETE FROM notices WHERE service = $1 AND id = $2', service, id)
  }

  async dropNoticesExcept(services: readonly string[]): Promise<boolean> {
    const { places, values } = inList(services, 1)
    return (await this.#sql.change(`DELETE FROM notices WHERE service NOT IN (${places})`, ...values)) > 0
  }

  async isHeld(person: PartyRef): Promise<boolean> {
    return (await firstRow(this.#sql, 'SELECT 1 FROM holds WHERE person = $1', person)) !== undefined
  }

  async holds(): Promise<readonly HeldPerson[]> {
    const rows = await this.#sql.rows('SELECT person, set_by, at FROM holds ORDER BY at DESC, person')
    return rows.map(({ person, set_by, at }) => ({
      person: text(person) as PartyRef,
      by: text(set_by) as PartyRef,
      at: Number(at),
    }))
  }

  async setHold(person: PartyRef, hold: Hold | undefined): Promise<void> {
    if (hold)
      await this.#sql.change(
        'INSERT INTO holds (person, set_by, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        ...[person, hold.by, hold.at],
      )
    else await this.#sql.change('DELETE FROM holds WHERE person = $1', person)
  }
}

/**
 * Encrypts notices that an older release stored in plain text, and re-encrypts notices that are under an older key.
 *
 * @returns Whether a notice was rewritten.
 */
export async function rewriteNotices(sql: Queries, keys: VaultKeys): Promise<boolean> {
  const plain = await sql.rows('SELECT id, service, issuer, sub, at FROM open_notices')
  for (const row of plain)
    await insertNotice(sql, row, encryptPerson(keys, { issuer: text(row['issuer']), sub: text(row['sub']) }))
  await sql.change('DELETE FROM open_notices')
  const rows = await sql.rows('SELECT id, service, sealed FROM notices')
  const old = rows.filter((row) => !keys.isCurrent(bytes(row['sealed'])))
  for (const { id, service, sealed } of old)
    await sql.change(
      'UPDATE notices SET sealed = $1 WHERE id = $2 AND service = $3',
      ...[keys.encrypt(keys.decrypt(bytes(sealed))), text(id), text(service)],
    )
  return plain.length + old.length > 0
}

async function insertNotice(sql: Queries, { id, service, at }: Row, encrypted: Uint8Array): Promise<void> {
  const values: readonly [string, string, Uint8Array, EpochMillis] = [text(id), text(service), encrypted, Number(at)]
  await sql.change('INSERT INTO notices (id, service, sealed, at) VALUES ($1, $2, $3, $4)', ...values)
}

const erasureOf = (row: Row): PersonErasure => ({
  id: text(row['id']),
  person: text(row['person']) as PartyRef,
  by: text(row['asked_by']) as PartyRef,
  at: Number(row['at']),
})
