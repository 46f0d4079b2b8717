/**
 * People who can sign in: passwords hashed by scrypt, one-time codes, roles, and the limits against guessing.
 *
 * @module
 */
import { randomBytes, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { Secret, TOTP } from 'otpauth'
import { type Attempts, afterFailure, isLocked, NO_ATTEMPTS } from './guessing.ts'
import { MIN_PASSWORD, type Role } from './realm.ts'

/** A person as the issuer knows them. `sub` is random, and what tokens contain; `id` never leaves the database. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly sub: string
  /** Base32; `undefined` without an authenticator. */
  readonly totpSecret: string | undefined
  readonly roles: readonly Role[]
}

/** A login to create. */
export interface NewPerson {
  readonly username: string
  readonly password: string
  readonly totpSecret?: string
}

const HASH_BYTES = 32
/** OWASP's recommendation for scrypt with 16 MiB of memory a hash. */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const
const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)
const hash = (password: string, salt: Buffer): Promise<Buffer> => derive(password, salt, HASH_BYTES, COST)
/** Login names are compared in lower case and without the spaces around them, as by Keycloak: phones write the first letter of a word large. */
const normalize = (username: string): string => username.trim().toLowerCase()
/** Length of a time step of one-time codes, in seconds. */
const STEP_S = 30
/** Compared with when there is no such login: a response takes the same time then. */
const UNKNOWN_LOGIN = `${randomBytes(16).toString('base64url')}.${randomBytes(HASH_BYTES).toString('base64url')}`

/** The table of people. */
export class People {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Creates a login unless there is one with that name. @throws TypeError for a short password. */
  async add({ username, password, totpSecret }: NewPerson): Promise<void> {
    if (password.length < MIN_PASSWORD) throw new TypeError(`password: must have at least ${MIN_PASSWORD} characters`)
    if (this.byUsername(username)) return
    const salt = randomBytes(16)
    const stored = `${salt.toString('base64url')}.${(await hash(password, salt)).toString('base64url')}`
    this.#database
      .prepare('INSERT INTO people (id, username, sub, password, totp) VALUES (?, ?, ?, ?, ?)')
      .run(randomUUID(), normalize(username), randomUUID(), stored, totpSecret ?? null)
  }

  /** @returns `false` when there is no such login. */
  remove(username: string): boolean {
    return this.#database.prepare('DELETE FROM people WHERE username = ?').run(normalize(username)).changes > 0
  }

  byUsername(username: string): Person | undefined {
    return this.#read('username', normalize(username))
  }

  bySub(sub: string): Person | undefined {
    return this.#read('sub', sub)
  }

  giveRole(username: string, role: Role): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO roles (person, role) SELECT id, ? FROM people WHERE username = ?')
      .run(role, normalize(username))
  }

  withdrawRole(username: string, role: Role): void {
    this.#database
      .prepare('DELETE FROM roles WHERE role = ? AND person = (SELECT id FROM people WHERE username = ?)')
      .run(role, normalize(username))
  }

  /** Sets up the authenticator of a login that has none. Never replaces an authenticator: a password alone would be enough to pass the second factor. */
  setTotpSecret(sub: string, secret: string): void {
    this.#database.prepare('UPDATE people SET totp = ? WHERE sub = ? AND totp IS NULL').run(secret, sub)
  }

  /** @returns The person when the password is right and the login is not locked. */
  async checkPassword(username: string, password: string): Promise<Person | undefined> {
    const person = this.byUsername(username)
    const stored = this.#database.prepare('SELECT password FROM people WHERE username = ?').get(normalize(username))?.[
      'password'
    ]
    const [salt = '', wanted = ''] = String(stored ?? UNKNOWN_LOGIN).split('.')
    const got = await hash(password, Buffer.from(salt, 'base64url'))
    const isRight = timingSafeEqual(got, Buffer.from(wanted, 'base64url'))
    if (person === undefined || isLocked(this.#attempts(person.id), Date.now())) return undefined
    if (!isRight) this.#fail(person.id)
    else if (person.totpSecret === undefined) this.#setAttempts(person.id, NO_ATTEMPTS)
    return isRight ? person : undefined
  }

  /** Checks a one-time code of the previous, this or the next time step. Each code is accepted once, and none older than the last one. */
  checkCode(sub: string, code: string): boolean {
    const person = this.bySub(sub)
    if (person?.totpSecret === undefined || isLocked(this.#attempts(person.id), Date.now())) return false
    const step = stepOf(person.totpSecret, code)
    const used =
      step !== undefined &&
      this.#database
        .prepare('UPDATE people SET totp_step = ? WHERE id = ? AND totp_step < ?')
        .run(step, person.id, step).changes > 0
    if (used) this.#setAttempts(person.id, NO_ATTEMPTS)
    else this.#fail(person.id)
    return used
  }

  #read(column: 'username' | 'sub', value: string): Person | undefined {
    const row = this.#database.prepare(`SELECT id, username, sub, totp FROM people WHERE ${column} = ?`).get(value)
    if (row === undefined) return undefined
    const id = String(row['id'])
    const roles = this.#database.prepare('SELECT role FROM roles WHERE person = ? ORDER BY role').all(id)
    return {
      id,
      username: String(row['username']),
      sub: String(row['sub']),
      totpSecret: row['totp'] === null ? undefined : String(row['totp']),
      roles: roles.map(({ role }) => String(role) as Role),
    }
  }

  #attempts(id: string): Attempts {
    const row = this.#database.prepare('SELECT failures, failed_at, locked_until FROM people WHERE id = ?').get(id)
    return {
      failures: Number(row?.['failures'] ?? 0),
      failedAt: Number(row?.['failed_at'] ?? 0),
      lockedUntil: Number(row?.['locked_until'] ?? 0),
    }
  }

  #fail(id: string): void {
    this.#setAttempts(id, afterFailure(this.#attempts(id), Date.now()))
  }

  #setAttempts(id: string, { failures, failedAt, lockedUntil }: Attempts): void {
    this.#database
      .prepare('UPDATE people SET failures = ?, failed_at = ?, locked_until = ? WHERE id = ?')
      .run(failures, failedAt, lockedUntil, id)
  }
}

/** The time step that a code is of, within one step of now; `undefined` for a wrong code. */
export function stepOf(secret: string, code: string): number | undefined {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: STEP_S })
  const timestamp = Date.now()
  const delta = totp.validate({ token: code.replaceAll(/\s/gu, ''), window: 1, timestamp })
  return delta === null ? undefined : Math.floor(timestamp / 1_000 / STEP_S) + delta
}

/** A fresh secret for an authenticator (160 bits, Base32). */
export function newSecret(): string {
  return new Secret({ size: 20 }).base32
}

/** The address that authenticator apps open. */
export function authenticatorUri(username: string, secret: string): string {
  const key = { secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: STEP_S } as const
  return new TOTP({ issuer: 'Mandate', label: username, ...key }).toString()
}
