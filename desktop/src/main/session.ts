/**
 * A signed-in person: one refresh token, and from it access tokens for one audience each.
 *
 * @module
 */
import * as oidc from 'openid-client'
import { endSession, isAlive } from './session-end.ts'
import { isAboutTime, SignInError } from './sign-in-error.ts'

export interface Session {
  /** The person's opaque sub. */
  readonly subject: string
  /**
   * An access token for exactly one service, cached until shortly before its end.
   *
   * @throws SignInError `session_ended`, `identity_unavailable`, or `audience_missing` when the sign-in did not ask for that service.
   */
  readonly tokenFor: (audience: string) => Promise<string>
  /** The same, whatever is cached: for a token that was refused. */
  readonly freshTokenFor: (audience: string) => Promise<string>
  /** Looks whether the session still is. @throws SignInError `session_ended` or `identity_unavailable`. */
  readonly look: (audience: string) => Promise<void>
  /** Ends the session at the identity provider, as far as that answers, and here in any case. Once is enough; twice does no harm. */
  readonly signOut: () => Promise<void>
  /** Done when no refresh is under way any more: whoever ends the process earlier loses the session. Forgets all tokens, and tells nobody. */
  readonly settle: () => Promise<void>
}

export type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** A key pair whose private half cannot leave the process, unless it was made extractable. */
export type CryptoKeyPair = Awaited<ReturnType<typeof oidc.randomDPoPKeyPair>>

/** What changes with every refresh. */
export interface RefreshState {
  readonly refreshToken: string
  /** Only a hint at sign-out. */
  readonly idToken: string
}

export interface SessionStart extends RefreshState {
  readonly configuration: () => Promise<oidc.Configuration>
  readonly subject: string
  /** The key that the refresh token is bound to. */
  readonly dpopKey?: CryptoKeyPair | undefined
  /** Called with each new refresh token before anything else learns of it; done when it would survive a crash. It does not reject. */
  readonly keep?: ((state: RefreshState) => Promise<void>) | undefined
  /** Called once, when the identity provider says that the session is no more. */
  readonly onEnded?: (() => void) | undefined
}

interface Cached {
  readonly token: string
  /** From here on another one is fetched, in milliseconds since 1970. */
  readonly staleAt: number
}

/** Tokens of five minutes are used until this much is left, in milliseconds. */
const STALE_BEFORE_END_MS = 30_000

/** Nothing here is written down or logged: the refresh token lives in this closure, and in what `keep` makes of it. */
export function createSession(start: SessionStart): Session {
  const tokens = new RefreshedTokens(start)
  return {
    subject: start.subject,
    tokenFor: (audience) => tokens.get(audience),
    freshTokenFor: (audience) => tokens.renew(audience),
    look: (audience) => tokens.look(audience),
    signOut: () => tokens.end(),
    settle: () => tokens.settle(),
  }
}

/**
 * The realm takes each refresh token once, and kills the session when one comes twice: refreshes stand in one queue, and the newest
 * token replaces the old one before anything else uses it. A process that ends between the provider's answer and `keep` has lost the session:
 * the token that it kept is refused when it comes again.
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

  /** Whoever asks for the same while one is under way gets that one. */
  async renew(audience: string): Promise<string> {
    const flight = this.#flights.get(audience) ?? this.#inTurn(() => this.#refresh(audience))
    this.#flights.set(audience, flight)
    return await flight.finally(() => this.#flights.delete(audience))
  }

  /** Only a refresh says for sure that it is over. */
  async look(audience: string): Promise<void> {
    const token = await this.get(audience)
    const isThere = await isAlive(await this.#start.configuration(), token, this.#start.dpopKey)
    if (!isThere) await this.renew(audience)
  }

  async end(): Promise<void> {
    await this.#inTurn(async () => {
      const state = this.#state
      this.#forget()
      if (state === undefined) return
      const configuration = await this.#start.configuration().catch(() => undefined)
      if (configuration === undefined) return
      await endSession(configuration, state, this.#start.dpopKey)
    })
  }

  async settle(): Promise<void> {
    await this.#inTurn(async () => this.#forget())
  }

  #forget(): void {
    this.#state = undefined
    this.#cached.clear()
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
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
      throw new SignInError('invalid_response', 'the identity provider refreshed somebody else')
    }
    const next = {
      refreshToken: answer.refresh_token ?? state.refreshToken,
      idToken: answer.id_token ?? state.idToken,
    }
    // Signed out here in the meantime: what came too late is not kept.
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
        throw new SignInError('session_ended', 'the identity provider refused to go on', { cause })
      }
      if (isAboutTime(cause)) throw new SignInError('clock_wrong', 'the clocks are too far apart', { cause })
      throw new SignInError('identity_unavailable', 'the identity provider did not answer', { cause })
    }
  }
}

/** Of RFC 6749, section 5.2, those after which the same refresh token never works again. */
const ENDING: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])

const ended = (): SignInError => new SignInError('session_ended', 'the session was ended here')

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
