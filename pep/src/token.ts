/**
 * Verifies access tokens by jose, before keycloak-connect sees them. keycloak-connect alone would accept a token without `exp`, with another
 * audience, of another client, or with a header that says `alg: none` (ADR 0030).
 *
 * @module
 */
import { Fault, idSchema } from '@mandate/protocol'
import { createIssuerKeys, type IssuerKeys } from '@mandate/service'
import {
  type CryptoKey,
  errors,
  type JWSHeaderParameters,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { Dispatcher } from 'undici'
import { z } from 'zod'

export interface TokenRules {
  readonly issuer: string
  /** The one audience that a token must have: a token for this and another service is refused. */
  readonly audience: string
  readonly jwksUri: string
  /** Time for one fetch of the keys, in milliseconds. */
  readonly jwksTimeoutMs: number
  /** Connections to the issuer. */
  readonly dispatcher: Dispatcher
}

/** Claims of a verified token. */
export interface Claims {
  readonly sub: string
  readonly azp: string
  readonly sid?: string | undefined
  /** The client id, in tokens of a client's own service account only. */
  readonly svc?: string | undefined
  readonly iat: number
  readonly exp: number
}

export interface TokenVerifier {
  /**
   * @throws Fault `unauthenticated` for a token that is not valid here, `identity_unavailable` when the issuer's keys cannot be fetched.
   */
  readonly verify: (token: string) => Promise<Claims>
  /** The verification key of a `kid`, from the same cache. */
  readonly keyOf: (kid: string) => Promise<CryptoKey>
}

/** Only RS256: keycloak-connect verifies no other algorithm, so the realm signs with it. */
const ALGORITHMS = ['RS256']
const REQUIRED = ['exp', 'iat', 'sub', 'azp', 'jti', 'aud', 'iss']
/** Clock tolerance in seconds: a token is accepted until this long after its `exp`. */
export const CLOCK_TOLERANCE_S = 5
/** Longest age of a token in seconds, counted from its `iat`, even if `exp` is later. */
export const MAX_TOKEN_AGE_S = 15 * 60

const claimsSchema = z.object({
  /** OpenID Connect Core 1.0, section 2: at most 255 characters. */
  sub: idSchema.refine((sub) => sub.length <= 255, 'must be at most 255 characters'),
  azp: idSchema,
  sid: idSchema.optional(),
  svc: idSchema.optional(),
  iat: z.number(),
  exp: z.int(),
  /** Keycloak's own word in the payload, beside `typ: at+jwt` in the header: an ID or refresh token says otherwise. */
  typ: z.literal('Bearer'),
  /** A sender-constrained token (`cnf`) is refused as a bearer token. */
  cnf: z.undefined().optional(),
})

export function createTokenVerifier(tokenRules: TokenRules): TokenVerifier {
  const { issuer, audience, jwksUri, jwksTimeoutMs, dispatcher } = tokenRules
  const keys = createIssuerKeys(new URL(jwksUri), { timeoutMs: jwksTimeoutMs, dispatcher })
  const getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keys.keyFor(header, token)
    } catch (error) {
      throw keyError(error, keys, header)
    }
  }
  const rules = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    typ: 'at+jwt',
    requiredClaims: REQUIRED,
    maxTokenAge: MAX_TOKEN_AGE_S,
    clockTolerance: CLOCK_TOLERANCE_S,
  }
  return {
    verify: async (token) => {
      const { payload } = await jwtVerify(token, getKey, rules).catch((error: unknown) => {
        throw error instanceof Fault ? error : refused('jose refuses it', error)
      })
      return readClaims(payload)
    },
    keyOf: keys.rsaKey,
  }
}

function readClaims(payload: JWTPayload): Claims {
  if (Array.isArray(payload.aud) && payload.aud.length !== 1) throw refused('it has several audiences')
  const parsed = claimsSchema.safeParse(payload)
  if (!parsed.success) throw refused('a claim is missing or malformed', parsed.error)
  const { sub, azp, sid, svc, iat, exp } = parsed.data
  if (svc !== undefined && svc !== azp) throw refused('svc and azp differ')
  return { sub, azp, sid, svc, iat, exp }
}

/** When keys are known but not this one, the token is refused, even while the identity provider is down. Without any keys it is `identity_unavailable`. */
function keyError(error: unknown, keys: IssuerKeys, header: JWSHeaderParameters): Fault {
  const refusal = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
  if (keys.isUnknown(header.kid) || refusal) return refused('no key of the issuer fits', error)
  if (error instanceof errors.JOSENotSupported) return refused('its key is of no use', error)
  return new Fault('identity_unavailable', "the issuer's keys cannot be had", {
    cause: error,
    members: { retry_after: 5 },
  })
}

function refused(message: string, cause?: unknown): Fault {
  return new Fault('unauthenticated', `the token is refused: ${message}`, { cause })
}
