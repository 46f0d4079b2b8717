/**
 * `GET /.well-known/authzen-configuration` (AuthZEN 1.0, section 9), signed when a key is configured, with the public key at
 * `/.well-known/jwks.json`. The content comes from configuration, never from a request.
 *
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { Fault, identifierPath, joinUrl, type Metadata } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { SignJWT } from 'jose'
import type { Clock } from '../ports/clock.ts'
import { publicJwk, type SigningKeys } from '../runtime/signing-key.ts'
import { SSF_PATH } from './signal-metadata.ts'

const CACHED = 'public, max-age=3600'
export const JWKS_PATH = '/.well-known/jwks.json'
export const METADATA_PATH = '/.well-known/authzen-configuration'

export interface MetadataDeps {
  /** The PDP's identifier and base URL: from configuration or the listener, never from a header. Available once the PDP listens. */
  readonly publicUrl: () => string
  readonly clock: Clock
  /** Keys of signed metadata; without them the metadata are unsigned. */
  readonly metadataKeys: SigningKeys | undefined
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

/**
 * Serves the metadata of an identifier with a path: the well-known prefix precedes that path (AuthZEN 1.0, section 9.2.1; SSF 1.0, section 7.2.1).
 */
export function metadataBeforePath({ publicUrl }: Pick<MetadataDeps, 'publicUrl'>): RequestHandler {
  return (req, _res, next) => {
    const prefix = [METADATA_PATH, SSF_PATH].find((path) => req.path.startsWith(path))
    if (prefix !== undefined && req.path === prefix + identifierPath(publicUrl())) req.url = prefix
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
