/**
 * What a receiver of events about grants has to know of this PDP: the transmitter configuration (SSF 1.0, section 7) and the keys that sign. Both from
 * configuration, and 404 where no receiver is configured.
 *
 * @module
 */
import { Fault, joinUrl } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { publicJwk, type SigningKeys } from '../runtime/signing-key.ts'

export const SSF_PATH = '/.well-known/ssf-configuration'
export const SIGNAL_KEYS_PATH = '/v1/signals/keys'
const PUSH = 'urn:ietf:rfc:8935'
/** A new key is published for longer than this before it signs. */
const CACHED = 'public, max-age=300'

export interface SignalMetadataDeps {
  /** The PDP's identifier, which is the `iss` of its events. */
  readonly publicUrl: () => string
  /** Keys of `PDP_SIGNAL_KEY_FILE`; `undefined` where no events are sent. */
  readonly signalKeys: SigningKeys | undefined
}

/** Serves the transmitter configuration. */
export function ssfConfigurationRoute({ publicUrl, signalKeys }: SignalMetadataDeps): RequestHandler {
  return (_req, res) => {
    if (!signalKeys) throw new Fault('not_found', 'no receiver of events is configured')
    const issuer = publicUrl()
    res.set('cache-control', CACHED).json({
      spec_version: '1_0',
      issuer,
      jwks_uri: joinUrl(issuer, SIGNAL_KEYS_PATH),
      delivery_methods_supported: [PUSH],
      // Streams are set up by the operator: receivers cannot add subjects.
      default_subjects: 'ALL',
    })
  }
}

/** Serves the public keys, the one that signs first. */
export function signalKeysRoute({ signalKeys }: SignalMetadataDeps): RequestHandler {
  return async (_req, res) => {
    if (!signalKeys) throw new Fault('not_found', 'no receiver of events is configured')
    res.set('cache-control', CACHED).json({ keys: await Promise.all(signalKeys.all.map(publicJwk)) })
  }
}
