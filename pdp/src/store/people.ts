/**
 * What becomes of people's data: erasures, the services' notices of them, legal holds. In SQLite, in the vault's own database, so that a row
 * of the vault goes and its notices come in one transaction.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { type ErasureNotice, type PartyRef, splitRef } from '@mandate/protocol'
import type { ErasuresApplied, Hold, People, PersonErasure } from '../ports/stores.ts'
import type { VaultKeys } from './encryption.ts'
import { text } from './rows.ts'
import { type Row, Statements } from './statements.ts'
import { openPerson, scrub } from './vault.ts'

export class SqlitePeople implements People {
  readonly #sql: Statements
  readonly #database: DatabaseSync
  readonly #keys: VaultKeys

  constructor(database: DatabaseSync, keys: VaultKeys) {
    this.#database = database
    this.#keys = keys
    this.#sql = new Statements(database)
  }

  async erasuresApplied(): Promise<ErasuresApplied | undefined> {
    const row = this.#sql.get('SELECT next, last FROM erasures_applied')
    return row && { next: Number(row['next']), last: text(row['last']) }
  }

  async setErasuresApplied({ next, last }: ErasuresApplied): Promise<void> {
    this.#sql.run('INSERT OR REPLACE INTO erasures_applied (one, next, last) VALUES (1, ?, ?)', next, last)
  }

  async putErasure({ id, person, by, at }: PersonErasure): Promise<void> {
    this.#sql.run('INSERT OR REPLACE INTO erasures (id, person, asked_by, at) VALUES (?, ?, ?, ?)', id, person, by, at)
  }

  async erasures(): Promise<readonly PersonErasure[]> {
    return this.#sql.all('SELECT * FROM erasures ORDER BY id').map(erasureOf)
  }

  async isErasing(person: PartyRef): Promise<boolean> {
    return this.#sql.get('SELECT 1 FROM erasures WHERE person = ?', person) !== undefined
  }

  async completeErasure({ id, person, at }: PersonErasure, services: readonly string[]): Promise<void> {
    const pseudonym = splitRef(person).id
    this.#sql.atomically(() => {
      for (const service of services)
        this.#sql.run(
          'INSERT OR IGNORE INTO notices (id, service, sealed, at) SELECT ?, ?, sealed, ? FROM vault WHERE pseudonym = ?',
          id,
          service,
          at,
          pseudonym,
        )
      this.#sql.run('DELETE FROM vault WHERE pseudonym = ?', pseudonym)
      // What they wrote, and what they were answered.
      this.#sql.run("UPDATE grants SET revoke_reason = 'revoked' WHERE revoked_by = ?", person)
      this.#sql.run('DELETE FROM answers WHERE caller = ?', person)
      this.#sql.run(
        "UPDATE invitations SET status = 'withdrawn' WHERE (inviter = ? OR redeemer = ?) AND status <> 'confirmed'",
        person,
        person,
      )
      this.#sql.run('DELETE FROM erasures WHERE person = ?', person)
    })
    scrub(this.#database)
  }

  async notices(service: string, after: string, limit: number): Promise<readonly ErasureNotice[]> {
    return this.#sql
      .all('SELECT * FROM notices WHERE service = ? AND id > ? ORDER BY id LIMIT ?', service, after, limit)
      .map((row) => ({
        id: text(row['id']),
        ...openPerson(this.#keys, row['sealed']),
        erased_at: new Date(Number(row['at'])).toISOString(),
      }))
  }

  async isTold(service: string, id: string): Promise<boolean> {
    return this.#sql.get('SELECT 1 FROM notices WHERE service = ? AND id = ?', service, id) !== undefined
  }

  async waitingFor(id: string): Promise<readonly string[]> {
    const rows = this.#sql.all('SELECT service FROM notices WHERE id = ? ORDER BY service', id)
    return rows.map(({ service }) => text(service))
  }

  async acknowledge(service: string, id: string): Promise<void> {
    this.#sql.run('DELETE FROM notices WHERE service = ? AND id = ?', service, id)
    scrub(this.#database)
  }

  async dropNoticesExcept(services: readonly string[]): Promise<void> {
    const sql = 'DELETE FROM notices WHERE service NOT IN (SELECT value FROM json_each(?))'
    if (this.#sql.run(sql, JSON.stringify(services)) > 0) scrub(this.#database)
  }

  async isHeld(person: PartyRef): Promise<boolean> {
    return this.#sql.get('SELECT 1 FROM holds WHERE person = ?', person) !== undefined
  }

  async setHold(person: PartyRef, hold: Hold | undefined): Promise<void> {
    if (hold)
      this.#sql.run('INSERT OR IGNORE INTO holds (person, set_by, at) VALUES (?, ?, ?)', person, hold.by, hold.at)
    else this.#sql.run('DELETE FROM holds WHERE person = ?', person)
  }
}

const erasureOf = (row: Row): PersonErasure => ({
  id: text(row['id']),
  person: text(row['person']) as PartyRef,
  by: text(row['asked_by']) as PartyRef,
  at: Number(row['at']),
})
