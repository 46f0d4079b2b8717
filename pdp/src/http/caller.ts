/**
 * Authenticates callers: verifies access tokens, logout tokens and API keys, and maps a token to a principal (rules A4, A6, A7, G1).
 *
 * @module
 */
import { type EpochMillis, Fault, hasSecondFactor, joinUrl, type PartyRef, refuse } from '@mandate/protocol'
import { areKeysUnavailable, type ClientTls, createIssuerKeys, type IssuerKeys, isSameSecret } from '@mandate/service'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { z } from 'zod'
import { keyHolder } from '../pap/keys.ts'
import { type Principal, ROLES, type Role } from '../pap/pap.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Clock } from '../ports/clock.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { KnownCallers } from '../ports/known-callers.ts'
import type { Sessions, Vault } from '../ports/stores.ts'
import { MAX_TOKEN_AGE } from '../ports/tokens.ts'
import { LruCache } from '../runtime/lru-cache.ts'
import { run, type Task, wait } from '../runtime/task.ts'
import { type TokenRefusal, tokenRefusal } from './refused-tokens.ts'

export interface CallerOptions {
  /** The tokens' `iss`, compared byte for byte. */
  readonly issuer: string
  /** Required `aud` of access tokens; no other audience may be listed. */
  readonly audience: string
  readonly interactiveClients: readonly string[]
  /** Scope that a person's token needs for requests that change state. */
  readonly adminScope: string
  /** `amr` or `acr` values that prove a second factor; roles are ignored without one. */
  readonly secondFactor: readonly string[]
  /** Resource types that each domain service is registered for, by client id. */
  readonly services: ReadonlyMap<string, readonly string[]>
  readonly known: KnownCallers
  readonly vault: Vault
  readonly sessions: Pick<Sessions, 'isEnded'>
  /** Passed once for each request, before anything is read from memory. */
  readonly barrier: Pick<ReadBarrier, 'pass'>
  readonly clock: Clock
  /** URL of the issuer's key set; found by discovery when absent. */
  readonly jwksUrl?: URL
  /** Called with the check of a token that failed, for the log. */
  readonly onRefused?: (refusal: TokenRefusal) => void
  /** Certificate authorities for fetching the keys. @default the system's authorities */
  readonly tls?: ClientTls | undefined
}

/** OpenID Connect Core 1.0, section 2: at most 255 characters. */
const subSchema = z.string().min(1).max(255)

const claimsSchema = z.looseObject({
  sub: subSchema,
  azp: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  typ: z.literal('Bearer').optional(),
  /** A string, or an array of one string: JWT permits both (RFC 7519, section 4.1.3). */
  aud: z.union([z.string(), z.tuple([z.string()])]),
  sid: z.string().optional(),
  svc: z.string().optional(),
  roles: z.array(z.string()).optional(),
  amr: z.array(z.string()).optional(),
  acr: z.string().optional(),
  scope: z.string().optional(),
  cnf: z.undefined().optional(),
})
type Claims = z.infer<typeof claimsSchema>

interface Verified {
  readonly claims: Claims
  /** Until when the token need not be verified again, in seconds since 1970. */
  readonly until: number
}

/** OpenID Connect Back-Channel Logout 1.0, section 2.4: with `sid` one session, otherwise every session of `sub`. */
const logoutSchema = z
  .looseObject({
    aud: z.union([z.string().transform((client) => [client]), z.array(z.string())]),
    iat: z.number(),
    sid: z.string().min(1).optional(),
    sub: subSchema.optional(),
    nonce: z.undefined().optional(),
    events: z.looseObject({ 'http://schemas.openid.net/event/backchannel-logout': z.looseObject({}) }),
  })
  .refine(({ sid, sub }) => sid !== undefined || sub !== undefined, 'names neither a session nor a person')

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
/** How long a verified token is not verified again, in seconds: a signing key that the issuer withdrew is good for no longer. */
const REMEMBERED_FOR = 60
/** Tolerated clock skew to the identity provider, in seconds. */
const TOLERANCE = 5
const REMEMBERED_TOKENS = 10_000
const API_KEY = /^Bearer (mk_[\w-]{1,128})$/iu

/** Verifies tokens and returns the principal. */
export class Callers {
  readonly #options: CallerOptions
  readonly #keys: IssuerKeys
  /** Claims of verified tokens, by the whole `Authorization` header. */
  readonly #verified = new LruCache<Verified>(REMEMBERED_TOKENS)

  constructor(options: CallerOptions) {
    this.#options = options
    // Keycloak's layout; other issuers are configured with the URL of their key set.
    const url = options.jwksUrl ?? new URL(joinUrl(options.issuer, '/protocol/openid-connect/certs'))
    this.#keys = createIssuerKeys(url, { tls: options.tls })
  }

  /** Closes the connections to the issuer. */
  close(): Promise<void> {
    return this.#keys.close()
  }

  /**
   * Authenticates a request by its `Authorization` header. There must be exactly one: two would be ambiguous.
   *
   * Passes the read barrier first, so that everything that is read from memory for this request is as new as the request.
   *
   * @throws Fault `unauthenticated`; `identity_unavailable` when the issuer's keys cannot be fetched; `relations_unavailable` when the invalidation
   *   log cannot be read.
   */
  identify(headers: readonly string[], origin: Principal['origin']): Awaitable<Principal> {
    return run(this.#identify(headers, origin))
  }

  *#identify(headers: readonly string[], origin: Principal['origin']): Task<Principal> {
    yield* wait(this.#options.barrier.pass())
    const [authorization] = headers
    if (headers.length > 1) throw invalid('Send one Authorization header.')
    if (authorization === undefined) throw refuse('unauthenticated', 'Send a bearer token.', challenge(false))
    const key = API_KEY.exec(authorization)?.[1]
    if (key) return yield* wait(this.#keyHolder(key, origin))
    const claims = this.#remembered(authorization) ?? (yield* this.#authorized(authorization))
    const principal = yield* this.#principalOf(claims, origin)
    // Checked for each request: only the verification of the token is cached.
    if (principal.session && this.#options.sessions.isEnded(principal.session)) throw invalid('Its session has ended.')
    return principal
  }

  #remembered(authorization: string): Claims | undefined {
    const verified = this.#verified.get(authorization)
    return verified && verified.until > Date.now() / 1000 ? verified.claims : undefined
  }

  /** Verifies the token of an `Authorization` header, and remembers it. */
  *#authorized(authorization: string): Task<Claims> {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(authorization)?.[1]
    if (!token)
      throw refuse(
        'unauthenticated',
        authorization ? 'Send one bearer token.' : 'Send a bearer token.',
        challenge(true),
      )
    const claims = claimsSchema.safeParse(yield* wait(this.#verify(token)))
    if (!claims.success) {
      this.#options.onRefused?.({ code: 'claims', claim: String(claims.error.issues[0]?.path[0]) })
      throw invalid('The token is not one of ours: claims are missing or of another kind.')
    }
    const { exp, iat } = claims.data
    const until = Math.min(exp, iat + MAX_TOKEN_AGE, Date.now() / 1000 + REMEMBERED_FOR)
    this.#verified.set(authorization, { claims: claims.data, until })
    return claims.data
  }

  /**
   * Verifies a logout token. Returns the session that it ends, or the person whose sessions all end (OpenID Connect Back-Channel Logout 1.0,
   * section 2.6).
   *
   * @throws Fault `invalid_request`; `identity_unavailable` when the issuer's keys cannot be fetched; `relations_unavailable` when the invalidation
   *   log cannot be read.
   */
  async endedSession(token: string): Promise<{
    readonly sid: string | undefined
    /** `iat` of the logout token: delivered late or twice, it ends no session that began after it. */
    readonly at: EpochMillis
    readonly until: EpochMillis
    readonly party: PartyRef | undefined
  }> {
    const { issuer, interactiveClients, vault, clock, barrier } = this.#options
    await barrier.pass()
    const claims = logoutSchema.safeParse(await this.#logoutClaims(token))
    if (!claims.success || !interactiveClients.some((client) => claims.data.aud.includes(client)))
      throw refuse('invalid_request', 'logout_token: was not issued for a client of this PDP.')
    const { sid, sub, iat } = claims.data
    // Without `sid` an unknown person is registered too, so that the logout is stored: their tokens can still arrive.
    const partyOf = (who: string) => (sid === undefined ? vault.pseudonymOf(issuer, who) : vault.known(issuer, who))
    const until = clock() + MAX_TOKEN_AGE * 1000
    return { sid, at: iat * 1000, until, party: sub === undefined ? undefined : await partyOf(sub) }
  }

  async #logoutClaims(token: string): Promise<JWTPayload> {
    try {
      const { issuer } = this.#options
      const rules = {
        issuer,
        algorithms: ALGORITHMS,
        typ: 'logout+jwt',
        maxTokenAge: '5 min',
        clockTolerance: TOLERANCE,
      }
      return (await jwtVerify(token, this.#keys.keyFor, { ...rules, requiredClaims: ['iat', 'jti', 'aud', 'exp'] }))
        .payload
    } catch (cause) {
      if (areKeysUnavailable(cause))
        throw new Fault('identity_unavailable', 'the keys of the issuer cannot be fetched', { cause })
      this.#options.onRefused?.(tokenRefusal(cause))
      throw refuse('invalid_request', 'logout_token: is not valid.')
    }
  }

  async #keyHolder(key: string, origin: Principal['origin']): Promise<Principal> {
    const { known, clock } = this.#options
    const holder = await keyHolder(key, { keys: known, clock }, origin)
    if (holder) return holder
    throw invalid('The key is not valid here.')
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.#options
    try {
      const { payload } = await jwtVerify(token, this.#keys.keyFor, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'azp', 'jti'],
        // jose adds the tolerance: the sum is MAX_TOKEN_AGE, for which ended sessions are stored.
        maxTokenAge: MAX_TOKEN_AGE - TOLERANCE,
        clockTolerance: TOLERANCE,
      })
      return payload
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) throw invalid('The token has expired.')
      if (areKeysUnavailable(cause))
        throw new Fault('identity_unavailable', 'the keys of the issuer cannot be fetched', { cause })
      this.#options.onRefused?.(tokenRefusal(cause))
      throw invalid('The token is not valid here.')
    }
  }

  *#principalOf(claims: Claims, origin: Principal['origin']): Task<Principal> {
    const { azp } = claims
    const principal = yield* claims.svc === undefined
      ? this.#personal(claims, origin)
      : this.#service(azp, claims, origin)
    return { ...principal, expiresAt: claims.exp * 1000 }
  }

  /** Maps a client's own token to a domain service, an agent, or a service without resource types. */
  *#service(azp: string, claims: Claims, origin: Principal['origin']): Task<Principal> {
    const base = { inPerson: false, roles: [], actor: undefined, origin }
    const types = this.#options.services.get(azp)
    if (types) return { ...base, party: undefined, name: `service:${azp}`, types }
    const { known } = this.#options
    const agent = yield* wait(known.agent(azp))
    if (!agent) return { ...base, party: undefined, name: `service:${azp}`, types: undefined }
    const serviceSub = agent.serviceSub ?? (yield* wait(known.bindAgent(azp, claims.sub)))
    if (!isSameSecret(serviceSub, claims.sub))
      throw invalid('The token is of another account than the registered agent.')
    return { ...base, party: `agent:${azp}`, name: `agent:${azp}`, types: undefined }
  }

  /** Maps a person's token, used in person or by a registered agent; rejects it from other clients (rule A7). */
  *#personal(claims: Claims, origin: Principal['origin']): Task<Principal> {
    const { azp, sub } = claims
    const { issuer, interactiveClients, known, vault } = this.#options
    const inPerson = interactiveClients.includes(azp)
    const agent = inPerson ? undefined : yield* wait(known.agent(azp))
    const actor: PartyRef | undefined = agent && `agent:${azp}`
    if (!inPerson && !actor) throw invalid('The token was issued to a client that may not speak for a person.')
    // The service account of an agent is no person (rule G1).
    if (agent?.serviceSub !== undefined && isSameSecret(agent.serviceSub, sub))
      throw invalid('The token is of the agent itself, and not marked as such.')
    // `iat` has whole seconds: a token issued within the second of the erasure counts as older.
    const party = yield* wait(vault.pseudonymOfToken(issuer, sub, claims.iat * 1000))
    if (!party) throw invalid('Its person was erased. Sign in anew.')
    const onlyReads = inPerson && !claims.scope?.split(' ').includes(this.#options.adminScope)
    const roles = inPerson ? this.#rolesOf(claims, onlyReads) : []
    const session = { sid: claims.sid, person: party, issuedAt: claims.iat * 1000 }
    const base = { party, name: party, inPerson, types: undefined, actor, roles, origin, session }
    return onlyReads ? { ...base, onlyReads } : base
  }

  /** Returns the roles of a token: none without a second factor, only `auditor` with a read-only scope. */
  #rolesOf(claims: Claims, onlyReads: boolean): readonly Role[] {
    if (!hasSecondFactor(claims, this.#options.secondFactor)) return []
    const held = ROLES.filter((role): role is Role => claims.roles?.includes(role) === true)
    return onlyReads ? held.filter((role) => role === 'auditor') : held
  }
}

const invalid = (detail: string): Fault => refuse('unauthenticated', detail, challenge(true))
const challenge = (sent: boolean) => ({ error: sent ? 'invalid_token' : 'missing_token' })
