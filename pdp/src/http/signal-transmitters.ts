/**
 * Setting `PDP_SIGNALS`: the transmitters of security events (OpenID Shared Signals Framework 1.0) that this PDP listens to.
 *
 * @module
 */
import { setting } from '@mandate/service'
import { z } from 'zod'
import { bearerSchema, jsonArray } from '../list-settings.ts'

const CHANGE_TYPES = ['create', 'revoke', 'update', 'delete'] as const
/** How a credential changed (CAEP 1.0, section 3.3.1). */
export type CredentialChange = (typeof CHANGE_TYPES)[number]

/** Signature algorithms of SETs. None is symmetric: a shared secret could be used to forge events. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

/** One transmitter. Its events are about people of `PDP_ISSUER`. */
const transmitterSchema = z.strictObject({
  /** `iss` of its SETs, compared byte for byte. */
  issuer: setting.identifier,
  jwks_url: setting.exactUrl,
  /** `aud` of its SETs. */
  audience: z.string().min(1),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'ES256', 'EdDSA']),
  /** Sent as `Authorization: Bearer …`; two while it is replaced. Without it the listener must require client certificates. */
  bearer: z
    .union([bearerSchema, z.array(bearerSchema).min(1).max(2)], 'must be 32 to 256 characters of a bearer token')
    .optional(),
  /** Credential changes that end the sessions that began before. A new credential replaces none, so `create` is not among them by default. */
  credential_change: z.array(z.enum(CHANGE_TYPES)).default(['revoke', 'update', 'delete']),
})
/** A transmitter of security events, as configured. */
export type SignalTransmitter = z.output<typeof transmitterSchema>

/** A JSON array of transmitters. */
export const signalTransmittersSchema = jsonArray(transmitterSchema, 16, {
  what: 'an issuer',
  of: ({ issuer }) => issuer,
})

/** Finds transmitters whose requests nothing authenticates. */
export function signalMistakes(transmitters: readonly SignalTransmitter[], requiresClientCertificates: boolean) {
  if (requiresClientCertificates || transmitters.every(({ bearer }) => bearer !== undefined)) return []
  return ['PDP_SIGNALS: each transmitter needs a bearer, or PDP_TLS_CLIENT_CA_FILE must be set']
}
