/**
 * For tests of services: an issuer with real keys, and a tiny AuthZEN server. Neither belongs into anything that runs.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { joinUrl } from '@mandate/protocol'
import type { Tls } from '@mandate/service'
import {
  type CryptoKey,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import type { Algorithm } from './provider.ts'

/** A token issuer for tests of services: real keys and signatures, without a sign-in. */
export interface TestIssuer {
  readonly issuer: string
  /** A good access token for `aud`, with these claims put in; a claim of `undefined` is left out. */
  readonly sign: (claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: CryptoKey) => Promise<string>
  readonly privateKey: CryptoKey
  /** Makes the key set (and the token endpoint) answer something else, or nothing at all. */
  readonly breakWith: (answer: ((res: ServerResponse) => void) | undefined) => void
  /** How often each path was asked. */
  readonly hits: ReadonlyMap<string, number>
  readonly close: () => Promise<void>
}

/** What kind of issuer a test has. */
export interface TestIssuerOptions extends TestServerOptions {
  /** Path of the issuer's URL, such as `/` for one that ends with a slash. @default '/realms/test' */
  readonly path?: string
  /** What it signs with. @default 'RS256' */
  readonly algorithm?: Algorithm
}

/** TLS of a test server. */
export interface TestServerOptions {
  /** Serves HTTPS; with `clientCa`, clients must present a certificate of that authority. */
  readonly tls?: Tls
}

const KID = 'test-key'
/** One pair a process and algorithm: making one takes longer than most tests. */
const pairs = new Map<Algorithm, ReturnType<typeof generateKeyPair>>()

function pairOf(algorithm: Algorithm): ReturnType<typeof generateKeyPair> {
  const pair = pairs.get(algorithm) ?? generateKeyPair(algorithm, { extractable: true })
  pairs.set(algorithm, pair)
  return pair
}

/**
 * Starts an issuer on loopback: discovery, keys, and a token endpoint that gives any client a token for `scope` or `audience`, exchanged ones too. Its
 * endpoints are where Keycloak has them.
 */
export async function startTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { tls, path: ownPath = '/realms/test', algorithm: alg = 'RS256' } = options
  const { publicKey, privateKey } = await pairOf(alg)
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg, use: 'sig' }] }
  const hits = new Map<string, number>()
  let broken: ((res: ServerResponse) => void) | undefined
  let issuer = ''
  const sign: TestIssuer['sign'] = (claims, header = {}, key = privateKey) =>
    new SignJWT({ ...goodClaims(issuer), ...claims })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid: KID, ...header })
      .sign(key)
  const server = serverOf(tls, async (req, res) => {
    const path = req.url ?? ''
    hits.set(path, (hits.get(path) ?? 0) + 1)
    if (broken) return broken(res)
    if (path.endsWith('/.well-known/openid-configuration')) return sendJson(res, 200, metadataOf(issuer))
    if (path.endsWith('/certs')) return sendJson(res, 200, jwks)
    return sendJson(res, 200, await tokenOf(sign, req))
  })
  issuer = `${await listen(server)}${ownPath}`
  return { issuer, sign, privateKey, hits, breakWith: (answer) => (broken = answer), close: () => stop(server) }
}

function metadataOf(issuer: string): object {
  const base = joinUrl(issuer, '/protocol/openid-connect')
  return { issuer, jwks_uri: `${base}/certs`, token_endpoint: `${base}/token` }
}

async function tokenOf(sign: TestIssuer['sign'], req: IncomingMessage): Promise<object> {
  const form = new URLSearchParams(await bodyOf(req))
  const client = form.get('client_id') ?? clientOf(req)
  const subjectToken = form.get('subject_token')
  const subject = subjectToken ? { sub: decodeJwt(subjectToken).sub, svc: undefined } : { svc: client }
  const aud = form.get('audience') ?? form.get('scope') ?? 'pdp'
  const token = await sign({ aud, azp: client, ...subject } as JWTPayload)
  const issued = { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
  return { access_token: token, token_type: 'Bearer', expires_in: 300, ...issued }
}

function goodClaims(iss: string): JWTPayload {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss,
    typ: 'Bearer',
    sub: 'carlo',
    azp: 'desktop',
    sid: 'session-1',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
  }
}

/** A request that a test PDP received, and its path. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Readonly<Record<string, unknown>>
}

/** A stand-in for a PDP in tests of services: records questions and answers as told. */
export interface TestPdp {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Sets the answer to all later requests. */
  readonly answerWith: (answer: (asked: Asked, res: ServerResponse) => void) => void
  readonly close: () => Promise<void>
}

/** Starts a test PDP on loopback with programmable answers; at first it permits every request. */
export async function startTestPdp({ tls }: TestServerOptions = {}): Promise<TestPdp> {
  const asked: Asked[] = []
  let answer: (asked: Asked, res: ServerResponse) => void = permitAll
  const server = serverOf(tls, async (req, res) => {
    const text = await bodyOf(req)
    const entry = {
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers,
      body: text ? JSON.parse(text) : {},
    }
    asked.push(entry)
    answer(entry, res)
  })
  const url = await listen(server)
  return { url, asked, answerWith: (next) => (answer = next), close: () => stop(server) }
}

const permitAll = answering(() => ({ decision: true, context: { reason: 'owner', reasons: [], chain: [] } }))

/** A PDP's answers to single and batch questions from one function of the (merged) question; resources are taken as they come. */
export function answering(
  decide: (question: { readonly subject: unknown; readonly action: unknown; readonly resource: unknown }) => object,
): (asked: Asked, res: ServerResponse) => void {
  return ({ method, path, body }, res) => {
    if (method !== 'POST') return sendJson(res, 200, {})
    const { evaluations, ...defaults } = body
    const whole = { subject: undefined, action: undefined, resource: undefined, ...defaults }
    if (path.endsWith('/evaluation')) return sendJson(res, 200, decide(whole))
    const items: readonly unknown[] = Array.isArray(evaluations) ? evaluations : []
    return sendJson(res, 200, { evaluations: items.map((item) => decide({ ...whole, ...(item as object) })) })
  }
}

/** Answers with JSON, in test servers. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function clientOf({ headers }: IncomingMessage): string {
  const basic = Buffer.from((headers.authorization ?? '').slice('Basic '.length), 'base64').toString()
  return decodeURIComponent(basic.split(':', 1)[0] ?? '')
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) text += String(chunk)
  return text
}

function serverOf(tls: Tls | undefined, handler: RequestListener): Server {
  if (tls === undefined) return createServer(handler)
  const { cert, key, clientCa } = tls
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true }
  return createTlsServer({ cert, key, ...clients }, handler)
}

/** @returns the server's base URL on a free port of loopback. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server')
  return `${server instanceof TlsServer ? 'https' : 'http'}://127.0.0.1:${address.port}`
}

/** Closes a test server with its open connections, and resolves when it is closed. */
export async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
