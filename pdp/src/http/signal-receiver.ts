/**
 * Authenticates and verifies deliveries of security events (RFC 8935): the transmitter by its bearer or certificate, the SET by its signature, `typ`, `iss`,
 * `aud` and age.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import { type ClientTls, createIssuerKeys, type IssuerKeys } from '@mandate/service'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { SIGNAL_MAX_AGE_MS } from '../ports/signals.ts'
import { isKeyTrouble } from './caller.ts'
import { type ReadSet, readSet, SignalRefused } from './signal-events.ts'
import type { SignalTransmitter } from './signal-transmitters.ts'

/** Error codes of RFC 8935, section 2.4. */
export const DELIVERY_ERRORS = [
  'invalid_request',
  'invalid_key',
  'invalid_issuer',
  'invalid_audience',
  'authentication_failed',
  'access_denied',
] as const
type DeliveryErrorCode = (typeof DELIVERY_ERRORS)[number]

/** A delivery that is answered 400 with `err` and `description`. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly err: DeliveryErrorCode

  /** @param description - For the transmitter. Holds no value of the request. */
  constructor(err: DeliveryErrorCode, description: string, options?: ErrorOptions) {
    super(description, options)
    this.err = err
  }
}

export interface SignalReceiverOptions {
  readonly transmitters: readonly SignalTransmitter[]
  /** Issuer of the people that the PDP knows: `PDP_ISSUER`. */
  readonly peopleOf: string
  /** Certificate authorities for fetching the keys. @default the system's authorities */
  readonly tls?: ClientTls | undefined
}

/** A verified SET with the issuer of its transmitter. */
export interface ReceivedSet extends ReadSet {
  readonly issuer: string
}

interface Known {
  readonly transmitter: SignalTransmitter
  readonly keys: IssuerKeys
}

const TYP = 'secevent+jwt'
/** Tolerated clock skew to a transmitter, in seconds. */
const TOLERANCE = 5

/** Verifies deliveries of the configured transmitters. */
export class SignalReceiver {
  readonly #known: readonly Known[]
  readonly #peopleOf: string

  constructor({ transmitters, peopleOf, tls }: SignalReceiverOptions) {
    this.#peopleOf = peopleOf
    this.#known = transmitters.map((transmitter) => ({
      transmitter,
      keys: createIssuerKeys(new URL(transmitter.jwks_url), { tls }),
    }))
  }

  /** Closes the connections to the transmitters. */
  async close(): Promise<void> {
    await Promise.all(this.#known.map(({ keys }) => keys.close()))
  }

  /**
   * Finds who may be sending, by the `Authorization` headers. A transmitter without a bearer is authenticated by its certificate, in the listener.
   *
   * @throws DeliveryError `authentication_failed`.
   */
  authenticate(authorizations: readonly string[]): readonly string[] {
    const [authorization = '', ...more] = authorizations
    const bearer = /^Bearer (\S+)$/iu.exec(authorization)?.[1]
    const senders = this.#known.filter(({ transmitter }) =>
      transmitter.bearer === undefined
        ? authorization === ''
        : bearer !== undefined && [transmitter.bearer].flat().some((one) => isSame(bearer, one)),
    )
    if (more.length > 0 || senders.length === 0)
      throw new DeliveryError('authentication_failed', 'The transmitter is not authenticated.')
    return senders.map(({ transmitter }) => transmitter.issuer)
  }

  /**
   * Verifies a SET.
   *
   * @param senders - Issuers that the sender may speak for, of {@link authenticate}.
   * @throws DeliveryError; Fault `identity_unavailable` when the transmitter's keys cannot be fetched.
   */
  async verify(token: string, senders: readonly string[]): Promise<ReceivedSet> {
    const issuer = issuerOf(token)
    const known = this.#known.find(({ transmitter }) => transmitter.issuer === issuer)
    if (!known) throw new DeliveryError('invalid_issuer', 'iss: is not known here.')
    if (!senders.includes(known.transmitter.issuer))
      throw new DeliveryError('access_denied', 'The transmitter may not send SETs of this issuer.')
    const claims = await this.#claims(token, known)
    const { issuer: from, credential_change: credentialChange } = known.transmitter
    try {
      return { issuer: from, ...readSet(claims, { peopleOf: this.#peopleOf, credentialChange }) }
    } catch (cause) {
      if (cause instanceof SignalRefused) throw new DeliveryError('invalid_request', cause.message, { cause })
      throw cause
    }
  }

  async #claims(token: string, { transmitter, keys }: Known): Promise<JWTPayload> {
    const { issuer, audience, algorithms } = transmitter
    try {
      const { payload } = await jwtVerify(token, keys.keyFor, {
        issuer,
        audience,
        algorithms,
        typ: TYP,
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: SIGNAL_MAX_AGE_MS / 1_000 - TOLERANCE,
        clockTolerance: TOLERANCE,
      })
      return payload
    } catch (cause) {
      if (isKeyTrouble(cause))
        throw new Fault('identity_unavailable', 'the keys of a transmitter of security events cannot be fetched', {
          cause,
        })
      throw deliveryErrorOf(cause)
    }
  }
}

const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Reads `iss` before verification, to choose the keys. */
function issuerOf(token: string): unknown {
  try {
    return decodeJwt(token).iss
  } catch (cause) {
    throw new DeliveryError('invalid_request', 'The body must be one SET, signed as a compact JWS.', { cause })
  }
}

function deliveryErrorOf(cause: unknown): DeliveryError {
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') return new DeliveryError('invalid_audience', 'aud: is not this PDP.', { cause })
    return new DeliveryError('invalid_request', `${cause.claim}: is missing or not acceptable.`, { cause })
  }
  if (cause instanceof errors.JWTExpired)
    return new DeliveryError('invalid_request', 'iat: is too long ago, or the SET has an exp.', { cause })
  if (
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JWSSignatureVerificationFailed ||
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys
  )
    return new DeliveryError('invalid_key', 'The signature, its key or its algorithm is not acceptable.', { cause })
  return new DeliveryError('invalid_request', 'The SET is not valid.', { cause })
}
