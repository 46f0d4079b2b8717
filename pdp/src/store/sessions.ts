/**
 * Sessions that ended at the identity provider, by hash, for as long as a token of theirs could live. In SQLite, so that a restart forgets none.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { SessionOf, Sessions } from '../ports/stores.ts'
import { text } from './rows.ts'
import { Statements } from './statements.ts'

/** All sessions of a person that began by `at`. */
interface Ended {
  readonly at: EpochMillis
  readonly until: EpochMillis
}

export class SqliteSessions implements Sessions {
  readonly #sql: Statements
  readonly #clock: Clock
  /** All of them: a decision looks here, not in the database. */
  readonly #ended: Map<string, EpochMillis>
  readonly #people: Map<string, Ended>

  constructor(database: DatabaseSync, clock: Clock) {
    this.#sql = new Statements(database)
    this.#clock = clock
    const rows = this.#sql.all('SELECT hash, until FROM ended_sessions')
    this.#ended = new Map(rows.map((row) => [text(row['hash']), Number(row['until'])]))
    const people = this.#sql.all('SELECT hash, at, until FROM ended_people')
    this.#people = new Map(
      people.map((row) => [text(row['hash']), { at: Number(row['at']), until: Number(row['until']) }]),
    )
  }

  async end(sid: string, until: EpochMillis): Promise<void> {
    const hash = hashOf(sid)
    // In memory first: a full disk keeps no session alive.
    this.#ended.set(hash, until)
    this.#sql.run('INSERT OR REPLACE INTO ended_sessions (hash, until) VALUES (?, ?)', hash, until)
    this.#forgetOld()
  }

  async endAll(person: PartyRef, at: EpochMillis, until: EpochMillis): Promise<void> {
    const hash = hashOf(person)
    // Of two that arrive in another order than they were sent, the later one counts.
    if ((this.#people.get(hash)?.at ?? Number.NEGATIVE_INFINITY) > at) return
    this.#people.set(hash, { at, until })
    this.#sql.run('INSERT OR REPLACE INTO ended_people (hash, at, until) VALUES (?, ?, ?)', hash, at, until)
    this.#forgetOld()
  }

  async isEnded({ sid, person, issuedAt }: SessionOf): Promise<boolean> {
    const now = this.#clock()
    // Most of the time nobody has signed out: then nothing is hashed.
    if (sid !== undefined && this.#ended.size > 0 && (this.#ended.get(hashOf(sid)) ?? 0) > now) return true
    if (this.#people.size === 0) return false
    const ended = this.#people.get(hashOf(person))
    if (ended === undefined || ended.until <= now) return false
    // A session whose token has no known age may be one of those that ended; a question without a session is about none.
    return issuedAt === undefined ? sid !== undefined : issuedAt <= ended.at
  }

  #forgetOld(): void {
    const now = this.#clock()
    this.#sql.run('DELETE FROM ended_sessions WHERE until <= ?', now)
    this.#sql.run('DELETE FROM ended_people WHERE until <= ?', now)
    for (const [hash, until] of this.#ended) if (until <= now) this.#ended.delete(hash)
    for (const [hash, { until }] of this.#people) if (until <= now) this.#people.delete(hash)
  }
}

const hashOf = (name: string): string => createHash('sha256').update(name).digest('base64url')
