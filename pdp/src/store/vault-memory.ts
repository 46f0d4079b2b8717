/**
 * In-memory state of a vault, shared inside and outside transactions: keys, caches, and recent erasures by any PDP.
 *
 * @module
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import { z } from 'zod'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Clock } from '../ports/clock.ts'
import type { Announcement, InvalidationEvent, InvalidationListener } from '../ports/invalidations.ts'
import { LruCache } from '../runtime/lru-cache.ts'
import { note } from './announcer.ts'
import type { VaultKeys } from './encryption.ts'
import { KnownSubs } from './known-subs.ts'
import { bytes, type Queries } from './sql.ts'

/** Entries of each cache. */
const CACHED = 50_000
/** How long an erasure is remembered, in milliseconds: longer than the longest accepted age of a token. */
export const ERASURE_KEPT_MS = 1_200_000

/** Data of a note about an erasure: the lookup hash in base64, and when it was, by the machine's clock. */
const erasureNote = z.object({ lookup: z.string(), at: z.number() })
/** Data of a note about a new person: the lookup hash of the normalized sub, in base64. */
const creationNote = z.object({ folded: z.string() })
const personNotes = z.union([erasureNote, creationNote])

/** Tells other PDPs of a new person, who is named in no readable form. */
export const personNote = (folded: Uint8Array): Announcement =>
  note('person', { folded: Buffer.from(folded).toString('base64') } satisfies z.infer<typeof creationNote>)

export interface VaultMemoryOptions {
  readonly keys: VaultKeys
  readonly clock: Clock
  readonly salt: Uint8Array
  readonly sql: Pick<Queries, 'rows'>
}

export class VaultMemory implements InvalidationListener {
  readonly keys: VaultKeys
  readonly clock: Clock
  readonly salt: KeyObject
  readonly #sql: Pick<Queries, 'rows'>
  #pseudonyms = new LruCache<PartyRef>(CACHED)
  #subs = new LruCache<string>(CACHED)
  /** Time of recent erasures by lookup hash in base64. */
  readonly #erasedAt = new Map<string, EpochMillis>()
  readonly #knownSubs: KnownSubs
  /** Person keys of texts that certainly were no person's sub when they were looked up; dropped when a person is created. */
  #nobodies = new LruCache<true>(CACHED)
  /** Person keys and pseudonyms of people who are being erased: not cached. */
  readonly #erasing = new Set<string>()
  /** Number of erasures so far. A value that was read before an erasure is not cached after it. */
  #generation = 0

  constructor({ keys, clock, salt, sql }: VaultMemoryOptions) {
    this.keys = keys
    this.clock = clock
    this.salt = createSecretKey(salt)
    this.#sql = sql
    this.#knownSubs = new KnownSubs(sql)
  }

  /** Whether a token was issued before its person was erased. */
  isErased(person: string, issuedAt: EpochMillis): boolean {
    // Skips hashing when nobody was erased, the usual case.
    if (this.#erasedAt.size === 0) return false
    return this.#lookups(person).some((lookup) => issuedAt <= (this.#erasedAt.get(lookup) ?? Number.NEGATIVE_INFINITY))
  }

  /** Returns the cached pseudonym of a person key, or reads it. */
  pseudonym(person: string, read: () => Promise<PartyRef | undefined>): Awaitable<PartyRef | undefined> {
    return this.#pseudonyms.get(person) ?? this.#read(this.#pseudonyms, person, read)
  }

  /** Returns the cached sub of a pseudonym, or reads it. */
  sub(pseudonym: PartyRef, read: () => Promise<string | undefined>): Awaitable<string | undefined> {
    return this.#subs.get(pseudonym) ?? this.#read(this.#subs, pseudonym, read)
  }

  /** Reads a value and caches it. Not cached when an erasure ended during the read, or concerns this person. */
  async #read<V>(cache: LruCache<V>, name: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const generation = this.#generation
    const value = await read()
    if (value !== undefined && generation === this.#generation && !this.#erasing.has(name)) cache.set(name, value)
    return value
  }

  /** Stops caching a person. @returns A function to call when the erasure is finished. */
  beginErasure(person: string, pseudonym: PartyRef): () => void {
    for (const lookup of this.#lookups(person)) this.#erase(lookup, Date.now())
    for (const name of [person, pseudonym]) this.#erasing.add(name)
    this.#pseudonyms.delete(person)
    this.#subs.delete(pseudonym)
    return () => {
      this.#generation += 1
      for (const name of [person, pseudonym]) this.#erasing.delete(name)
    }
  }

  apply(event: InvalidationEvent): void {
    if (event.kind !== 'note' || event.topic !== 'person') return
    const data = personNotes.parse(JSON.parse(event.data))
    if ('folded' in data) {
      this.addSub(Buffer.from(data.folded, 'base64'))
      return
    }
    this.#erase(data.lookup, data.at)
    // The note does not name the person, so that no cache keeps a name from it. Erasures are rare, and the next reads fill the caches again.
    this.#dropNames()
  }

  /** @param folded - Lookup hash of a normalized sub. @returns `false` where certainly no person has it. */
  mayBeSub(folded: Uint8Array): boolean {
    return this.#knownSubs.mayHave(folded)
  }

  /** Whether a text is remembered as no person's sub, in the spelling of its person key. */
  isNobody(name: string): boolean {
    return this.#nobodies.get(name) === true
  }

  /** Remembers a text that {@link mayBeSub} ruled out: resource ids are looked up at every decision, and hashing them costs more than the rest. */
  rememberNobody(name: string): void {
    this.#nobodies.set(name, true)
  }

  /** Adds a person who is about to be created. */
  addSub(folded: Uint8Array): void {
    this.#nobodies = new LruCache(CACHED)
    this.#knownSubs.add(folded)
  }

  async load(): Promise<() => void> {
    const rows = await this.#sql.rows('SELECT lookup, at FROM erased_people')
    return () => {
      for (const row of rows) this.#erase(Buffer.from(bytes(row['lookup'])).toString('base64'), Number(row['at']))
    }
  }

  reset(): void {
    this.#knownSubs.reset()
    this.#nobodies = new LruCache(CACHED)
    this.#dropNames()
  }

  #dropNames(): void {
    this.#generation += 1
    this.#pseudonyms = new LruCache(CACHED)
    this.#subs = new LruCache(CACHED)
  }

  #erase(lookup: string, at: EpochMillis): void {
    const forgotten = Date.now() - ERASURE_KEPT_MS
    for (const [other, erasedAt] of this.#erasedAt) if (erasedAt <= forgotten) this.#erasedAt.delete(other)
    this.#erasedAt.set(lookup, Math.max(at, this.#erasedAt.get(lookup) ?? 0))
  }

  /** By all keys: an erasure may have been noted before or after the vault was re-encrypted. */
  #lookups(person: string): readonly string[] {
    return this.keys.lookupHashes(person).map((hash) => Buffer.from(hash).toString('base64'))
  }
}
