/**
 * Verification of Security Event Tokens (SETs, RFC 8417) that are pushed (RFC 8935), for every receiver of ours: the one of the PDP and the one of services.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'

/** Media type of a delivery. */
export const SET_TYPE = 'application/secevent+jwt'

/** Error codes of RFC 8935, section 2.4. */
export const DELIVERY_ERRORS = [
  'invalid_request',
  'invalid_key',
  'invalid_issuer',
  'invalid_audience',
  'authentication_failed',
  'access_denied',
] as const
/** One of {@link DELIVERY_ERRORS}. */
export type DeliveryErrorCode = (typeof DELIVERY_ERRORS)[number]

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

/** What a SET has to be. */
export interface SetRules {
  readonly issuer: string
  readonly audience: string
  /** Never symmetric ones: a shared secret could be used to forge events. */
  readonly algorithms: readonly string[]
  readonly keyFor: JWTVerifyGetKey
  /** Greatest age by `iat`, in milliseconds. */
  readonly maxAgeMs: number
}

const TYP = 'secevent+jwt'
/** Tolerated clock skew to a transmitter, in seconds. */
const TOLERANCE = 5

/**
 * Verifies signature, `typ`, `iss`, `aud` and age of a SET, and that it has `jti` and `events`.
 *
 * @throws DeliveryError; Fault `identity_unavailable` when the transmitter's keys cannot be fetched.
 */
export async function verifySet(token: string, rules: SetRules): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, rules.keyFor, {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: [...rules.algorithms],
      typ: TYP,
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: rules.maxAgeMs / 1_000 - TOLERANCE,
      clockTolerance: TOLERANCE,
    })
    return payload
  } catch (cause) {
    if (areKeysUnavailable(cause))
      throw new Fault('identity_unavailable', 'the keys of a transmitter of security events cannot be fetched', {
        cause,
      })
    throw deliveryErrorOf(cause)
  }
}

/** `iss` before verification, to choose the keys. @throws DeliveryError `invalid_request` for a text that is no JWT. */
export function issuerOfSet(token: string): unknown {
  try {
    return decodeJwt(token).iss
  } catch (cause) {
    throw new DeliveryError('invalid_request', 'The body must be one SET, signed as a compact JWS.', { cause })
  }
}

/** Whether the keys of an issuer could not be fetched or read, as opposed to a signature that does not match them. */
export function areKeysUnavailable(cause: unknown): boolean {
  return (
    cause instanceof errors.JWKSTimeout ||
    cause instanceof TypeError ||
    (cause instanceof errors.JOSEError && cause.code === 'ERR_JOSE_GENERIC')
  )
}

/** Compares two secrets in constant time, whatever their lengths. */
export const isSameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function deliveryErrorOf(cause: unknown): DeliveryError {
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') return new DeliveryError('invalid_audience', 'aud: is not this receiver.', { cause })
    if (cause.claim === 'iss') return new DeliveryError('invalid_issuer', 'iss: is not known here.', { cause })
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
