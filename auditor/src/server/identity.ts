/**
 * OpenID Connect client of the auditor's server (a confidential client): authorization code flow with PKCE, refresh, and logout.
 *
 * @module
 */
import { Fault, joinUrl } from '@mandate/protocol'
import * as oidc from 'openid-client'

/** Options of {@link createIdentity}. */
export interface IdentityOptions {
  readonly issuer: string
  /** Internal URL of the issuer, when it differs from its public URL. */
  readonly identityUrl?: string | undefined
  readonly clientId: string
  /** Read for each request: the new secret and the former one, while it is rotated. The one that was accepted last is tried first. */
  readonly clientSecrets: () => readonly string[]
  /** Scope to request besides `openid`: read access to the PDP. */
  readonly scope: string
  /** `acr_values` that requests a second factor. */
  readonly stepUpAcr: string
  readonly redirectUri: string
  readonly signedOutUri: string
  /** Fetch with the client's TLS settings. */
  readonly fetch: typeof fetch
}

/** Tokens of a session. They are not sent to the browser, except `idToken` as `id_token_hint` in the logout URL. */
export interface Tokens {
  /** `sub` claim of the ID token. */
  readonly subject: string
  readonly access: string
  readonly refresh: string
  readonly idToken: string
  /** Expiry of `access`, in epoch milliseconds. */
  readonly expiresAt: number
}

/** State of a sign-in in progress. Stored encrypted in a cookie. */
export interface Pending {
  readonly verifier: string
  readonly state: string
  readonly nonce: string
  /** Whether a second factor was requested. */
  readonly stepUp?: boolean | undefined
}

/** The identity provider. */
export interface Identity {
  /** Starts a sign-in: the authorization URL, and the state to keep until the callback. `stepUp` requests a second factor, also in an existing session. */
  begin(options?: { readonly stepUp: boolean }): Promise<{ readonly url: URL; readonly pending: Pending }>
  /** Exchanges the callback's code. @throws Fault `unauthenticated` when the provider refuses, `identity_unavailable` when it does not respond. */
  finish(callback: URL, pending: Pending): Promise<Tokens>
  /** Renews the tokens. A refresh token can be used once. @throws Fault as {@link finish}. */
  refresh(tokens: Tokens): Promise<Tokens>
  /** Revokes the refresh token. Errors are ignored: the provider's session then expires by itself. */
  revoke(tokens: Tokens): Promise<void>
  /** URL that ends the session at the provider (RP-initiated logout). */
  endSessionUrl(tokens: Tokens): Promise<URL>
  /** Rejects when the provider cannot be discovered. */
  check(): Promise<void>
}

const TIMEOUT_S = 10

/** Creates the client. The provider is discovered with the first call, and again after a failure. */
export function createIdentity(options: IdentityOptions): Identity {
  const { redirectUri, signedOutUri, stepUpAcr } = options
  const scope = `openid ${options.scope}`
  const { configuration, asClient } = createClients(options)
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
      return tokensOf(await asClient((config) => oidc.authorizationCodeGrant(config, callback, checks)))
    },
    refresh: async (tokens) => {
      const answer = await asClient((config) => oidc.refreshTokenGrant(config, tokens.refresh, { scope }))
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

/** The client by each of its secrets. The provider is discovered once for each, and again after a failure. */
function createClients(options: IdentityOptions) {
  const discovered = new Map<string, Promise<oidc.Configuration>>()
  let accepted: string | undefined
  const bySecret = (secret: string): Promise<oidc.Configuration> => {
    const known = discovered.get(secret)
    if (known) return known
    const found = discover(options, secret).catch((cause: unknown) => {
      discovered.delete(secret)
      throw new Fault('identity_unavailable', 'the identity provider cannot be discovered', { cause })
    })
    discovered.set(secret, found)
    return found
  }
  /** The secrets in the order in which they are tried. Former ones are forgotten. */
  const secrets = (): readonly string[] => {
    const all = options.clientSecrets()
    for (const known of discovered.keys()) if (!all.includes(known)) discovered.delete(known)
    return all.toSorted((one, other) => Number(other === accepted) - Number(one === accepted))
  }
  return {
    configuration: () => bySecret(secrets()[0] ?? ''),
    /** Requests tokens. A refused secret is followed by the next: the provider checks the client before it takes the code or refresh token. */
    asClient: async (ask: (config: oidc.Configuration) => Promise<TokenResponse>): Promise<TokenResponse> => {
      let refusal: unknown
      for (const secret of secrets()) {
        const config = await bySecret(secret)
        try {
          const answer = await requestTokens(() => ask(config))
          accepted = secret
          return answer
        } catch (error) {
          if (!isAboutClient(error)) throw error
          refusal = error
        }
      }
      throw refusal
    },
  }
}

const isAboutClient = (error: unknown): boolean =>
  error instanceof Fault &&
  error.cause instanceof oidc.ResponseBodyError &&
  ['invalid_client', 'unauthorized_client'].includes(error.cause.error)

async function discover(options: IdentityOptions, clientSecret: string): Promise<oidc.Configuration> {
  const { issuer, identityUrl, clientId, fetch } = options
  const inside = identityUrl ?? issuer
  // Plain HTTP is allowed if the configured URL has it: the configuration accepts it only for loopback and listed hosts.
  const execute = [issuer, inside].some((url) => url.startsWith('http:')) ? [oidc.allowInsecureRequests] : []
  const outside = joinUrl(issuer, '/')
  const internalFetch: oidc.CustomFetch = (url, init) =>
    fetch(url.startsWith(outside) ? joinUrl(inside, `/${url.slice(outside.length)}`) : url, init as RequestInit)
  const custom = { execute, timeout: TIMEOUT_S, [oidc.customFetch]: internalFetch }
  const auth = oidc.ClientSecretBasic(clientSecret)
  return await oidc.discovery(new URL(issuer), clientId, undefined, auth, custom)
}

type TokenResponse = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** Maps errors of the token endpoint: a refusal to `unauthenticated`, anything else to `identity_unavailable`. */
async function requestTokens(ask: () => Promise<TokenResponse>): Promise<TokenResponse> {
  try {
    return await ask()
  } catch (cause) {
    const isRejection = cause instanceof oidc.AuthorizationResponseError || cause instanceof oidc.ClientError
    const isRefused = cause instanceof oidc.ResponseBodyError && cause.status < 500
    const code = (isRejection && !isOffline(cause)) || isRefused ? 'unauthenticated' : 'identity_unavailable'
    throw new Fault(code, 'the identity provider returned no tokens', { cause })
  }
}

function isOffline(error: oidc.ClientError | oidc.AuthorizationResponseError): boolean {
  return error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT'
}

function tokensOf(answer: TokenResponse, before?: Tokens): Tokens {
  const refresh = answer.refresh_token ?? before?.refresh
  const idToken = answer.id_token ?? before?.idToken
  const subject = answer.claims()?.sub ?? before?.subject
  if (refresh === undefined || idToken === undefined || subject === undefined)
    throw new Fault('identity_unavailable', 'the identity provider returned no refresh token or no ID token')
  return {
    subject,
    access: answer.access_token,
    refresh,
    idToken,
    expiresAt: Date.now() + (answer.expiresIn() ?? 0) * 1_000,
  }
}
