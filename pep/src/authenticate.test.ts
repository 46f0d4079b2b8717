import { createServer, type Server, type ServerResponse } from 'node:http'
import express from 'express'
import { generateKeyPair, type JWTPayload, UnsecuredJWT } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { authzOf } from './authz.ts'
import { identityOf } from './identify.ts'
import { keycloak } from './keycloak.ts'
import { createPep, type Pep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import { listen, startTestIssuer, stop, type TestIssuer } from './testing.ts'

const AUDIENCE = 'trips'
type Claims = { readonly [K in keyof JWTPayload]: JWTPayload[K] | undefined }
let issuer: TestIssuer
let pep: Pep
let url: string
let server: Server

beforeAll(async () => {
  issuer = await startTestIssuer()
  pep = newPep()
  const app = express()
  app.use(pep.authenticate())
  app.get('/me', pep.open('tells callers who they are'), (req, res) => {
    const { subject, actor, inPerson, persona, sid, azp } = authzOf(req)
    const kauth = Object.isFrozen(req.kauth?.grant.access_token) && req.kauth?.grant.access_token !== undefined
    res.json({ subject, actor, inPerson, persona, sid, azp, kauth })
  })
  pep.assertGuarded(app)
  server = createServer(app)
  url = await listen(server)
})
afterEach(() => issuer.breakWith(undefined))
afterAll(async () => {
  await Promise.all([stop(server), pep.close(), issuer.close()])
})

function newPep(): Pep {
  return createPep({
    issuer: issuer.issuer,
    provider: keycloak(),
    audience: AUDIENCE,
    pdpUrl: 'http://127.0.0.1:9',
    credentials: { clientId: 'trips', clientSecret: 'secret' },
    timeoutMs: 3_000,
    logger: quiet,
  })
}

async function ask(authorization: string | undefined, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${url}/me`, { headers: { ...(authorization ? { authorization } : {}), ...headers } })
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    body: (await response.json()) as Record<string, unknown>,
  }
}

const now = () => Math.floor(Date.now() / 1_000)

test('a person at an interactive client is the subject, with no actor', async () => {
  const answer = await ask(`Bearer ${await issuer.sign({ aud: AUDIENCE })}`, { 'Mandate-Persona': 'traveler/family' })
  expect(answer).toMatchObject({
    status: 200,
    body: {
      subject: { type: 'user', id: 'carlo' },
      inPerson: true,
      persona: 'traveler/family',
      sid: 'session-1',
      kauth: true,
    },
  })
  expect(answer.body['actor']).toBeUndefined()
})

test('an audience of one in an array is that audience', async () => {
  expect((await ask(`Bearer ${await issuer.sign({ aud: [AUDIENCE] })}`)).status).toBe(200)
})

test.for([
  ['a person through another client', { azp: 'booking-agent' }, { type: 'user', id: 'carlo' }, 'booking-agent'],
  [
    'a service account on its own',
    { azp: 'booking-agent', svc: 'booking-agent' },
    { type: 'agent', id: 'booking-agent' },
    undefined,
  ],
] as const)('%s (rules A2, A7)', ([, claims, subject, actor]) => {
  const identity = identityOf({ sub: 'carlo', iat: 0, exp: 1, ...claims }, ['desktop'])
  expect(identity.subject).toEqual(subject)
  expect(identity.actor?.id).toBe(actor)
})

test.for<readonly [string, Claims]>([
  ['another audience', { aud: 'booking-agent' }],
  ['no audience', { aud: undefined }],
  ['two audiences, this one among them', { aud: [AUDIENCE, 'pdp'] }],
  ['an audience that differs in case', { aud: 'Trips' }],
  ['another issuer', { iss: 'http://127.0.0.1:1/realms/test' }],
  ['no issuer', { iss: undefined }],
  ['expired a minute ago', { exp: now() - 60 }],
  ['no expiry', { exp: undefined }],
  ['issued in the future', { iat: now() + 600 }],
  ['issued sixteen minutes ago', { iat: now() - 960 }],
  ['a sub of 256 characters', { sub: 'a'.repeat(256) }],
  ['not yet valid', { nbf: now() + 600 }],
  ['no iat', { iat: undefined }],
  ['no sub', { sub: undefined }],
  ['an empty sub', { sub: '' }],
  ['a sub with a control character', { sub: 'a\u0000b' }],
  ['no azp', { azp: undefined }],
  ['no jti', { jti: undefined }],
  ['sender-constrained', { cnf: { jkt: 'x' } }],
  ['an ID token', { typ: 'ID' }],
  ['a refresh token', { typ: 'Refresh' }],
  ['a DPoP token', { typ: 'DPoP' }],
  ['a service mark of another client', { svc: 'pdp' }],
])('401 invalid_token: %s', async ([, claims]) => {
  const { status, challenge, body } = await ask(
    `Bearer ${await issuer.sign({ aud: AUDIENCE, ...claims } as JWTPayload)}`,
  )
  expect({ status, challenge }).toEqual({ status: 401, challenge: 'Bearer realm="trips", error="invalid_token"' })
  expect(body).toMatchObject({ status: 401, code: 'unauthenticated' })
})

test.for([
  ['typ JWT', { typ: 'JWT' }],
  ['no typ', { typ: undefined }],
  ['an unknown kid', { kid: 'other' }],
] as const)('401 invalid_token: header with %s', async ([, header]) => {
  const token = await issuer.sign({ aud: AUDIENCE }, header as { readonly kid?: string })
  expect((await ask(`Bearer ${token}`)).status).toBe(401)
})

test('401 invalid_token: signed by somebody else, or not at all, or by a shared secret, or by another algorithm', async () => {
  const good = await issuer.sign({ aud: AUDIENCE })
  const [header = '', payload = '', signature = ''] = good.split('.')
  const stranger = await generateKeyPair('RS256')
  const elliptic = await generateKeyPair('ES256')
  const pss = await generateKeyPair('PS256')
  const none = new UnsecuredJWT({ aud: AUDIENCE }).encode()
  const noneHeader = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
  const hmacHeader = Buffer.from('{"alg":"HS256","typ":"at+jwt","kid":"test-key"}').toString('base64url')
  const forged = [
    await issuer.sign({ aud: AUDIENCE }, {}, stranger.privateKey),
    await issuer.sign({ aud: AUDIENCE }, { alg: 'ES256' }, elliptic.privateKey),
    await issuer.sign({ aud: AUDIENCE }, { alg: 'PS256' }, pss.privateKey),
    none,
    `${noneHeader}.${payload}.${signature}`,
    `${hmacHeader}.${payload}.${signature}`,
    `${header}.${Buffer.from('{"sub":"ada"}').toString('base64url')}.${signature}`,
    `${good}.extra`,
    `${good}=`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    'not-a-token',
  ]
  for (const token of forged) expect((await ask(`Bearer ${token}`)).status, token.slice(0, 60)).toBe(401)
})

test('401 without an error code when there are no credentials at all', async () => {
  const { status, challenge } = await ask(undefined)
  expect({ status, challenge }).toEqual({ status: 401, challenge: 'Bearer realm="trips"' })
})

test('a token counts in the Authorization header only, and as Bearer only', async () => {
  const token = await issuer.sign({ aud: AUDIENCE })
  expect((await ask(`Basic ${token}`)).status).toBe(401)
  expect((await ask(`DPoP ${token}`)).status).toBe(401)
  expect((await fetch(`${url}/me?access_token=${token}`)).status).toBe(401)
})

test('400 for a persona that is not title/circle', async () => {
  const answer = await ask(`Bearer ${await issuer.sign({ aud: AUDIENCE })}`, { 'Mandate-Persona': 'king' })
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
})

test.for([
  ['answers 500', (res: ServerResponse): void => void res.writeHead(500).end('broken')],
  ['answers with something that is not JSON', (res: ServerResponse): void => void res.end('<html>')],
  ['closes the connection', (res: ServerResponse): void => void res.destroy()],
  ['never answers', (): void => undefined],
] as const)('503 identity_unavailable while no keys are known and the issuer %s', async ([, answer]) => {
  issuer.breakWith(answer)
  const cold = newPep()
  const app = express()
  app.get('/me', cold.authenticate(), cold.open('tells nothing'), (_req, res) => void res.end())
  const coldServer = createServer(app)
  const coldUrl = await listen(coldServer)
  const token = await issuer.sign({ aud: AUDIENCE })
  const response = await fetch(`${coldUrl}/me`, { headers: { authorization: `Bearer ${token}` } })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({ code: 'identity_unavailable' })
  await Promise.all([stop(coldServer), cold.close()])
})

test('known keys keep verifying while the issuer is down, and an unknown kid is 401, not 503', async () => {
  expect((await ask(`Bearer ${await issuer.sign({ aud: AUDIENCE })}`)).status).toBe(200)
  issuer.breakWith((res) => res.destroy())
  expect((await ask(`Bearer ${await issuer.sign({ aud: AUDIENCE })}`)).status).toBe(200)
  expect((await ask(`Bearer ${await issuer.sign({ aud: AUDIENCE }, { kid: 'new' })}`)).status).toBe(401)
})
