/**
 * A signed-in person: one refresh token, and from it access tokens for one audience each.
 *
 * @module
 */
import * as oidc from 'openid-client'
import { SignInError } from './sign-in-error.ts'

export interface Session {
  /** The person's opaque sub. */
  readonly subject: string
  /**
   * An access token for exactly one service, cached until shortly before its end.
   *
   * @throws SignInError `session_ended`, `identity_unavailable`, or `audience_missing` when the sign-in did not ask for that service.
   */
  readonly tokenFor: (audience: string) => Promise<string>
  /** Ends the session at the identity provider, as far as that answers, and here in any case. Once is enough; twice does no harm. */
  readonly signOut: () => Promise<void>
}

export type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

export interface SessionStart {
  readonly config: oidc.Configuration
  readonly subject: string
  readonly refreshToken: string
  readonly idToken: string
  /** The key that the refresh token is bound to. */
  readonly dpop?: oidc.DPoPHandle | undefined
}

interface Cached {
  readonly token: string
  /** From here on another one is fetched, in milliseconds since 1970. */
  readonly staleAt: number
}

/** Tokens of five minutes are used until this much is left, in milliseconds. */
const STALE_BEFORE_END_MS = 30_000

/** Nothing here is written down or logged: the refresh token lives in this closure. */
export function createSession(start: SessionStart): Session {
  const tokens = new RefreshedTokens(start)
  return { subject: start.subject, tokenFor: (audience) => tokens.get(audience), signOut: () => tokens.end() }
}

/**
 * The realm takes each refresh token once, and kills the session when one comes twice: refreshes stand in one queue, and the newest
 * token replaces the old one before anything else uses it.
 */
class RefreshedTokens {
  readonly #start: SessionStart
  readonly #cached = new Map<string, Cached>()
  readonly #flights = new Map<string, Promise<string>>()
  #queue: Promise<unknown> = Promise.resolve()
  #refreshToken: string | undefined
  #idToken: string

  constructor(start: SessionStart) {
    this.#start = start
    this.#refreshToken = start.refreshToken
    this.#idToken = start.idToken
  }

  async get(audience: string): Promise<string> {
    if (this.#refreshToken === undefined) throw new SignInError('session_ended', 'the session was ended here')
    const cached = this.#cached.get(audience)
    if (cached && Date.now() < cached.staleAt) return cached.token
    const flight = this.#flights.get(audience) ?? this.#inTurn(() => this.#refresh(audience))
    this.#flights.set(audience, flight)
    return await flight.finally(() => this.#flights.delete(audience))
  }

  async end(): Promise<void> {
    await this.#inTurn(async () => {
      const refreshToken = this.#refreshToken
      this.#forget()
      if (refreshToken === undefined) return
      await endSession(this.#start.config, this.#idToken)
      await oidc.tokenRevocation(this.#start.config, refreshToken).catch(() => undefined)
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work)
    this.#queue = turn.catch(() => undefined)
    return await turn
  }

  async #refresh(audience: string): Promise<string> {
    const { config, dpop } = this.#start
    if (this.#refreshToken === undefined) throw new SignInError('session_ended', 'the session was ended here')
    const asked = Date.now()
    const answer = await this.#grant(config, this.#refreshToken, audience, dpop)
    this.#refreshToken = answer.refresh_token ?? this.#refreshToken
    this.#idToken = answer.id_token ?? this.#idToken
    if (audienceOf(answer.access_token) !== audience) {
      throw new SignInError('audience_missing', 'the identity provider gave a token for another audience')
    }
    const lifeMs = (answer.expiresIn() ?? 0) * 1_000
    this.#cached.set(audience, { token: answer.access_token, staleAt: asked + lifeMs - STALE_BEFORE_END_MS })
    return answer.access_token
  }

  async #grant(
    config: oidc.Configuration,
    refreshToken: string,
    audience: string,
    dpop: oidc.DPoPHandle | undefined,
  ): Promise<Tokens> {
    try {
      return await oidc.refreshTokenGrant(
        config,
        refreshToken,
        { scope: `openid ${audience}` },
        dpop ? { DPoP: dpop } : {},
      )
    } catch (cause) {
      if (cause instanceof oidc.ResponseBodyError && cause.error === 'invalid_scope') {
        throw new SignInError('audience_missing', 'there is no such audience', { cause })
      }
      if (cause instanceof oidc.ResponseBodyError && cause.status < 500) {
        this.#forget()
        throw new SignInError('session_ended', 'the identity provider refused to go on', { cause })
      }
      throw new SignInError('identity_unavailable', 'the identity provider did not answer', { cause })
    }
  }

  #forget(): void {
    this.#refreshToken = undefined
    this.#cached.clear()
  }
}

/** The one audience of an access token, read and not verified: it comes straight from the issuer, and its service verifies it. */
function audienceOf(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const audience: unknown = typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined
    return Array.isArray(audience) && audience.length === 1 ? audience[0] : audience
  } catch {
    return undefined
  }
}

const LOGOUT_TIMEOUT_MS = 10_000

/**
 * RP-initiated logout without the browser: it also tells the other services (back-channel), which revoking a token does not. An identity
 * provider that does not answer cannot keep a person signed in here.
 */
async function endSession(config: oidc.Configuration, idToken: string): Promise<void> {
  const endpoint = config.serverMetadata().end_session_endpoint
  if (endpoint === undefined) return
  const body = new URLSearchParams({ id_token_hint: idToken, client_id: config.clientMetadata().client_id })
  try {
    const signal = AbortSignal.timeout(LOGOUT_TIMEOUT_MS)
    const response = await fetch(endpoint, { method: 'POST', body, redirect: 'manual', signal })
    await response.body?.cancel()
  } catch {
    // Nothing to be done: the session ends by itself when it has been idle for long enough.
  }
}
