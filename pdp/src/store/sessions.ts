/**
 * SQL store of sessions that ended at the identity provider. Stores hashes, each until the last token of its session has expired, or while a login is
 * disabled. Owns the tables `ended_sessions`, `ended_people` and `disabled_people`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import { z } from 'zod'
import type { Clock } from '../ports/clock.ts'
import type { InvalidationEvent, InvalidationListener } from '../ports/invalidations.ts'
import { SIGNAL_MAX_AGE_MS } from '../ports/signals.ts'
import type { SessionOf, Sessions } from '../ports/stores.ts'
import { type Announcer, note } from './announcer.ts'
import { type Queries, text } from './sql.ts'

const sessionNote = z.object({ hash: z.string(), until: z.number() })
const personNote = sessionNote.extend({ at: z.number() })
const accountNote = z.object({ hash: z.string(), at: z.number(), disabled: z.boolean() })

/** Ends all sessions of a person whose tokens were issued at or before `at`. Kept until `until`. */
interface Ended {
  readonly at: EpochMillis
  readonly until: EpochMillis
}

/** Whether a login is disabled, since `at`. */
interface Account {
  readonly at: EpochMillis
  readonly disabled: boolean
}

export class SqlSessions implements Sessions, InvalidationListener {
  readonly #sql: Queries
  readonly #clock: Clock
  readonly #announcer: Announcer
  /** Every row, cached: a decision never reads the database for it. Entries leave only when they are over, so a reset adds to them. */
  readonly #ended = new Map<string, EpochMillis>()
  readonly #people = new Map<string, Ended>()
  readonly #accounts = new Map<string, Account>()
  readonly #onEnd: (() => void)[] = []

  private constructor(sql: Queries, clock: Clock, announcer: Announcer) {
    this.#sql = sql
    this.#clock = clock
    this.#announcer = announcer
  }

  static async open(sql: Queries, clock: Clock, announcer: Announcer): Promise<SqlSessions> {
    const sessions = new SqlSessions(sql, clock, announcer)
    const put = await sessions.load()
    put()
    return sessions
  }

  async load(): Promise<() => void> {
    const sessions = await this.#sql.rows('SELECT hash, until FROM ended_sessions')
    const people = await this.#sql.rows('SELECT hash, at, until FROM ended_people')
    const accounts = await this.#sql.rows('SELECT hash, at, disabled FROM disabled_people')
    return () => {
      for (const row of sessions) this.#end(text(row['hash']), Number(row['until']))
      for (const row of people) this.#endAll(text(row['hash']), { at: Number(row['at']), until: Number(row['until']) })
      for (const row of accounts)
        this.#setAccount(text(row['hash']), { at: Number(row['at']), disabled: Number(row['disabled']) === 1 })
      this.#hasEnded()
    }
  }

  reset(): void {}

  apply(event: InvalidationEvent): void {
    if (event.kind !== 'note') return
    if (event.topic === 'session') {
      const { hash, until } = sessionNote.parse(JSON.parse(event.data))
      this.#end(hash, until)
      this.#hasEnded()
    }
    if (event.topic === 'sessions_of') {
      const { hash, ...ended } = personNote.parse(JSON.parse(event.data))
      this.#endAll(hash, ended)
      this.#hasEnded()
    }
    if (event.topic === 'account') {
      const { hash, ...account } = accountNote.parse(JSON.parse(event.data))
      this.#setAccount(hash, account)
      this.#hasEnded()
    }
  }

  whenEnded(listener: () => void): void {
    this.#onEnd.push(listener)
  }

  #hasEnded(): void {
    for (const listener of this.#onEnd) listener()
  }

  #end(hash: string, until: EpochMillis): void {
    this.#ended.set(hash, Math.max(until, this.#ended.get(hash) ?? 0))
  }

  /** Messages may arrive out of order: the latest `at` wins. */
  #endAll(hash: string, ended: Ended): void {
    if ((this.#people.get(hash)?.at ?? Number.NEGATIVE_INFINITY) <= ended.at) this.#people.set(hash, ended)
  }

  /** Messages may arrive out of order: the latest `at` wins, and `disabled` of two at the same instant. */
  #setAccount(hash: string, account: Account): void {
    const known = this.#accounts.get(hash)
    if (!known || known.at < account.at || (known.at === account.at && account.disabled))
      this.#accounts.set(hash, account)
  }

  async end(sid: string, until: EpochMillis): Promise<void> {
    const hash = hashOf(sid)
    // In memory first: the session ends even when the disk is full.
    this.#end(hash, until)
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO ended_sessions (hash, until) VALUES ($1, $2)
         ON CONFLICT (hash) DO UPDATE SET until = excluded.until`,
        ...[hash, until],
      )
      await this.#announcer.announce(sql, note('session', { hash, until }))
      await this.#forgetOld(sql)
    })
  }

  async endAll(person: PartyRef, at: EpochMillis, until: EpochMillis): Promise<void> {
    const hash = hashOf(person)
    // Memory may be ahead of a database that could not be written, so the database itself decides whether this is news.
    this.#endAll(hash, { at, until })
    await this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO ended_people (hash, at, until) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET at = excluded.at, until = excluded.until WHERE ended_people.at <= excluded.at`,
        ...[hash, at, until],
      )
      await this.#announcer.announce(sql, note('sessions_of', { hash, at, until }))
      await this.#forgetOld(sql)
    })
  }

  async disable(person: PartyRef, at: EpochMillis): Promise<void> {
    const hash = hashOf(person)
    // In memory first: the login is disabled even when the disk is full.
    this.#setAccount(hash, { at, disabled: true })
    await this.#keepAccount(hash, { at, disabled: true })
  }

  /** Memory is changed by the announcement, once the change is committed. */
  enable(person: PartyRef, at: EpochMillis): Promise<void> {
    return this.#keepAccount(hashOf(person), { at, disabled: false })
  }

  #keepAccount(hash: string, { at, disabled }: Account): Promise<void> {
    return this.#sql.transaction(async (sql) => {
      await sql.change(
        `INSERT INTO disabled_people (hash, at, disabled) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET at = excluded.at, disabled = excluded.disabled
         WHERE disabled_people.at < excluded.at OR (disabled_people.at = excluded.at AND excluded.disabled = 1)`,
        ...[hash, at, Number(disabled)],
      )
      await this.#announcer.announce(sql, note('account', { hash, at, disabled }))
      await this.#forgetOld(sql)
    })
  }

  isEnded({ sid, person, issuedAt }: SessionOf): boolean {
    const now = this.#clock()
    // Skips hashing when no session has ended, the usual case.
    if (sid !== undefined && this.#ended.size > 0 && (this.#ended.get(hashOf(sid)) ?? 0) > now) return true
    if (this.#accounts.size > 0 && this.#accounts.get(hashOf(person))?.disabled) return true
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
    // An enabled login is kept for as long as an older event can arrive that would disable it.
    const enabledUntil = now - SIGNAL_MAX_AGE_MS
    await sql.change('DELETE FROM disabled_people WHERE disabled = 0 AND at <= $1', enabledUntil)
    for (const [hash, { at, disabled }] of this.#accounts)
      if (!disabled && at <= enabledUntil) this.#accounts.delete(hash)
    for (const [hash, until] of this.#ended) if (until <= now) this.#ended.delete(hash)
    for (const [hash, { until }] of this.#people) if (until <= now) this.#people.delete(hash)
  }
}

const hashOf = (name: string): string => createHash('sha256').update(name).digest('base64url')
