/**
 * OAuth client for tests of the realm: sends real requests, without a browser.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Credentials, formBrowser } from '@mandate/keycloak'
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import * as oidc from 'openid-client'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** A client of the realm; `secret` is `undefined` for a public client. */
export interface RealmClient {
  readonly config: oidc.Configuration
  /** DPoP key of a public client: its refresh tokens are bound to it. */
  readonly dpop: oidc.DPoPHandle | undefined
  readonly dpopKey: oidc.CryptoKeyPair | undefined
}

export async function realmClient(issuer: string, clientId: string, secret?: string): Promise<RealmClient> {
  const authentication = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret)
  const insecure = { execute: [oidc.allowInsecureRequests] } // loopback only
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, authentication, insecure)
  const dpopKey = secret === undefined ? await oidc.randomDPoPKeyPair('ES256') : undefined
  return { config, dpop: dpopKey && oidc.getDPoPHandle(config, dpopKey), dpopKey }
}

/** Parameters that replace those of a valid sign-in; `undefined` removes one. */
export type Deviation = Readonly<Record<string, string | undefined>>

/**
 * Signs in: authorization code with PKCE over a loopback callback.
 *
 * @param cookies - The browser's. @default a fresh browser
 * @throws SignInRefusedError from Keycloak's pages, or openid-client's error when the callback carries one.
 */
export async function signIn(
  { config, dpop }: RealmClient,
  person: Credentials,
  scope: string,
  deviation: Deviation = {},
  cookies?: Map<string, string>,
): Promise<oidc.TokenEndpointResponse> {
  const callback = await listen()
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const parameters: Record<string, string | undefined> = {
    redirect_uri: callback.redirectUri,
    scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    ...(dpop && { dpop_jkt: await dpop.calculateThumbprint() }),
    ...deviation,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  try {
    await formBrowser(person, cookies)(oidc.buildAuthorizationUrl(config, Object.fromEntries(given)))
    const checks = { pkceCodeVerifier, expectedState }
    return await oidc.authorizationCodeGrant(
      config,
      await callback.arrived,
      checks,
      undefined,
      dpop ? { DPoP: dpop } : {},
    )
  } finally {
    await callback.close()
  }
}

/** Gets a token for one audience by a refresh, as the desktop does for each service. */
export function narrow(client: RealmClient, refreshToken: string, scope: string): Promise<oidc.TokenEndpointResponse> {
  const options = client.dpop ? { DPoP: client.dpop } : {}
  return oidc.refreshTokenGrant(client.config, refreshToken, { scope: `openid ${scope}` }, options)
}

/** Exchanges a person's token (RFC 8693) for one with `client` as actor and `audience` as audience. */
export function exchange(client: RealmClient, token: string, audience: string): Promise<oidc.TokenEndpointResponse> {
  const subject = { subject_token: token, subject_token_type: ACCESS_TOKEN }
  return oidc.genericGrantRequest(client.config, EXCHANGE, { ...subject, scope: audience, audience })
}

export function serviceToken(client: RealmClient, audience: string): Promise<oidc.TokenEndpointResponse> {
  return oidc.clientCredentialsGrant(client.config, { scope: audience })
}

export interface ReadToken {
  readonly typ: unknown
  /** Claim names, sorted. */
  readonly names: readonly string[]
  readonly claims: JWTPayload & {
    readonly azp?: unknown
    readonly roles?: unknown
    readonly svc?: unknown
    readonly amr?: unknown
  }
}

/** Decodes a token's header type, claim names and claims, without verification: the realm is under test. */
export function read({ access_token: token }: { readonly access_token: string }): ReadToken {
  const claims = decodeJwt(token)
  return { typ: decodeProtectedHeader(token).typ, names: Object.keys(claims).toSorted(), claims }
}

interface Callback {
  readonly redirectUri: string
  readonly arrived: Promise<URL>
  close(): Promise<void>
}

async function listen(): Promise<Callback> {
  let port = 0
  const { promise, resolve } = Promise.withResolvers<URL>()
  const server = createServer((req, res) => {
    res.end('done')
    resolve(new URL(req.url ?? '/', `http://127.0.0.1:${port}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address !== null && typeof address === 'object') port = address.port
  return {
    redirectUri: `http://127.0.0.1:${port}/callback`,
    arrived: promise,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
