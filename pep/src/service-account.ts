/**
 * A service's account at the identity provider, from its configuration.
 *
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { ClientKey, KeyCredentials, SecretCredentials } from './token-endpoint.ts'

/** A service's account at the identity provider as its configuration has it. */
export interface AccountSettings {
  readonly clientId: string
  /** Exactly one of secret and key is given: {@link accountObjection}. */
  readonly clientSecret: string | undefined
  /** PKCS #8 in PEM: signs `private_key_jwt`. */
  readonly clientKey: string | undefined
}

/**
 * The account of a service. What its configuration took from a file (`…_CLIENT_SECRET_FILE`, `…_CLIENT_KEY_FILE`) is read from there for every
 * token: it is rotated by writing the file, with no restart. A file of secrets has one a line: the new one and the former one, until the identity provider
 * has the new one. While a file cannot be read, or is empty, what was read last is used.
 *
 * @param prefix - Of the service's variables, such as `TRIPS_`.
 */
export function accountOf(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
  { clientId, clientSecret, clientKey }: AccountSettings,
): SecretCredentials | KeyCredentials {
  const read = (name: string, value: string): (() => Promise<string>) => {
    const path = env[`${prefix}${name}_FILE`]
    if (path === undefined || path === '') return async () => value
    let last = value
    return async () => {
      const text = await readFile(path, 'utf8').catch(() => '')
      last = text.trim() || last
      return last
    }
  }
  const secrets = read('CLIENT_SECRET', clientSecret ?? '')
  if (clientKey === undefined) return { clientId, clientSecret: async () => oneOrAll(secretLines(await secrets())) }
  const pem = read('CLIENT_KEY', clientKey)
  return { clientId, privateKey: async () => await keyOf(await pem()) }
}

/** Client secrets of a setting or file, one a line. */
export const secretLines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const oneOrAll = (lines: readonly string[]): string | readonly string[] => (lines.length > 1 ? lines : (lines[0] ?? ''))

const ALGORITHMS: ReadonlyMap<string | undefined, NonNullable<ClientKey['alg']>> = new Map([
  ['rsa', 'RS256'],
  ['ec', 'ES256'],
  ['ed25519', 'EdDSA'],
] as const)

/** The key's id is its thumbprint (RFC 7638), which tells it from the key that it replaces. */
async function keyOf(pem: string): Promise<ClientKey> {
  const jwk = createPublicKey(pem).export({ format: 'jwk' }) as JWK
  return { pem, alg: algorithmOf(pem), kid: await calculateJwkThumbprint(jwk) }
}

/** @throws Error unless it is a private key that can sign client assertions. */
function algorithmOf(pem: string): NonNullable<ClientKey['alg']> {
  const alg = ALGORITHMS.get(createPrivateKey(pem).asymmetricKeyType)
  if (alg === undefined) throw new Error('the key must be RSA, EC on P-256, or Ed25519')
  return alg
}

/** What is wrong with an account's settings, for the reader of a configuration. @param prefix - Of the variables. */
export function accountObjection(
  { clientSecret, clientKey }: Omit<AccountSettings, 'clientId'>,
  prefix: string,
): string | undefined {
  if ((clientSecret === undefined) === (clientKey === undefined))
    return `${prefix}CLIENT_SECRET or ${prefix}CLIENT_KEY (private_key_jwt): give one of them`
  if (clientKey === undefined) return undefined
  try {
    algorithmOf(clientKey)
    return undefined
  } catch {
    return `${prefix}CLIENT_KEY: must be PKCS #8 in PEM: RSA, EC on P-256, or Ed25519`
  }
}
