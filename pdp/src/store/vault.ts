/**
 * The vault: who is behind a pseudonym (design 6, L5). Nothing else of the PDP's ever holds a sub.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import { Memory } from '../memory.ts'
import type { Clock } from '../ports.ts'
import type { Vault } from '../remembered.ts'

/** Random, so that a pseudonym says nothing; short enough to stand twice in an OpenFGA object name. */
const PSEUDONYM_BYTES = 16
const REMEMBERED = 50_000

export class SqliteVault implements Vault {
  readonly #byPerson
  readonly #byPseudonym
  readonly #insert
  readonly #clock: Clock
  readonly #salt: Uint8Array
  readonly #known = new Memory<PartyRef>(REMEMBERED)
  /** When who was erased: kept by this process alone, and longer than any token lives. */
  readonly #gone = new Memory<number>(REMEMBERED)
  readonly #subs = new Memory<string>(REMEMBERED)

  constructor(database: DatabaseSync, clock: Clock) {
    this.#byPerson = database.prepare('SELECT pseudonym FROM people WHERE issuer = ? AND sub = ?')
    this.#byPseudonym = database.prepare('SELECT issuer, sub FROM people WHERE pseudonym = ?')
    this.#insert = database.prepare(
      'INSERT INTO people (pseudonym, issuer, sub, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#clock = clock
    this.#salt = commitmentSalt(database)
  }

  pseudonymOf(issuer: string, sub: string): PartyRef {
    const key = `${issuer}\u0000${sub}`
    const known = this.#known.get(key) ?? this.#find(issuer, sub) ?? this.#create(issuer, sub)
    this.#known.set(key, known)
    return known
  }

  known(issuer: string, sub: string): PartyRef | undefined {
    return this.#find(issuer, sub)
  }

  commit(text: string): string {
    return `~${createHmac('sha256', this.#salt).update(text).digest('base64url').slice(0, 22)}`
  }

  subOf(pseudonym: PartyRef): string | undefined {
    const known = this.#subs.get(pseudonym)
    if (known !== undefined) return known
    const sub = this.#byPseudonym.get(pseudonym.slice('user:'.length))?.['sub']
    if (typeof sub !== 'string') return undefined
    this.#subs.set(pseudonym, sub)
    return sub
  }

  forget(pseudonym: PartyRef): void {
    const row = this.#byPseudonym.get(pseudonym.slice('user:'.length))
    if (row) {
      const key = `${row['issuer']}\u0000${row['sub']}`
      this.#known.delete(key)
      this.#gone.set(key, Date.now())
    }
    this.#subs.delete(pseudonym)
  }

  isGone(issuer: string, sub: string, issuedAt: EpochMillis): boolean {
    return issuedAt <= (this.#gone.get(`${issuer}\u0000${sub}`) ?? Number.NEGATIVE_INFINITY)
  }

  #find(issuer: string, sub: string): PartyRef | undefined {
    const pseudonym = this.#byPerson.get(issuer, sub)?.['pseudonym']
    return typeof pseudonym === 'string' ? `user:${pseudonym}` : undefined
  }

  #create(issuer: string, sub: string): PartyRef {
    const pseudonym = `p_${randomBytes(PSEUDONYM_BYTES).toString('base64url')}`
    this.#insert.run(pseudonym, issuer, sub, this.#clock())
    return this.#find(issuer, sub) ?? `user:${pseudonym}`
  }
}

/** Kept beside the people: without it a commitment says nothing, and cannot be tried against guesses. */
function commitmentSalt(database: DatabaseSync): Uint8Array {
  database
    .prepare('INSERT INTO salts (name, salt) VALUES (?, ?) ON CONFLICT DO NOTHING')
    .run('commitment', randomBytes(32))
  const salt = database.prepare('SELECT salt FROM salts WHERE name = ?').get('commitment')?.['salt']
  if (salt instanceof Uint8Array) return salt
  throw new Error('the vault has no salt')
}
