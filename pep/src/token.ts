/**
 * Verifies access tokens by jose: signature by a listed algorithm, issuer and audience character by character, times, and the kind of token. Then reads
 * who asks from the claims that the provider's mapping names.
 *
 * @module
 */
import { Fault, idSchema, personaNameSchema } from '@mandate/protocol'
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
import type { Discover } from './discovery.ts'
import { type CheckedProvider, readClaim } from './provider.ts'

export interface TokenRules {
  readonly issuer: string
  /** The audience that a token must have, and the only one beside the provider's `otherAudiences`. */
  readonly audience: string
  readonly provider: CheckedProvider
  readonly discover: Discover
  /** Time for one fetch of the keys, in milliseconds. */
  readonly jwksTimeoutMs: number
  /** Connections to the issuer. */
  readonly dispatcher: Dispatcher
}

/** What a verified token says. */
export interface Claims {
  readonly sub: string
  /** The client that the token was issued to. */
  readonly azp: string
  readonly sid?: string | undefined
  /** The client id, in tokens of a client's own account only. */
  readonly svc?: string | undefined
  /** The agent that the token names as the actor. */
  readonly actor?: string | undefined
  /** The persona that the token is bound to. */
  readonly persona?: string | undefined
  readonly scopes?: readonly string[]
  readonly iat: number
  readonly exp: number
}

export interface TokenVerifier {
  /**
   * @throws Fault `unauthenticated` for a token that is not valid here, `identity_unavailable` when the issuer's keys cannot be fetched.
   */
  readonly verify: (token: string) => Promise<Claims>
  /** The RSA key of a `kid`, from the same cache. */
  readonly keyOf: (kid: string) => Promise<CryptoKey>
}

const REQUIRED = ['exp', 'iat', 'aud', 'iss']
/** Clock tolerance in seconds: a token is accepted until this long after its `exp`. */
export const CLOCK_TOLERANCE_S = 5

const claimsSchema = z.object({
  /** OpenID Connect Core 1.0, section 2: at most 255 characters. */
  sub: idSchema.refine((sub) => sub.length <= 255, 'must be at most 255 characters'),
  azp: idSchema,
  sid: idSchema.optional(),
  actor: idSchema.optional(),
  persona: personaNameSchema.optional(),
  scopes: z
    .union([z.string().transform((scopes) => scopes.split(' ').filter(Boolean)), z.array(z.string())])
    .default([]),
  iat: z.number(),
  exp: z.int(),
})
/** Claims that contradict an access token for a bearer. */
const kindSchema = z.object({
  /** Keycloak's own word: an ID or refresh token says otherwise. */
  typ: z.literal('Bearer').optional(),
  /** A sender-constrained token is refused as a bearer token. */
  cnf: z.undefined().optional(),
  /** Of a logout token, and of a security event. */
  events: z.undefined().optional(),
})
/** Claims that stand in ID tokens alone. */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash']

export function createTokenVerifier(tokenRules: TokenRules): TokenVerifier {
  const { issuer, audience, provider } = tokenRules
  const keysOf = createKeySource(tokenRules)
  const getKey: JWTVerifyGetKey = async (header, token) => {
    const keys = await keysOf()
    try {
      return await keys.keyFor(header, token)
    } catch (error) {
      throw keyError(error, keys, header)
    }
  }
  const rules = {
    issuer,
    audience,
    algorithms: [...provider.algorithms],
    requiredClaims: REQUIRED,
    maxTokenAge: provider.maxTokenAgeSeconds,
    clockTolerance: CLOCK_TOLERANCE_S,
  }
  return {
    verify: async (token) => {
      const { payload, protectedHeader } = await jwtVerify(token, getKey, rules).catch((error: unknown) => {
        throw error instanceof Fault ? error : refused('jose refuses it', error)
      })
      checkKind(provider, protectedHeader, payload)
      checkAudiences(tokenRules, payload)
      return readClaims(provider, payload)
    },
    keyOf: async (kid) => await (await keysOf()).rsaKey(kid),
  }
}

/** The key set at the address that discovery names now. @returns a function that throws Fault `identity_unavailable`. */
function createKeySource({ discover, jwksTimeoutMs, dispatcher }: TokenRules): () => Promise<IssuerKeys> {
  let current: { readonly uri: string; readonly keys: IssuerKeys } | undefined
  return async () => {
    const { jwksUri } = await discover().catch((error: unknown) => {
      throw unavailable('the discovery document of the issuer cannot be had', error)
    })
    if (current?.uri !== jwksUri)
      current = {
        uri: jwksUri,
        keys: createIssuerKeys(new URL(jwksUri), { timeoutMs: jwksTimeoutMs, dispatcher }),
      }
    return current.keys
  }
}

/** Refuses what is signed by the issuer for this audience and is no access token. */
function checkKind({ tokenType }: CheckedProvider, { typ }: JWSHeaderParameters, payload: JWTPayload): void {
  // RFC 7515, section 4.1.9: `application/` may be left out, and media types ignore case.
  if (typ !== undefined && typeof typ !== 'string') throw refused('its type is no text')
  const type = typ?.toLowerCase().replace(/^application\//u, '')
  const kind = kindSchema.safeParse(payload)
  if (!kind.success) throw refused('it is no bearer access token', kind.error)
  if (type === 'at+jwt') {
    if (tokenType === 'at+jwt' && payload.jti === undefined) throw refused('it has no jti (RFC 9068)')
    return
  }
  if (tokenType === 'at+jwt') throw refused(`its type is ${type ?? 'missing'}, not at+jwt`)
  if (type !== undefined && type !== 'jwt') throw refused(`its type is ${type}`)
  if (ID_TOKEN_CLAIMS.some((name) => payload[name] !== undefined)) throw refused('it is an ID token')
}

function checkAudiences({ audience, provider }: TokenRules, { aud }: JWTPayload): void {
  const others = [aud ?? []].flat().filter((each) => each !== audience)
  if (others.some((each) => !provider.otherAudiences.includes(each)))
    throw refused('it has several audiences, of which otherAudiences does not name each')
}

function readClaims({ claims: from }: CheckedProvider, payload: JWTPayload): Claims {
  const read = (name: Exclude<keyof typeof from, 'service'>): unknown => readClaim(payload, from[name])
  const [subject, client] = [read('subject'), read('client')]
  const svc = payload['svc']
  const isService = from.service?.(payload) ?? (svc !== undefined || (subject !== undefined && subject === client))
  const parsed = claimsSchema.safeParse({
    // A client's own token need not name a person.
    sub: subject ?? (isService ? client : undefined),
    azp: client,
    sid: read('session'),
    actor: read('actor'),
    persona: read('persona'),
    scopes: read('scopes'),
    iat: payload.iat,
    exp: payload.exp,
  })
  if (!parsed.success) throw refused('a claim is missing or malformed', parsed.error)
  if (svc !== undefined && svc !== client) throw refused('svc and the client differ')
  return { ...parsed.data, ...(isService ? { svc: parsed.data.azp } : {}) }
}

/** When keys are known but not this one, the token is refused, even while the identity provider is down. Without any keys it is `identity_unavailable`. */
function keyError(error: unknown, keys: IssuerKeys, header: JWSHeaderParameters): Fault {
  const refusal = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
  if (keys.isUnknown(header.kid) || refusal) return refused('no key of the issuer fits', error)
  if (error instanceof errors.JOSENotSupported) return refused('its key is of no use', error)
  return unavailable("the issuer's keys cannot be had", error)
}

function refused(message: string, cause?: unknown): Fault {
  return new Fault('unauthenticated', `the token is refused: ${message}`, { cause })
}

function unavailable(message: string, cause: unknown): Fault {
  return new Fault('identity_unavailable', message, { cause, members: { retry_after: 5 } })
}
