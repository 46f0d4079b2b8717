/**
 * SQL store of people: maps issuer and sub to a pseudonym, and back (rule L5). The only store with subs; they are encrypted, so that a copy of the
 * database without the key identifies nobody. Owns the tables `vault`, `people`, `salts` and `erased_people`.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Vault } from '../ports/stores.ts'
import { run, type Task, wait } from '../runtime/task.ts'
import { type Announcer, note } from './announcer.ts'
import { decryptPerson, fold, foldedKey, personKey } from './person.ts'
import { bytes, firstRow, type Queries } from './sql.ts'
import { ERASURE_KEPT_MS, personNote, type VaultMemory } from './vault-memory.ts'
import { insertPerson, presentKeys } from './vault-rows.ts'

/** Random, so that a pseudonym reveals nothing. Short enough that an OpenFGA object name can contain two pseudonyms. */
const PSEUDONYM_BYTES = 16
export class SqlVault implements Vault {
  readonly #sql: Queries
  readonly #memory: VaultMemory
  readonly #announcer: Announcer

  constructor(sql: Queries, memory: VaultMemory, announcer: Announcer) {
    this.#sql = sql
    this.#memory = memory
    this.#announcer = announcer
  }

  pseudonymOf(issuer: string, sub: string): Awaitable<PartyRef> {
    return run(this.#knownOrCreated(issuer, sub))
  }

  *#knownOrCreated(issuer: string, sub: string): Task<PartyRef> {
    const known = yield* wait(this.known(issuer, sub))
    return known ?? (yield* wait(this.#sql.transaction((sql) => this.#create(sql, issuer, sub))))
  }

  pseudonymOfToken(issuer: string, sub: string, issuedAt: EpochMillis): Awaitable<PartyRef | undefined> {
    return run(this.#ofToken(issuer, sub, issuedAt))
  }

  *#ofToken(issuer: string, sub: string, issuedAt: EpochMillis): Task<PartyRef | undefined> {
    const person = personKey({ issuer, sub })
    const known = yield* wait(this.known(issuer, sub))
    if (this.#memory.isErased(person, issuedAt)) return undefined
    if (known) return known
    // Checked again in the transaction: a token from before an erasure must not create the person again.
    return yield* wait(
      this.#sql.transaction(async (sql) => {
        if (this.#memory.isErased(person, issuedAt) || (await this.#isErasedIn(sql, person, issuedAt))) return undefined
        return this.#create(sql, issuer, sub)
      }),
    )
  }

  known(issuer: string, sub: string): Awaitable<PartyRef | undefined> {
    const person = personKey({ issuer, sub })
    return this.#memory.pseudonym(person, () => this.#find(this.#sql, person))
  }

  mentioned(issuer: string, sub: string): Awaitable<PartyRef> {
    return run(this.#knownOrCommitted(issuer, sub))
  }

  *#knownOrCommitted(issuer: string, sub: string): Task<PartyRef> {
    const known = yield* wait(this.known(issuer, sub))
    return known ?? `user:p_${this.commit(personKey({ issuer, sub })).slice(1)}`
  }

  isSub(issuer: string, text: string): Awaitable<boolean> {
    const name = personKey({ issuer, sub: text })
    if (this.#memory.isNobody(name)) return false
    const folded = fold(text)
    if (folded === '') return false
    const hashes = this.#memory.keys.lookupHashes(foldedKey(issuer, folded))
    // Most texts are nobody's: no query is made for them.
    if (!hashes.some((hash) => this.#memory.mayBeSub(hash))) {
      this.#memory.rememberNobody(name)
      return false
    }
    return this.#hasFolded(hashes)
  }

  async #hasFolded(hashes: readonly Uint8Array[]): Promise<boolean> {
    for (const hash of hashes) if (await firstRow(this.#sql, 'SELECT 1 FROM vault WHERE folded = $1', hash)) return true
    return false
  }

  commit(text: string): string {
    return `~${createHmac('sha256', this.#memory.salt).update(text).digest('base64url').slice(0, 22)}`
  }

  subOf(pseudonym: PartyRef): Awaitable<string | undefined> {
    return this.#memory.sub(pseudonym, async () => {
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
    return this.#sql.transaction(async (sql) => {
      const row = await firstRow(sql, 'SELECT lookup, sealed FROM vault WHERE pseudonym = $1', idOf(pseudonym))
      if (!row) return undefined
      await sql.change('DELETE FROM vault WHERE pseudonym = $1', idOf(pseudonym))
      await this.#rememberErasure(sql, bytes(row['lookup']))
      return bytes(row['sealed'])
    })
  }

  /** Keeps the lookup hash until the last token from before the erasure has expired: every PDP refuses those tokens. */
  async #rememberErasure(sql: Queries, lookup: Uint8Array): Promise<void> {
    const at = Date.now()
    await sql.change('DELETE FROM erased_people WHERE at <= $1', at - ERASURE_KEPT_MS)
    await sql.change(
      'INSERT INTO erased_people (lookup, at) VALUES ($1, $2) ON CONFLICT (lookup) DO UPDATE SET at = excluded.at',
      ...[lookup, at],
    )
    await this.#announcer.announce(sql, note('person', { lookup: Buffer.from(lookup).toString('base64'), at }))
  }

  async #isErasedIn(sql: Queries, person: string, issuedAt: EpochMillis): Promise<boolean> {
    for (const lookup of this.#memory.keys.lookupHashes(person))
      if (await firstRow(sql, 'SELECT 1 FROM erased_people WHERE lookup = $1 AND at >= $2', lookup, issuedAt))
        return true
    return false
  }

  async #encrypted(pseudonym: PartyRef): Promise<Uint8Array | undefined> {
    const row = await firstRow(this.#sql, 'SELECT sealed FROM vault WHERE pseudonym = $1', idOf(pseudonym))
    return row && bytes(row['sealed'])
  }

  async #find(sql: Queries, person: string): Promise<PartyRef | undefined> {
    for (const hash of this.#memory.keys.lookupHashes(person)) {
      const row = await firstRow(sql, 'SELECT pseudonym FROM vault WHERE lookup = $1', hash)
      if (row) return `user:${String(row['pseudonym'])}`
    }
    return undefined
  }

  /**
   * Creates a pseudonym. With concurrent calls for one person, the first insert wins and all return its pseudonym.
   *
   * @throws Fault `relations_unavailable` when another PDP has re-encrypted the vault under a key that this one does not have.
   */
  async #create(sql: Queries, issuer: string, sub: string): Promise<PartyRef> {
    const { clock } = this.#memory
    const keys = await presentKeys(sql, this.#memory.keys)
    const known = await this.#find(sql, personKey({ issuer, sub }))
    if (known) return known
    const folded = keys.lookupHash(foldedKey(issuer, fold(sub)))
    // Before the row exists: from then on the sub must be found.
    this.#memory.addSub(folded)
    if (this.#announcer.isShared) await this.#announcer.announce(sql, personNote(folded))
    const pseudonym = `p_${randomBytes(PSEUDONYM_BYTES).toString('base64url')}`
    await insertPerson(sql, keys, { pseudonym, issuer, sub, at: clock() })
    return (await this.#find(sql, personKey({ issuer, sub }))) ?? `user:${pseudonym}`
  }
}

const idOf = (pseudonym: PartyRef): string => pseudonym.slice('user:'.length)
