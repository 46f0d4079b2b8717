/**
 * Sign-in of a native app (RFC 8252): system browser, loopback listener, PKCE. Independent of Electron.
 *
 * @module
 */
import * as oidc from 'openid-client'
import { z } from 'zod'
import { issuerSchema } from './address.ts'
import { createIdentity, type Identity } from './identity.ts'
import { type Loopback, listenOnLoopback } from './loopback.ts'
import { type CryptoKeyPair, createSession, type RefreshState, type Session, type Tokens } from './session.ts'
import { isAboutTime, SignInError } from './sign-in-error.ts'

export type { CryptoKeyPair, Session } from './session.ts'
export { SignInError, type SignInErrorCode } from './sign-in-error.ts'

interface BrowserOptions {
  /** One scope per service, which is its audience. `openid` is added. */
  readonly scopes: readonly string[]
  /** Opens the identity provider's page. May resolve before the person is done; a rejection ends the sign-in. */
  readonly openBrowser: (url: URL) => Promise<void> | void
  /** Time for the person to sign in, in milliseconds. @default 300000 */
  readonly timeoutMs?: number | undefined
  /** Cancels the sign-in. */
  readonly signal?: AbortSignal | undefined
}

/** Where and as which client to sign in (RFC 8252: system browser, PKCE, loopback or private-use redirect). */
export interface SignInOptions extends BrowserOptions {
  readonly issuer: string
  readonly clientId: string
  /** DPoP: `true` makes a key for this session; a key pair is used as it is. @default true */
  readonly dpop?: boolean | CryptoKeyPair
}

/** Result of a sign-in: subject and tokens. */
export interface SignedIn extends RefreshState {
  readonly subject: string
}

const TIMEOUT_MS = 300_000
const optionsSchema = z.strictObject({
  issuer: issuerSchema,
  clientId: z.string().min(1),
  scopes: z.array(z.string().regex(/^[\w-]+$/u, 'must be the name of a scope')).min(1),
  openBrowser: z.custom<SignInOptions['openBrowser']>((value) => typeof value === 'function', 'must be a function'),
  timeoutMs: z.int().min(1).max(3_600_000).default(TIMEOUT_MS),
  signal: z.instanceof(AbortSignal).optional(),
  dpop: z.union([z.boolean(), z.custom<CryptoKeyPair>((value) => typeof value === 'object')]).default(true),
})

/**
 * Signs a person in.
 *
 * @throws TypeError naming every bad option; SignInError with a code for everything else.
 */
export async function signIn(options: SignInOptions): Promise<Session> {
  const parsed = optionsSchema.safeParse(options)
  if (!parsed.success) throw new TypeError(`signIn: ${z.prettifyError(parsed.error)}`)
  const { issuer, clientId, dpop, ...browser } = parsed.data
  const identity = createIdentity({ issuer, clientId })
  const dpopKey = dpop === true ? await oidc.randomDPoPKeyPair('ES256') : dpop || undefined
  const signedIn = await signInWithBrowser(identity, browser, dpopKey)
  return createSession({ configuration: identity.configuration, dpopKey, ...signedIn })
}

/**
 * Signs a person in and returns the tokens, for callers that store them.
 *
 * @throws SignInError
 */
export async function signInWithBrowser(
  identity: Identity,
  options: BrowserOptions,
  dpopKey: CryptoKeyPair | undefined,
): Promise<SignedIn> {
  throwIfCancelled(options.signal)
  const config = await identity.configuration()
  // Also verifies the ID token's signature (OpenID Connect Core, 3.1.3.7).
  oidc.enableNonRepudiationChecks(config)
  const dpop = dpopKey && oidc.getDPoPHandle(config, dpopKey)
  const { tokens, subject } = await authorize(config, options, dpop)
  if (tokens.refresh_token === undefined || tokens.id_token === undefined) {
    throw new SignInError('invalid_response', 'the identity provider gave no refresh token or no ID token')
  }
  return { subject, refreshToken: tokens.refresh_token, idToken: tokens.id_token }
}

interface Authorized {
  readonly tokens: Tokens
  readonly subject: string
}

async function authorize(
  config: oidc.Configuration,
  options: BrowserOptions,
  dpop: oidc.DPoPHandle | undefined,
): Promise<Authorized> {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const loopback = await listenOnLoopback(state)
  try {
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: loopback.redirectUri,
      scope: ['openid', ...options.scopes].join(' '),
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(dpop ? { dpop_jkt: await dpop.calculateThumbprint() } : {}),
    })
    const answer = await awaitAnswer(loopback, url, options)
    checkAnswer(answer, config.serverMetadata().issuer)
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    return await exchange(config, answer, checks, dpop)
  } finally {
    await loopback.close()
  }
}

/** Resolves with the response; rejects on timeout, cancellation, or when the browser cannot be opened. */
async function awaitAnswer(
  { answered }: Loopback,
  url: URL,
  { openBrowser, timeoutMs = TIMEOUT_MS, signal }: BrowserOptions,
): Promise<URL> {
  const given = new AbortController()
  const timeout = AbortSignal.timeout(timeoutMs)
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const once = { once: true, signal: given.signal }
  timeout.addEventListener('abort', () => reject(new SignInError('timed_out', 'the sign-in timed out')), once)
  signal?.addEventListener('abort', () => reject(new SignInError('cancelled', 'the sign-in was cancelled')), once)
  try {
    throwIfCancelled(signal)
    const opened = Promise.resolve(openBrowser(url)).then(() => answered)
    return await Promise.race([answered, opened, ended])
  } finally {
    given.abort()
  }
}

/** Checks `iss` (RFC 9207), which prevents mix-up attacks. */
function checkAnswer(answer: URL, issuer: string): void {
  if (answer.searchParams.get('iss') !== issuer) throw new SignInError('invalid_response', 'another issuer answered')
  if (answer.searchParams.has('error')) throw new SignInError('refused', 'the identity provider refused')
}

async function exchange(
  config: oidc.Configuration,
  answer: URL,
  checks: oidc.AuthorizationCodeGrantChecks,
  dpop: oidc.DPoPHandle | undefined,
): Promise<Authorized> {
  try {
    const tokens = await oidc.authorizationCodeGrant(config, answer, checks, undefined, dpop ? { DPoP: dpop } : {})
    const subject = tokens.claims()?.sub
    if (subject === undefined) throw new SignInError('invalid_response', 'the ID token has no sub')
    return { tokens, subject }
  } catch (cause) {
    if (cause instanceof SignInError) throw cause
    if (isAboutTime(cause)) throw new SignInError('clock_wrong', 'the clocks are too far apart', { cause })
    if (cause instanceof oidc.ResponseBodyError && cause.status < 500) {
      throw new SignInError('refused', 'the identity provider refused the code', { cause })
    }
    throw new SignInError(isAway(cause) ? 'identity_unavailable' : 'invalid_response', 'the code bought no tokens', {
      cause,
    })
  }
}

/** Whether an error means that the provider is unavailable. Any other error is treated as an invalid response. */
function isAway(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof oidc.ResponseBodyError) return true
  if (!(error instanceof oidc.ClientError)) return false
  const hasFailed = error.cause instanceof Response && error.cause.status >= 500
  return hasFailed || error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT'
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SignInError('cancelled', 'the sign-in was cancelled')
}
