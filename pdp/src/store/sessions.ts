/**
 * SQL store of sessions that ended at the identity provider. Stores hashes, each until the last token of its session has expired. Owns the tables
 * `ended_sessions` and `ended_people`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { SessionOf, Sessions } from '../ports/stores.ts'
import { type Queries, text } from './sql.ts'

/** Ends all sessions of a person whose tokens were issued at or before `at`. Kept until `until`. */
interface Ended {
  readonly at: EpochMillis
  readonly until: EpochMillis
}

export class SqlSessions implements Sessions {
  readonly #sql: Queries
  readonly #clock: Clock
  /** Every row, cached: a decision never reads the database for it. */
  readonly #ended: Map<string, EpochMillis>
  readonly #people: Map<string, Ended>

  private constructor(sql: Queries, clock: Clock, ended: Map<string, EpochMillis>, people: Map<string, Ended>) {
    this.#sql = sql
    this.#clock = clock
    this.#ended = ended
    this.#people = people
  }

  static async open(sql: Queries, clock: Clock): Promise<SqlSessions> {
    const sessions = await sql.rows('SELECT hash, until FROM ended_sessions')
    const people = await sql.rows('SELECT hash, at, until FROM ended_people')
    return new SqlSessions(
      sql,
      clock,
      new Map(sessions.map((row) => [text(row['hash']), Number(row['until'])])),
      new Map(people.map((row) => [text(row['hash']), { at: Number(row['at']), until: Number(row['until']) }])),
    )
  }

  async end(sid: string, until: EpochMillis): Promise<void> {
    const hash = hashOf(sid)
    // In memory first: the session ends even when the disk is full.
    this.#ended.set(hash, until)
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO ended_sessions (hash, until) VALUES ($1, $2)
         ON CONFLICT (hash) DO UPDATE SET until = excluded.until`,
        ...[hash, until],
      )
      await this.#forgetOld(sql)
    })
  }

  async endAll(person: PartyRef, at: EpochMillis, until: EpochMillis): Promise<void> {
    const hash = hashOf(person)
    // Messages may arrive out of order: the latest `at` wins.
    if ((this.#people.get(hash)?.at ?? Number.NEGATIVE_INFINITY) > at) return
    this.#people.set(hash, { at, until })
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO ended_people (hash, at, until) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET at = excluded.at, until = excluded.until WHERE ended_people.at <= excluded.at`,
        ...[hash, at, until],
      )
      await this.#forgetOld(sql)
    })
  }

  async isEnded({ sid, person, issuedAt }: SessionOf): Promise<boolean> {
    const now = this.#clock()
    // Skips hashing when no session has ended, the usual case.
    if (sid !== undefined && this.#ended.size > 0 && (this.#ended.get(hashOf(sid)) ?? 0) > now) return true
    if (this.#people.size === 0) return false
    const ended = this.#people.get(hashOf(person))
    if (ended === undefined || ended.until <= now) return false
    // Without an issue time, a request with a session is denied (its session may have ended); a request without a session is not affected.
    return issuedAt === undefined ? sid !== undefined : issuedAt <= ended.at
  }

  async #forgetOld(sql: Queries): Promise<void> {
    const now = this.#clock()
    await sql.change('DELETE FROM ended_sessions WHERE until <= $1', now)
    await sql.change('DELETE FROM ended_people WHERE until <= $1', now)
    for (const [hash, until] of this.#ended) if (until <= now) this.#ended.delete(hash)
    for (const [hash, { until }] of this.#people) if (until <= now) this.#people.delete(hash)
  }
}

const hashOf = (name: string): string => createHash('sha256').update(name).digest('base64url')
