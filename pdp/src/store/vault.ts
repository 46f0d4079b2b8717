/**
 * SQL store of people: maps issuer and sub to a pseudonym, and back (rule L5). The only store with subs; they are encrypted, so that a copy of the
 * database without the key identifies nobody. Owns the tables `vault`, `people` and `salts`.
 *
 * @module
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { Vault } from '../ports/stores.ts'
import { LruCache } from '../runtime/lru-cache.ts'
import type { VaultKeys } from './encryption.ts'
import { decryptPerson, fold, foldedKey, personKey } from './person.ts'
import { bytes, firstRow, type Queries } from './sql.ts'
import { insertPerson } from './vault-rows.ts'

/** Random, so that a pseudonym reveals nothing. Short enough that an OpenFGA object name can contain two pseudonyms. */
const PSEUDONYM_BYTES = 16
/** Entries of each cache. */
const CACHED = 50_000

/** In-memory state of a vault, shared inside and outside transactions: keys, caches, and recent erasures. */
export class VaultMemory {
  readonly keys: VaultKeys
  readonly clock: Clock
  readonly salt: KeyObject
  readonly pseudonyms = new LruCache<PartyRef>(CACHED)
  readonly subs = new LruCache<string>(CACHED)
  /** Time of erasure by person. In this process only; tokens expire before an entry is evicted. */
  readonly #erasedAt = new LruCache<number>(CACHED)
  /** Person keys and pseudonyms of people who are being erased: not cached. */
  readonly #erasing = new Set<string>()
  /** Number of erasures so far. A value that was read before an erasure is not cached after it. */
  #generation = 0

  constructor(keys: VaultKeys, clock: Clock, salt: Uint8Array) {
    this.keys = keys
    this.clock = clock
    this.salt = createSecretKey(salt)
  }

  /** Whether a token was issued before its person was erased. */
  isErased(person: string, issuedAt: EpochMillis): boolean {
    return issuedAt <= (this.#erasedAt.get(person) ?? Number.NEGATIVE_INFINITY)
  }

  /** Returns the cached value, or reads and caches it. Not cached when an erasure ended during the read, or concerns this person. */
  async cached<V>(cache: LruCache<V>, name: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const known = cache.get(name)
    if (known !== undefined) return known
    const generation = this.#generation
    const value = await read()
    if (value !== undefined && generation === this.#generation && !this.#erasing.has(name)) cache.set(name, value)
    return value
  }

  /** Stops caching a person. @returns A function to call when the erasure is finished. */
  beginErasure(person: string, pseudonym: PartyRef): () => void {
    this.#erasedAt.set(person, Date.now())
    for (const name of [person, pseudonym]) this.#erasing.add(name)
    this.pseudonyms.delete(person)
    this.subs.delete(pseudonym)
    return () => {
      this.#generation += 1
      for (const name of [person, pseudonym]) this.#erasing.delete(name)
    }
  }
}

export class SqlVault implements Vault {
  readonly #sql: Queries
  readonly #memory: VaultMemory

  constructor(sql: Queries, memory: VaultMemory) {
    this.#sql = sql
    this.#memory = memory
  }

  async pseudonymOf(issuer: string, sub: string): Promise<PartyRef> {
    return (await this.known(issuer, sub)) ?? (await this.#sql.transaction((sql) => this.#create(sql, issuer, sub)))
  }

  async pseudonymOfToken(issuer: string, sub: string, issuedAt: EpochMillis): Promise<PartyRef | undefined> {
    const isErased = (): boolean => this.#memory.isErased(personKey({ issuer, sub }), issuedAt)
    const known = await this.known(issuer, sub)
    if (isErased()) return undefined
    // Checked again in the transaction: a token from before an erasure must not create the person again.
    return known ?? this.#sql.transaction(async (sql) => (isErased() ? undefined : this.#create(sql, issuer, sub)))
  }

  known(issuer: string, sub: string): Promise<PartyRef | undefined> {
    const person = personKey({ issuer, sub })
    return this.#memory.cached(this.#memory.pseudonyms, person, () => this.#find(this.#sql, person))
  }

  async mentioned(issuer: string, sub: string): Promise<PartyRef> {
    return (await this.known(issuer, sub)) ?? `user:p_${this.commit(personKey({ issuer, sub })).slice(1)}`
  }

  async isSub(issuer: string, text: string): Promise<boolean> {
    const folded = fold(text)
    if (folded === '') return false
    const hash = this.#memory.keys.lookupHash(foldedKey(issuer, folded))
    return (await firstRow(this.#sql, 'SELECT 1 FROM vault WHERE folded = $1', hash)) !== undefined
  }

  commit(text: string): string {
    return `~${createHmac('sha256', this.#memory.salt).update(text).digest('base64url').slice(0, 22)}`
  }

  subOf(pseudonym: PartyRef): Promise<string | undefined> {
    return this.#memory.cached(this.#memory.subs, pseudonym, async () => {
      const encrypted = await this.#encrypted(pseudonym)
      return encrypted && decryptPerson(this.#memory.keys, encrypted).sub
    })
  }

  async beginErasure(pseudonym: PartyRef): Promise<() => void> {
    const encrypted = await this.#encrypted(pseudonym)
    if (!encrypted) return () => undefined
    return this.#memory.beginErasure(personKey(decryptPerson(this.#memory.keys, encrypted)), pseudonym)
  }

  async erase(pseudonym: PartyRef): Promise<Uint8Array | undefined> {
    const encrypted = await this.#encrypted(pseudonym)
    await this.#sql.change('DELETE FROM vault WHERE pseudonym = $1', idOf(pseudonym))
    return encrypted
  }

  async #encrypted(pseudonym: PartyRef): Promise<Uint8Array | undefined> {
    const row = await firstRow(this.#sql, 'SELECT sealed FROM vault WHERE pseudonym = $1', idOf(pseudonym))
    return row && bytes(row['sealed'])
  }

  async #find(sql: Queries, person: string): Promise<PartyRef | undefined> {
    const hash = this.#memory.keys.lookupHash(person)
    const row = await firstRow(sql, 'SELECT pseudonym FROM vault WHERE lookup = $1', hash)
    return row && `user:${String(row['pseudonym'])}`
  }

  /** Creates a pseudonym. With concurrent calls for one person, the first insert wins and all return its pseudonym. */
  async #create(sql: Queries, issuer: string, sub: string): Promise<PartyRef> {
    const { keys, clock } = this.#memory
    const pseudonym = `p_${randomBytes(PSEUDONYM_BYTES).toString('base64url')}`
    await insertPerson(sql, keys, { pseudonym, issuer, sub, at: clock() })
    return (await this.#find(sql, personKey({ issuer, sub }))) ?? `user:${pseudonym}`
  }
}

const idOf = (pseudonym: PartyRef): string => pseudonym.slice('user:'.length)
