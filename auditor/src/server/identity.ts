/**
 * The identity provider, as the confidential client of the auditor's workplace sees it: code flow with PKCE, refresh, the end of a session.
 *
 * @module
 */
import { Fault, joinUrl } from '@mandate/protocol'
import * as oidc from 'openid-client'

export interface IdentityOptions {
  readonly issuer: string
  /** Where the issuer answers from inside, when that is not its public address. */
  readonly identityUrl?: string | undefined
  readonly clientId: string
  readonly clientSecret: string
  /** What is asked for beside `openid`: reading at the PDP. */
  readonly scope: string
  /** The `acr` that asks for a second factor. */
  readonly stepUpAcr: string
  readonly redirectUri: string
  readonly signedOutUri: string
  /** Reaches the provider. */
  readonly fetch: typeof fetch
}

/** What a session holds. None of it ever reaches a browser, but `idToken` in the address that ends the session at its provider. */
export interface Tokens {
  /** Whose they are: the `sub` of the ID token. */
  readonly subject: string
  readonly access: string
  readonly refresh: string
  readonly idToken: string
  /** When `access` runs out, in epoch milliseconds. */
  readonly expiresAt: number
}

/** A sign-in under way. The browser carries it, and cannot read it. */
export interface Pending {
  readonly verifier: string
  readonly state: string
  readonly nonce: string
  /** Whether a second factor was asked for. */
  readonly stepUp?: boolean | undefined
}

export interface Identity {
  /** Where to send the browser, and what to remember until it is back. `stepUp` asks for a second factor, also in a session that began without. */
  begin(options?: { readonly stepUp: boolean }): Promise<{ readonly url: URL; readonly pending: Pending }>
  /** @throws Fault `unauthenticated` when the provider refuses, `identity_unavailable` when it does not answer. */
  finish(callback: URL, pending: Pending): Promise<Tokens>
  /** @throws Fault as {@link finish}. A refresh token is good once. */
  refresh(tokens: Tokens): Promise<Tokens>
  /** Ends the session at the provider. Where it does not answer, the session runs out by itself. */
  revoke(tokens: Tokens): Promise<void>
  endSessionUrl(tokens: Tokens): Promise<URL>
  /** Rejects when the provider cannot be discovered. */
  check(): Promise<void>
}

const TIMEOUT_S = 10

export function createIdentity(options: IdentityOptions): Identity {
  const { redirectUri, signedOutUri, stepUpAcr } = options
  const scope = `openid ${options.scope}`
  let discovered: Promise<oidc.Configuration> | undefined
  const configuration = (): Promise<oidc.Configuration> => {
    discovered ??= discover(options).catch((cause: unknown) => {
      discovered = undefined
      throw new Fault('identity_unavailable', 'the identity provider cannot be discovered', { cause })
    })
    return discovered
  }
  return {
    begin: async ({ stepUp } = { stepUp: false }) => {
      const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()]
      const pending = { verifier, state, nonce, stepUp }
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
        ...(stepUp ? { acr_values: stepUpAcr } : {}),
      })
      return { url, pending }
    },
    finish: async (callback, { verifier, state, nonce }) => {
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
      const config = await configuration()
      return tokensOf(await asked(() => oidc.authorizationCodeGrant(config, callback, checks)))
    },
    refresh: async (tokens) => {
      const config = await configuration()
      const answer = await asked(() => oidc.refreshTokenGrant(config, tokens.refresh, { scope }))
      return tokensOf(answer, tokens)
    },
    revoke: async (tokens) => {
      await oidc.tokenRevocation(await configuration(), tokens.refresh).catch(() => undefined)
    },
    endSessionUrl: async (tokens) =>
      oidc.buildEndSessionUrl(await configuration(), {
        id_token_hint: tokens.idToken,
        post_logout_redirect_uri: signedOutUri,
      }),
    check: async () => {
      await configuration()
    },
  }
}

async function discover(options: IdentityOptions): Promise<oidc.Configuration> {
  const { issuer, identityUrl, clientId, clientSecret, fetch } = options
  const inside = identityUrl ?? issuer
  // Plain HTTP towards the provider is for loopback and for a network of containers: whoever configures it says so by the address.
  const execute = [issuer, inside].some((url) => url.startsWith('http:')) ? [oidc.allowInsecureRequests] : []
  const outside = joinUrl(issuer, '/')
  const fromInside: oidc.CustomFetch = (url, init) =>
    fetch(url.startsWith(outside) ? joinUrl(inside, `/${url.slice(outside.length)}`) : url, init as RequestInit)
  const custom = { execute, timeout: TIMEOUT_S, [oidc.customFetch]: fromInside }
  const auth = oidc.ClientSecretBasic(clientSecret)
  return await oidc.discovery(new URL(issuer), clientId, undefined, auth, custom)
}

type Answer = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** Tells a provider that says no from one that does not answer. */
async function asked(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (cause) {
    const isNo = cause instanceof oidc.AuthorizationResponseError || cause instanceof oidc.ClientError
    const isRefused = cause instanceof oidc.ResponseBodyError && cause.status < 500
    const code = (isNo && !isOffline(cause)) || isRefused ? 'unauthenticated' : 'identity_unavailable'
    throw new Fault(code, 'the identity provider gave no tokens', { cause })
  }
}

function isOffline(error: oidc.ClientError | oidc.AuthorizationResponseError): boolean {
  return error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT'
}

function tokensOf(answer: Answer, before?: Tokens): Tokens {
  const refresh = answer.refresh_token ?? before?.refresh
  const idToken = answer.id_token ?? before?.idToken
  const subject = answer.claims()?.sub ?? before?.subject
  if (refresh === undefined || idToken === undefined || subject === undefined)
    throw new Fault('identity_unavailable', 'the identity provider gave no refresh token or no ID token')
  return {
    subject,
    access: answer.access_token,
    refresh,
    idToken,
    expiresAt: Date.now() + (answer.expiresIn() ?? 0) * 1_000,
  }
}
