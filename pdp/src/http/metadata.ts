/**
 * `GET /.well-known/authzen-configuration` (AuthZEN 1.0, section 9), signed when a key is configured, with the public key at
 * `/.well-known/jwks.json`. The content comes from configuration, never from a request.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { Fault, identifierPath, joinUrl, type Metadata } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose'
import type { Clock } from '../ports/clock.ts'

const CACHED = 'public, max-age=3600'
export const JWKS_PATH = '/.well-known/jwks.json'
export const METADATA_PATH = '/.well-known/authzen-configuration'

export interface MetadataDeps {
  /** The PDP's identifier and base URL: from configuration or the listener, never from a header. Available once the PDP listens. */
  readonly publicUrl: () => string
  readonly clock: Clock
  /** Keys of signed metadata; without them the metadata are unsigned. */
  readonly metadataKeys: MetadataKeys | undefined
}

/** Keys of signed metadata. They can be replaced while the PDP answers. */
export class MetadataKeys {
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
 * Parses the keys of signed metadata.
 *
 * @param pem - One to four keys: PKCS#8, EC on P-256 (ES256) or Ed25519 (EdDSA).
 * @returns In the order of the text: the first one signs.
 * @throws TypeError for other keys. The message contains nothing of the key.
 */
export function metadataKeysOf(pem: string): readonly KeyObject[] {
  const isCut = pem.replace(PEM_BLOCK, '').includes('-----BEGIN')
  const blocks = pem.match(PEM_BLOCK) ?? [pem]
  if (isCut) throw malformedKey()
  if (blocks.length > MAX_KEYS) throw new TypeError(`must have at most ${MAX_KEYS} keys`)
  return blocks.map(metadataKeyOf)
}

function metadataKeyOf(pem: string): KeyObject {
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

export function metadataRoute({ publicUrl, clock, metadataKeys }: MetadataDeps): RequestHandler {
  let signed: { readonly key: KeyObject; readonly metadata: Promise<Metadata> } | undefined
  return async (_req, res) => {
    const unsigned = metadataOf(publicUrl())
    const key = metadataKeys?.all[0]
    // Signed once with a key: clients cache the response for an hour, and a new signature would differ.
    if (key && signed?.key !== key) signed = { key, metadata: signedMetadata(unsigned, key, clock) }
    res.set('cache-control', CACHED).json(signed ? await signed.metadata : unsigned)
  }
}

/** Serves the metadata of an identifier with a path: the well-known prefix precedes that path (AuthZEN 1.0, section 9.2.1). */
export function metadataBeforePath({ publicUrl }: Pick<MetadataDeps, 'publicUrl'>): RequestHandler {
  return (req, _res, next) => {
    if (req.path.startsWith(METADATA_PATH) && req.path === METADATA_PATH + identifierPath(publicUrl()))
      req.url = METADATA_PATH
    next()
  }
}

/** Serves the public keys of the signed metadata. */
export function jwksRoute({ metadataKeys }: MetadataDeps): RequestHandler {
  return async (_req, res) => {
    if (!metadataKeys) throw new Fault('not_found', 'the metadata are not signed')
    res.set('cache-control', CACHED).json({ keys: await Promise.all(metadataKeys.all.map(publicJwk)) })
  }
}

/** Signs the metadata. `iss` is the PDP's identifier, which verifiers compare with `policy_decision_point`. */
async function signedMetadata(unsigned: Metadata, key: KeyObject, clock: Clock): Promise<Metadata> {
  const metadata = { ...unsigned, jwks_uri: joinUrl(unsigned.policy_decision_point, JWKS_PATH) }
  const { kid = '', alg = '' } = await publicJwk(key)
  const jwt = await new SignJWT(metadata)
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(metadata.policy_decision_point)
    .setIssuedAt(Math.floor(clock() / 1000))
    .sign(key)
  return { ...metadata, signed_metadata: jwt }
}

async function publicJwk(key: KeyObject): Promise<JWK> {
  const jwk = await exportJWK(createPublicKey(key))
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithmOf(key) ?? '', use: 'sig' }
}

function metadataOf(identifier: string): Metadata {
  return {
    policy_decision_point: identifier,
    access_evaluation_endpoint: joinUrl(identifier, '/access/v1/evaluation'),
    access_evaluations_endpoint: joinUrl(identifier, '/access/v1/evaluations'),
    search_subject_endpoint: joinUrl(identifier, '/access/v1/search/subject'),
    search_resource_endpoint: joinUrl(identifier, '/access/v1/search/resource'),
    search_action_endpoint: joinUrl(identifier, '/access/v1/search/action'),
  }
}
