/**
 * The vault: who is behind a pseudonym (rule L5). Nothing else of the PDP's ever holds a sub, and here it is sealed: a copy of the
 * database without the key names nobody.
 *
 * @module
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { Vault } from '../ports/stores.ts'
import { LruCache } from '../runtime/lru-cache.ts'
import type { VaultKeys } from './encryption.ts'
import { type Row, Statements } from './statements.ts'

/** Random, so that a pseudonym says nothing; short enough to stand twice in an OpenFGA object name. */
const PSEUDONYM_BYTES = 16
const SALT_BYTES = 32
const REMEMBERED = 50_000

export class SqliteVault implements Vault {
  readonly #sql: Statements
  readonly #keys: VaultKeys
  readonly #clock: Clock
  readonly #salt: KeyObject
  readonly #known = new LruCache<PartyRef>(REMEMBERED)
  /** When who was erased: kept by this process alone, and longer than any token lives. */
  readonly #gone = new LruCache<number>(REMEMBERED)
  readonly #subs = new LruCache<string>(REMEMBERED)

  /**
   * Seals what an older version kept open, and seals anew what an older key sealed.
   *
   * @throws Fault `internal` when the keys do not open it: nothing was changed then.
   */
  constructor(database: DatabaseSync, clock: Clock, keys: VaultKeys) {
    this.#sql = new Statements(database)
    this.#keys = keys
    this.#clock = clock
    const isRewritten = bringUpToDate(this.#sql, keys)
    const { salt, wasOpen } = commitmentSalt(this.#sql, keys)
    this.#salt = createSecretKey(salt)
    if (isRewritten || wasOpen) scrub(database)
  }

  async pseudonymOf(issuer: string, sub: string): Promise<PartyRef> {
    const key = personKey(issuer, sub)
    const known = this.#known.get(key) ?? this.#find(key) ?? this.#create(issuer, sub)
    this.#known.set(key, known)
    return known
  }

  async known(issuer: string, sub: string): Promise<PartyRef | undefined> {
    const key = personKey(issuer, sub)
    const known = this.#known.get(key) ?? this.#find(key)
    if (known !== undefined) this.#known.set(key, known)
    return known
  }

  async mentioned(issuer: string, sub: string): Promise<PartyRef> {
    return (await this.known(issuer, sub)) ?? `user:p_${this.commit(personKey(issuer, sub)).slice(1)}`
  }

  async isSub(issuer: string, text: string): Promise<boolean> {
    const folded = fold(text)
    if (folded === '') return false
    return (
      this.#sql.get('SELECT 1 FROM vault WHERE folded = ?', this.#keys.find(foldedKey(issuer, folded))) !== undefined
    )
  }

  commit(text: string): string {
    return `~${createHmac('sha256', this.#salt).update(text).digest('base64url').slice(0, 22)}`
  }

  async subOf(pseudonym: PartyRef): Promise<string | undefined> {
    const known = this.#subs.get(pseudonym)
    if (known !== undefined) return known
    const person = this.#person(pseudonym)
    if (person) this.#subs.set(pseudonym, person.sub)
    return person?.sub
  }

  async forget(pseudonym: PartyRef): Promise<void> {
    const person = this.#person(pseudonym)
    if (person) {
      const key = personKey(person.issuer, person.sub)
      this.#known.delete(key)
      this.#gone.set(key, Date.now())
    }
    this.#subs.delete(pseudonym)
  }

  async pseudonymOfToken(issuer: string, sub: string, issuedAt: EpochMillis): Promise<PartyRef | undefined> {
    const goneAt = this.#gone.get(personKey(issuer, sub)) ?? Number.NEGATIVE_INFINITY
    return issuedAt <= goneAt ? undefined : this.pseudonymOf(issuer, sub)
  }

  #person(pseudonym: PartyRef): Person | undefined {
    const row = this.#sql.get('SELECT sealed FROM vault WHERE pseudonym = ?', pseudonym.slice('user:'.length))
    return row && openPerson(this.#keys, row['sealed'])
  }

  #find(key: string): PartyRef | undefined {
    const row = this.#sql.get('SELECT pseudonym FROM vault WHERE lookup = ?', this.#keys.find(key))
    return row && `user:${String(row['pseudonym'])}`
  }

  #create(issuer: string, sub: string): PartyRef {
    const pseudonym = `p_${randomBytes(PSEUDONYM_BYTES).toString('base64url')}`
    insertPerson(this.#sql, this.#keys, { pseudonym, issuer, sub, at: this.#clock() })
    return this.#find(personKey(issuer, sub)) ?? `user:${pseudonym}`
  }
}

/** Who stands behind a pseudonym. */
export interface Person {
  readonly issuer: string
  readonly sub: string
}

/** A sub means something under its issuer alone. */
const personKey = (issuer: string, sub: string): string => `${issuer}\u0000${sub}`
/** Of another form than {@link personKey}: neither is ever found in place of the other. */
const foldedKey = (issuer: string, folded: string): string => `${issuer}\u0000\u0000${folded}`
/** What all spellings of an identifier have in common: its letters and digits, in lower case. */
const fold = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')

export function openPerson(keys: VaultKeys, sealed: Row[string] | undefined): Person {
  const [issuer = '', sub = ''] = keys.open(bytesOf(sealed)).toString().split('\u0000')
  return { issuer, sub }
}

const bytesOf = (value: Row[string] | undefined): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array())

function insertPerson(
  sql: Statements,
  keys: VaultKeys,
  { pseudonym, issuer, sub, at }: Person & { readonly pseudonym: string; readonly at: number },
): void {
  const key = personKey(issuer, sub)
  sql.run(
    'INSERT INTO vault (pseudonym, lookup, folded, sealed, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    pseudonym,
    keys.find(key),
    keys.find(foldedKey(issuer, fold(sub))),
    keys.seal(key),
    at,
  )
}

/** Rows of before they were sealed, and rows that an older key sealed. @returns Whether anything was rewritten. */
function bringUpToDate(sql: Statements, keys: VaultKeys): boolean {
  return sql.atomically(() => {
    const open = sql.all('SELECT pseudonym, issuer, sub, created_at FROM people')
    for (const row of open) {
      const [pseudonym, issuer, sub] = ['pseudonym', 'issuer', 'sub'].map((name) => String(row[name])) as [
        string,
        string,
        string,
      ]
      insertPerson(sql, keys, { pseudonym, issuer, sub, at: Number(row['created_at']) })
    }
    sql.run('DELETE FROM people')
    const notices = sql.all('SELECT id, service, issuer, sub, at FROM open_notices')
    for (const { id = null, service = null, issuer, sub, at = null } of notices)
      sql.run(
        'INSERT INTO notices (id, service, sealed, at) VALUES (?, ?, ?, ?)',
        id,
        service,
        keys.seal(personKey(String(issuer), String(sub))),
        at,
      )
    sql.run('DELETE FROM open_notices')
    addFolded(sql, keys)
    return open.length + notices.length + sealAnew(sql, keys) > 0
  })
}

/** Rows of before other spellings were looked for. */
function addFolded(sql: Statements, keys: VaultKeys): void {
  for (const { pseudonym = null, sealed } of sql.all('SELECT pseudonym, sealed FROM vault WHERE folded IS NULL')) {
    const { issuer, sub } = openPerson(keys, sealed)
    sql.run('UPDATE vault SET folded = ? WHERE pseudonym = ?', keys.find(foldedKey(issuer, fold(sub))), pseudonym)
  }
}

/** @returns How many rows an older key had sealed. */
function sealAnew(sql: Statements, keys: VaultKeys): number {
  const old = (rows: readonly Row[]): readonly Row[] => rows.filter((row) => !keys.isCurrent(bytesOf(row['sealed'])))
  const people = old(sql.all('SELECT pseudonym, sealed FROM vault'))
  for (const { pseudonym = null, sealed } of people) {
    const { issuer, sub } = openPerson(keys, sealed)
    const key = personKey(issuer, sub)
    sql.run(
      'UPDATE vault SET lookup = ?, folded = ?, sealed = ? WHERE pseudonym = ?',
      keys.find(key),
      keys.find(foldedKey(issuer, fold(sub))),
      keys.seal(key),
      pseudonym,
    )
  }
  const notices = old(sql.all('SELECT id, service, sealed FROM notices'))
  for (const { id = null, service = null, sealed } of notices)
    sql.run(
      'UPDATE notices SET sealed = ? WHERE id = ? AND service = ?',
      keys.seal(keys.open(bytesOf(sealed))),
      id,
      service,
    )
  const salts = old(sql.all("SELECT name, salt AS sealed FROM salts WHERE name LIKE 'sealed %'"))
  for (const { name = null, sealed } of salts)
    sql.run('UPDATE salts SET salt = ? WHERE name = ?', keys.seal(keys.open(bytesOf(sealed))), name)
  return people.length + notices.length + salts.length
}

/** Kept sealed beside the people: without it a commitment says nothing, and cannot be tried against guesses. */
function commitmentSalt(sql: Statements, keys: VaultKeys): { readonly salt: Uint8Array; readonly wasOpen: boolean } {
  return sql.atomically(() => {
    const sealed = sql.get("SELECT salt FROM salts WHERE name = 'sealed commitment'")?.['salt']
    if (sealed !== undefined) return { salt: keys.open(bytesOf(sealed)), wasOpen: false }
    const open = sql.get("SELECT salt FROM salts WHERE name = 'commitment'")?.['salt']
    const salt = open instanceof Uint8Array ? open : randomBytes(SALT_BYTES)
    sql.run("INSERT INTO salts (name, salt) VALUES ('sealed commitment', ?)", keys.seal(salt))
    sql.run("DELETE FROM salts WHERE name = 'commitment'")
    return { salt, wasOpen: open !== undefined }
  })
}

/**
 * Leaves nothing of a deleted row in the files: pages are rewritten without their free space, and the write-ahead log is emptied. Its work is
 * that of copying the database once.
 */
export function scrub(database: DatabaseSync): void {
  database.exec('PRAGMA temp_store = MEMORY; VACUUM; PRAGMA wal_checkpoint(TRUNCATE);')
}
