/**
 * OAuth session of a signed-in person: one refresh token, and an access token per audience.
 *
 * @module
 */
import * as oidc from 'openid-client'
import type { CryptoKeyPair } from './proof-of-possession.ts'
import { endSession, isAlive, type RefreshState } from './session-end.ts'
import { isAboutTime, SignInError } from './sign-in-error.ts'

export type { CryptoKeyPair } from './proof-of-possession.ts'
export type { RefreshState } from './session-end.ts'

/** A signed-in person: tokens for each service, refreshed when they are needed, and the end of the session. */
export interface Session {
  /** The person's opaque sub. */
  readonly subject: string
  /**
   * An access token for exactly one service, cached until 30 seconds before it expires.
   *
   * @throws SignInError `session_ended`, `identity_unavailable`, or `audience_missing` when the sign-in did not ask for that service.
   */
  readonly tokenFor: (audience: string) => Promise<string>
  /** A new access token, bypassing the cache: for a token that was refused. */
  readonly freshTokenFor: (audience: string) => Promise<string>
  /** Checks whether the session is still alive at the identity provider. @throws SignInError `session_ended` or `identity_unavailable`. */
  readonly check: (audience: string) => Promise<void>
  /** Ends the session here, and at the identity provider if it responds. Idempotent. */
  readonly signOut: () => Promise<void>
  /** Waits for a running refresh, then drops all tokens without ending the session. A process that exits during a refresh loses the session. */
  readonly settle: () => Promise<void>
}

export type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

export interface SessionStart extends RefreshState {
  readonly configuration: () => Promise<oidc.Configuration>
  readonly subject: string
  /** The key that the refresh token is bound to. */
  readonly dpopKey?: CryptoKeyPair | undefined
  /** Stores each new refresh token before it is used. Must resolve when the token is durable, and must not reject. */
  readonly keep?: ((state: RefreshState) => Promise<void>) | undefined
  /** Called once when the identity provider reports that the session has ended. */
  readonly onEnded?: (() => void) | undefined
}

interface Cached {
  readonly token: string
  /** When the token is replaced, in milliseconds since 1970. */
  readonly staleAt: number
}

/** A token is replaced this long before it expires, in milliseconds. */
const STALE_BEFORE_END_MS = 30_000

/** Writes and logs nothing: only `keep` stores the refresh token. */
export function createSession(start: SessionStart): Session {
  const tokens = new RefreshedTokens(start)
  return {
    subject: start.subject,
    tokenFor: (audience) => tokens.get(audience),
    freshTokenFor: (audience) => tokens.renew(audience),
    check: (audience) => tokens.check(audience),
    signOut: () => tokens.end(),
    settle: () => tokens.settle(),
  }
}

/**
 * Serializes refreshes: the realm accepts each refresh token once, and ends the session when one is reused. The new token is stored before any
 * further refresh. A process that exits between the provider's response and `keep` loses the session, since the stored token is used up.
 */
class RefreshedTokens {
  readonly #start: SessionStart
  readonly #cached = new Map<string, Cached>()
  readonly #flights = new Map<string, Promise<string>>()
  #queue: Promise<unknown> = Promise.resolve()
  #state: RefreshState | undefined

  constructor(start: SessionStart) {
    this.#start = start
    this.#state = { refreshToken: start.refreshToken, idToken: start.idToken }
  }

  async get(audience: string): Promise<string> {
    if (this.#state === undefined) throw ended()
    const cached = this.#cached.get(audience)
    if (cached && Date.now() < cached.staleAt) return cached.token
    return await this.renew(audience)
  }

  /** Concurrent calls for one audience share one refresh. */
  async renew(audience: string): Promise<string> {
    const flight = this.#flights.get(audience) ?? this.#enqueue(() => this.#refresh(audience))
    this.#flights.set(audience, flight)
    return await flight.finally(() => this.#flights.delete(audience))
  }

  /** UserInfo may be wrong or silent; a refresh decides. */
  async check(audience: string): Promise<void> {
    const token = await this.get(audience)
    const isThere = await isAlive(await this.#start.configuration(), token, this.#start.dpopKey)
    if (!isThere) await this.renew(audience)
  }

  async end(): Promise<void> {
    await this.#enqueue(async () => {
      const state = this.#state
      this.#forget()
      if (state === undefined) return
      const configuration = await this.#start.configuration().catch(() => undefined)
      if (configuration === undefined) return
      await endSession(configuration, state, this.#start.dpopKey)
    })
  }

  async settle(): Promise<void> {
    await this.#enqueue(async () => this.#forget())
  }

  #forget(): void {
    this.#state = undefined
    this.#cached.clear()
  }

  async #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work)
    this.#queue = turn.catch(() => undefined)
    return await turn
  }

  async #refresh(audience: string): Promise<string> {
    const state = this.#state
    if (state === undefined) throw ended()
    const asked = Date.now()
    const answer = await this.#grant(state.refreshToken, audience)
    const subject = answer.claims()?.sub
    if (subject !== undefined && subject !== this.#start.subject) {
      throw new SignInError('invalid_response', 'the refreshed token is of another subject')
    }
    const next = {
      refreshToken: answer.refresh_token ?? state.refreshToken,
      idToken: answer.id_token ?? state.idToken,
    }
    // Signed out meanwhile: discards the new tokens.
    if (this.#state !== state) throw ended()
    this.#state = next
    await this.#start.keep?.(next)
    if (audienceOf(answer.access_token) !== audience) {
      throw new SignInError('audience_missing', 'the identity provider gave a token for another audience')
    }
    const lifeMs = (answer.expiresIn() ?? 0) * 1_000
    this.#cached.set(audience, { token: answer.access_token, staleAt: asked + lifeMs - STALE_BEFORE_END_MS })
    return answer.access_token
  }

  async #grant(refreshToken: string, audience: string): Promise<Tokens> {
    const configuration = await this.#start.configuration()
    const { dpopKey } = this.#start
    const options = dpopKey ? { DPoP: oidc.getDPoPHandle(configuration, dpopKey) } : {}
    try {
      return await oidc.refreshTokenGrant(configuration, refreshToken, { scope: `openid ${audience}` }, options)
    } catch (cause) {
      if (cause instanceof oidc.ResponseBodyError && cause.error === 'invalid_scope') {
        throw new SignInError('audience_missing', 'there is no such audience', { cause })
      }
      if (cause instanceof oidc.ResponseBodyError && ENDING.has(cause.error)) {
        this.#forget()
        this.#start.onEnded?.()
        throw new SignInError('session_ended', 'the identity provider ended the session', { cause })
      }
      if (isAboutTime(cause)) throw new SignInError('clock_wrong', 'the clocks are too far apart', { cause })
      throw new SignInError('identity_unavailable', 'the identity provider did not answer', { cause })
    }
  }
}

/** Errors of RFC 6749, section 5.2, after which this refresh token never works again. */
const ENDING: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])

const ended = (): SignInError => new SignInError('session_ended', 'the session was ended here')

/** The audience of an access token. Not verified: it comes directly from the issuer, and the service verifies it. */
function audienceOf(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const audience: unknown = typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined
    return Array.isArray(audience) && audience.length === 1 ? audience[0] : audience
  } catch {
    return undefined
  }
}
