/**
 * OAuth client for tests of the realm: sends real requests, without a browser.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { CALLBACK_PATH, CALLBACK_PATHS } from '@mandate/issuer'
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

/** What an application has after a sign-in, and redeems its code with. */
export interface Arrived {
  /** The callback, with a code or an OAuth error. */
  readonly callback: URL
  readonly verifier: string
  readonly state: string
}

/**
 * Signs a person in, and does not redeem the code.
 *
 * @param cookies - The browser's. @default a fresh browser
 * @param shown - Receives the HTML of each page.
 * @throws SignInRefusedError from the server's pages.
 */
export async function requestCode(
  { config, dpop }: RealmClient,
  person: Credentials,
  scope: string,
  deviation: Deviation = {},
  cookies?: Map<string, string>,
  shown?: string[],
): Promise<Arrived> {
  const callback = await listen(CALLBACK_PATHS.get(config.clientMetadata().client_id) ?? CALLBACK_PATH)
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const parameters: Record<string, string | undefined> = {
    redirect_uri: callback.redirectUri,
    scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(dpop && { dpop_jkt: await dpop.calculateThumbprint() }),
    ...deviation,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  try {
    await formBrowser(person, cookies, shown)(oidc.buildAuthorizationUrl(config, Object.fromEntries(given)))
    return { callback: await callback.arrived, verifier, state }
  } finally {
    await callback.close()
  }
}

/**
 * Signs in: authorization code with PKCE over a loopback callback.
 *
 * @param cookies - The browser's. @default a fresh browser
 * @throws SignInRefusedError from the server's pages, or openid-client's error when the callback carries one.
 */
export async function signIn(
  client: RealmClient,
  person: Credentials,
  scope: string,
  deviation: Deviation = {},
  cookies?: Map<string, string>,
): Promise<oidc.TokenEndpointResponse> {
  return await redeem(client, await requestCode(client, person, scope, deviation, cookies))
}

/** What a program has after it asked for a device code. */
export interface DeviceStart extends oidc.DeviceAuthorizationResponse {
  readonly verifier: string
}

/** Asks for a device code, as a program without a browser does (RFC 8628). */
export async function startDevice(
  { config }: RealmClient,
  scope: string,
  deviation: Deviation = {},
): Promise<DeviceStart> {
  const verifier = oidc.randomPKCECodeVerifier()
  const challenge = await oidc.calculatePKCECodeChallenge(verifier)
  const all = { scope, code_challenge: challenge, code_challenge_method: 'S256', ...deviation }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...(await oidc.initiateDeviceAuthorization(config, Object.fromEntries(given))), verifier }
}

/** Redeems a code. */
export function redeem(
  { config, dpop }: RealmClient,
  { callback, verifier, state }: Arrived,
): Promise<oidc.TokenEndpointResponse> {
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  return oidc.authorizationCodeGrant(config, callback, checks, undefined, dpop ? { DPoP: dpop } : {})
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

async function listen(path: string): Promise<Callback> {
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
    redirectUri: `http://127.0.0.1:${port}${path}`,
    arrived: promise,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
