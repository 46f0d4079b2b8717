/**
 * The sign-in as it is kept between two starts of the app: sealed, and replaced at every refresh.
 *
 * The key that the refresh token is bound to has to survive with it, so it is exported once, straight into the sealed file; what the app works with
 * is a copy that cannot be exported. Without a keystore it never can.
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

const jwkSchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
})
type PrivateJwk = z.infer<typeof jwkSchema>

const keptSchema = z.strictObject({
  v: z.literal(1),
  issuer: z.string(),
  clientId: z.string(),
  /** What the sign-in asked for. */
  scopes: z.array(z.string()),
  subject: z.string(),
  refreshToken: z.string(),
  idToken: z.string(),
  key: jwkSchema,
})
/** All that a session starts from again. */
export type KeptSession = z.infer<typeof keptSchema>

/** `undefined`: none, or none that these settings fit. */
export async function readKept(
  store: Store,
  { issuer, clientId, scopes }: Pick<KeptSession, 'issuer' | 'clientId' | 'scopes'>,
): Promise<KeptSession | undefined> {
  const text = await store.read(NAME)
  if (text === undefined) return undefined
  const kept = keptSchema.safeParse(JSON.parse(text)).data
  const fits = kept?.issuer === issuer && kept.clientId === clientId && scopes.every((one) => kept.scopes.includes(one))
  return fits ? kept : undefined
}

export async function keep(store: Store, kept: KeptSession): Promise<void> {
  await store.write(NAME, JSON.stringify(kept))
}

export async function forgetKept(store: Store): Promise<void> {
  await store.remove(NAME)
}

export interface NewKey {
  readonly pair: CryptoKeyPair
  /** For the sealed file. `undefined`: it cannot leave the process. */
  readonly jwk: PrivateJwk | undefined
}

export async function newKey(isKept: boolean): Promise<NewKey> {
  if (!isKept) return { pair: await oidc.randomDPoPKeyPair('ES256'), jwk: undefined }
  const { privateKey } = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await subtle.exportKey('jwk', privateKey)
  const jwk = jwkSchema.parse({ kty, crv, x, y, d })
  return { pair: await keyOf(jwk), jwk }
}

/** As it is worked with: it signs, and cannot be exported again. */
export async function keyOf({ d, ...jwk }: PrivateJwk): Promise<CryptoKeyPair> {
  return {
    privateKey: await subtle.importKey('jwk', { ...jwk, d }, ALGORITHM, false, ['sign']),
    publicKey: await subtle.importKey('jwk', jwk, ALGORITHM, true, ['verify']),
  }
}
