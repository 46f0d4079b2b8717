/**
 * Setting `PDP_SIGNALS`: the transmitters of security events (OpenID Shared Signals Framework 1.0) that this PDP listens to.
 *
 * @module
 */
import { setting } from '@mandate/service'
import { z } from 'zod'

const CHANGE_TYPES = ['create', 'revoke', 'update', 'delete'] as const
/** How a credential changed (CAEP 1.0, section 3.3.1). */
export type CredentialChange = (typeof CHANGE_TYPES)[number]

/** Signature algorithms of SETs. None is symmetric: a shared secret could be used to forge events. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

const bearerSchema = z.string().regex(/^[\w.~+/-]{32,256}=*$/u)

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

const transmittersSchema = z.array(transmitterSchema).max(16)

/** A JSON array of transmitters. No message holds a value: it has secrets. */
export const signalTransmittersSchema = z.string().transform((text, context): readonly SignalTransmitter[] => {
  const parsed = transmittersSchema.safeParse(jsonOf(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue?.path.length ? `${issue.path.join('.')}: ` : ''
    context.addIssue({ code: 'custom', message: `${place}${issue?.message ?? 'is malformed'}` })
    return []
  }
  if (new Set(parsed.data.map(({ issuer }) => issuer)).size < parsed.data.length)
    context.addIssue({ code: 'custom', message: 'names an issuer twice' })
  return parsed.data
})

/** @returns `undefined` for a text that is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Finds transmitters whose requests nothing authenticates. */
export function signalMistakes(transmitters: readonly SignalTransmitter[], requiresClientCertificates: boolean) {
  if (requiresClientCertificates || transmitters.every(({ bearer }) => bearer !== undefined)) return []
  return ['PDP_SIGNALS: each transmitter needs a bearer, or PDP_TLS_CLIENT_CA_FILE must be set']
}
