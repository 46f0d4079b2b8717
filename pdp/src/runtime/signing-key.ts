/**
 * Keys with which the PDP signs what others verify by a JWK Set: its metadata, and events about grants.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'

/** Keys of one use. They can be replaced while the PDP answers. */
export class SigningKeys {
  #all: readonly KeyObject[]

  /** @param all - The first one signs; verifiers get the public keys of all. Not empty. */
  constructor(all: readonly KeyObject[]) {
    this.#all = all
  }

  get all(): readonly KeyObject[] {
    return this.#all
  }

  replace(all: readonly KeyObject[]): void {
    this.#all = all
  }
}

/** Bounds the key set: one key signs, the others are of a rotation under way. */
const MAX_KEYS = 4
const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/gu

/**
 * Parses signing keys.
 *
 * @param pem - One to four keys: PKCS#8, EC on P-256 (ES256) or Ed25519 (EdDSA).
 * @returns In the order of the text: the first one signs.
 * @throws TypeError for other keys. The message contains nothing of the key.
 */
export function signingKeysOf(pem: string): readonly KeyObject[] {
  const isCut = pem.replace(PEM_BLOCK, '').includes('-----BEGIN')
  const blocks = pem.match(PEM_BLOCK) ?? [pem]
  if (isCut) throw malformedKey()
  if (blocks.length > MAX_KEYS) throw new TypeError(`must have at most ${MAX_KEYS} keys`)
  return blocks.map(signingKeyOf)
}

function signingKeyOf(pem: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // The error is thrown below, without the cause: its message could contain part of the key.
  }
  if (!key || !pem.includes('BEGIN PRIVATE KEY') || !algorithmOf(key)) throw malformedKey()
  return key
}

const malformedKey = (): TypeError => new TypeError('must be a PKCS#8 PEM of an EC key on P-256 or an Ed25519 key')

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): 'ES256' | 'EdDSA' | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined
}

/** The public key of a signing key as a JWK. `kid` is its thumbprint (RFC 7638). */
export async function publicJwk(key: KeyObject): Promise<JWK> {
  const jwk = await exportJWK(createPublicKey(key))
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithmOf(key) ?? '', use: 'sig' }
}
