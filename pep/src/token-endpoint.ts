/**
 * The identity provider's token endpoint, asked as the service: by a secret (`client_secret_basic`, `client_secret_post`) or a key (`private_key_jwt`). Both are
 * read anew for each request, so that they can be replaced while the service runs.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523.html#section-2.2 RFC 7523, section 2.2}
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { EpochMillis } from '@mandate/protocol'
import { importPKCS8, SignJWT } from 'jose'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { Discover } from './discovery.ts'

/** A value, or a function that reads it each time. */
export type Readable<T> = T | (() => T | Promise<T>)

/** A private key that signs client assertions; the identity provider knows its public half. */
export interface ClientKey {
  /** PKCS #8, PEM. */
  readonly pem: string
  readonly kid?: string
  /** @default 'RS256' */
  readonly alg?: 'RS256' | 'ES256' | 'EdDSA'
}

interface TokenAddress {
  /** Where tokens are issued to this account, for an account at another issuer than the callers'. @default the issuer's */
  readonly tokenEndpoint?: string | undefined
}

/** An account with a client secret. The secret is read anew for every token, so it can be rotated. */
export interface SecretCredentials extends TokenAddress {
  readonly clientId: string
  /** While it is rotated, the new one and the former one: the one that was accepted last is tried first. */
  readonly clientSecret: Readable<string | readonly string[]>
  /** How the secret is sent (OpenID Connect Core 1.0, section 9). @default 'client_secret_basic' */
  readonly method?: 'client_secret_basic' | 'client_secret_post' | undefined
}

/** An account that signs its assertions (`private_key_jwt`, RFC 7523). The key is read anew for every token, so it can be rotated. */
export interface KeyCredentials extends TokenAddress {
  readonly clientId: string
  readonly privateKey: Readable<ClientKey>
  /** Audience of the assertions, where the provider wants its token endpoint there. @default the issuer */
  readonly assertionAudience?: string | undefined
}

export interface TokenEndpointOptions {
  /** Audience of client assertions. */
  readonly issuer: string
  readonly discover: Discover
  readonly credentials: SecretCredentials | KeyCredentials
  /** Time for one token request, in milliseconds. */
  readonly timeoutMs: number
  readonly dispatcher: Dispatcher
  readonly now: () => EpochMillis
}

export interface IssuedToken {
  readonly value: string
  /** When the token was requested. */
  readonly asked: EpochMillis
  readonly lifeMs: number
}

/** The endpoint refused the request. `error` is its code, such as `invalid_grant`. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal'
  readonly error: string

  constructor(status: number, error: string) {
    super(`the token endpoint answered ${status} ${error}`)
    this.error = error
  }
}

const tokenResponseSchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive(),
})
const refusalSchema = z.object({ error: z.string().regex(/^[\w-]{1,64}$/u) }).catch({ error: 'unknown' })

/** A client assertion is used at once. */
const ASSERTION_LIFE_S = 60

/** @returns A function that requests a token for one grant. It throws TokenRefusal, or the network's error. */
export function createTokenEndpoint(
  options: TokenEndpointOptions,
): (grant: Readonly<Record<string, string>>) => Promise<IssuedToken> {
  let accepted: string | undefined
  return async (grant) => {
    const tried: string[] = []
    let refusal: unknown
    for (;;) {
      // Read for each attempt: the secret may have been rotated between reading and sending.
      const secrets = await secretsOf(options.credentials)
      const open = secrets.filter((one) => !tried.includes(one))
      // The first one again where all of several were refused: the issuer may have changed its secret in between.
      const again = secrets.length > 1 ? secrets.find((one) => one === tried[0]) : undefined
      const secret = open.find((one) => one === accepted) ?? open[0] ?? again
      if (secret === undefined || tried.length >= MAX_ATTEMPTS) throw refusal ?? new Error('there is no client secret')
      tried.push(secret)
      try {
        const token = await send(grant, await proofOf(options, secret), options)
        accepted = secret
        return token
      } catch (error) {
        if (!(error instanceof TokenRefusal) || !ABOUT_CLIENT.has(error.error)) throw error
        refusal = error
      }
    }
  }
}

async function send(
  grant: Readonly<Record<string, string>>,
  proof: ClientProof,
  options: TokenEndpointOptions,
): Promise<IssuedToken> {
  const url = await addressOf(options)
  const asked = options.now()
  const { statusCode, body } = await options.dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'POST',
    headers: { ...proof.headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...grant, ...proof.form }).toString(),
    signal: AbortSignal.timeout(options.timeoutMs),
  })
  const text = await body.text()
  if (statusCode !== 200) throw new TokenRefusal(statusCode, refusalSchema.parse(parseJson(text)).error)
  const { access_token, expires_in } = tokenResponseSchema.parse(parseJson(text))
  return { value: access_token, asked, lifeMs: expires_in * 1_000 }
}

async function addressOf({ credentials, discover }: TokenEndpointOptions): Promise<URL> {
  const address = credentials.tokenEndpoint ?? (await discover()).tokenEndpoint
  if (address === undefined) throw new Error('the issuer names no token endpoint')
  return new URL(address)
}

const ABOUT_CLIENT: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client'])
/** Attempts for one token. */
const MAX_ATTEMPTS = 3

interface ClientProof {
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
}

/** The secrets that may be tried, or the PEM of the key. */
async function secretsOf(credentials: TokenEndpointOptions['credentials']): Promise<readonly string[]> {
  if ('clientSecret' in credentials) return [await read(credentials.clientSecret)].flat()
  return [(await read(credentials.privateKey)).pem]
}

async function proofOf({ credentials, issuer, now }: TokenEndpointOptions, secret: string): Promise<ClientProof> {
  if ('clientSecret' in credentials) {
    const { clientId, method } = credentials
    if (method === 'client_secret_post') return { headers: {}, form: { client_id: clientId, client_secret: secret } }
    return { headers: { authorization: `Basic ${basic(clientId, secret)}` }, form: {} }
  }
  const { pem, kid, alg = 'RS256' } = await read(credentials.privateKey)
  const seconds = Math.floor(now() / 1_000)
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .setIssuer(credentials.clientId)
    .setSubject(credentials.clientId)
    .setAudience(credentials.assertionAudience ?? issuer)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_LIFE_S)
    .sign(await importPKCS8(pem, alg))
  const form = {
    client_id: credentials.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
  return { headers: {}, form }
}

export async function read<T extends string | readonly string[] | ClientKey>(value: Readable<T>): Promise<T> {
  return typeof value === 'function' ? await value() : value
}

/** RFC 6749, section 2.3.1: both halves form-encoded before they are joined. */
function basic(clientId: string, clientSecret: string): string {
  const encode = (value: string) => new URLSearchParams({ v: value }).toString().slice(2)
  return Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
