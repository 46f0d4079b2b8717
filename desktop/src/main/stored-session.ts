/**
 * The session as stored between two starts of the app: encrypted, replaced at every refresh.
 *
 * The DPoP key is stored with the refresh token that is bound to it: exported once, into the encrypted file. The app works with a non-extractable copy.
 * Without a keystore the key is never extractable.
 *
 * @module
 */
import { subtle } from 'node:crypto'
import * as oidc from 'openid-client'
import { z } from 'zod'
import type { CryptoKeyPair } from './session.ts'
import type { Store } from './store.ts'

const NAME = 'session'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** A private P-256 key (RFC 7517). */
export const jwkSchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
})
/** A parsed {@link jwkSchema}. */
export type PrivateJwk = z.infer<typeof jwkSchema>

const storedSchema = z.strictObject({
  v: z.literal(1),
  issuer: z.string(),
  clientId: z.string(),
  /** Scopes of the sign-in. */
  scopes: z.array(z.string()),
  subject: z.string(),
  refreshToken: z.string(),
  idToken: z.string(),
  key: jwkSchema,
})
/** Everything that a session is restored from. */
export type StoredSession = z.infer<typeof storedSchema>

/** Reads the stored session; `undefined` when there is none, or it does not fit the settings. */
export async function readStoredSession(
  store: Store,
  { issuer, clientId, scopes }: Pick<StoredSession, 'issuer' | 'clientId' | 'scopes'>,
): Promise<StoredSession | undefined> {
  const text = await store.read(NAME)
  if (text === undefined) return undefined
  const kept = storedSchema.safeParse(JSON.parse(text)).data
  const fits = kept?.issuer === issuer && kept.clientId === clientId && scopes.every((one) => kept.scopes.includes(one))
  return fits ? kept : undefined
}

export async function keep(store: Store, kept: StoredSession): Promise<void> {
  await store.write(NAME, JSON.stringify(kept))
}

export async function removeStoredSession(store: Store): Promise<void> {
  await store.remove(NAME)
}

export interface NewKey {
  readonly pair: CryptoKeyPair
  /** For the encrypted file. `undefined`: the key is not extractable. */
  readonly jwk: PrivateJwk | undefined
}

/** Makes the DPoP key of a session. @param isKept - Whether it is to be stored: only then it leaves the process as a JWK. */
export async function newKey(isKept: boolean): Promise<NewKey> {
  if (!isKept) return { pair: await oidc.randomDPoPKeyPair('ES256'), jwk: undefined }
  const { privateKey } = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await subtle.exportKey('jwk', privateKey)
  const jwk = jwkSchema.parse({ kty, crv, x, y, d })
  return { pair: await keyOf(jwk), jwk }
}

/** Imports a stored key as non-extractable. */
export async function keyOf({ d, ...jwk }: PrivateJwk): Promise<CryptoKeyPair> {
  return {
    privateKey: await subtle.importKey('jwk', { ...jwk, d }, ALGORITHM, false, ['sign']),
    publicKey: await subtle.importKey('jwk', jwk, ALGORITHM, true, ['verify']),
  }
}
