/**
 * Signing keys and cookie keys, generated at the first start and kept in the database: tokens and sessions outlive a restart.
 *
 * @module
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { JWK } from 'jose'

/** RSA: keycloak-connect verifies RSA signatures only. */
const BITS = 2_048

/** A private signing key. */
export type SigningKey = JWK & { readonly kid: string }

/** All signing keys, newest first: the first one signs, the others verify. Generates the first one. */
export function signingKeys(database: DatabaseSync): readonly SigningKey[] {
  const stored = database.prepare('SELECT jwk FROM keys ORDER BY id DESC').all()
  if (stored.length === 0) {
    addSigningKey(database)
    return signingKeys(database)
  }
  return stored.map(({ jwk }) => JSON.parse(String(jwk)) as SigningKey)
}

/** Generates a key that signs from now on. */
export function addSigningKey(database: DatabaseSync): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: BITS })
  const kid = randomBytes(16).toString('base64url')
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  database.prepare('INSERT INTO keys (jwk) VALUES (?)').run(JSON.stringify(jwk))
}

/** Public half of a key. */
export function publicKey({ kty, n, e, kid, alg, use }: SigningKey): JWK {
  return { kty, kid, ...(n && { n }), ...(e && { e }), ...(alg && { alg }), ...(use && { use }) } as JWK
}

/** Newest key's id: changes when a key was added, also by another process. */
export function newestKey(database: DatabaseSync): number {
  return Number(database.prepare('SELECT max(id) AS id FROM keys').get()?.['id'] ?? 0)
}

/** A secret of this data folder by name, generated at its first use (256 bits, base64url). */
export function secretOf(database: DatabaseSync, name: string): string {
  database
    .prepare('INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)')
    .run(name, randomBytes(32).toString('base64url'))
  return String(database.prepare('SELECT value FROM secrets WHERE name = ?').get(name)?.['value'])
}
