/**
 * Tokens for calls to other services, and the service's own towards the PDP: how often they are fetched, and what happens when what they are
 * fetched with changes.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { Agent } from 'undici'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keycloak } from './keycloak.ts'
import { RenewedToken } from './service-token.ts'
import { createServiceTokens, type ServiceTokens } from './service-tokens.ts'
import { listen, sendJson, stop } from './testing.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

interface Grant {
  readonly form: URLSearchParams
  readonly secret: string
}
let server: Server
let issuer: string
let grants: Grant[]
let answer: (grant: Grant) => readonly [status: number, body: object]
let tokens: ServiceTokens | undefined

beforeEach(async () => {
  grants = []
  answer = () => [200, { access_token: `token-${grants.length}`, token_type: 'Bearer', expires_in: 300 }]
  server = createServer(async (req, res) => {
    const grant = { form: new URLSearchParams(await text(req)), secret: secretOf(req) }
    grants.push(grant)
    sendJson(res, ...answer(grant))
  })
  issuer = `${await listen(server)}/realms/test`
})
afterEach(async () => {
  await Promise.all([tokens?.close(), stop(server)])
  tokens = undefined
})

function secretOf({ headers }: IncomingMessage): string {
  return (
    Buffer.from((headers.authorization ?? '').slice('Basic '.length), 'base64')
      .toString()
      .split(':')[1] ?? ''
  )
}

function service(credentials: Parameters<typeof createServiceTokens>[0]['credentials']): ServiceTokens {
  tokens = createServiceTokens({ issuer, provider: keycloak(), credentials })
  return tokens
}
const withSecret = (clientSecret: string | (() => string | readonly string[]) = 'secret') =>
  service({ clientId: 'notes', clientSecret })

test('a caller’s token is exchanged for one that the other service takes (RFC 8693)', async () => {
  expect(await withSecret().exchanged('callers.own.token', 'printing')).toBe('token-1')
  expect(Object.fromEntries(grants[0]?.form ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'callers.own.token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    scope: 'printing',
    audience: 'printing',
  })
})

test('one fetch for many at once, one a caller and an audience, and never another caller’s', async () => {
  const it = withSecret()
  const same = await Promise.all(Array.from({ length: 50 }, () => it.exchanged('carlo', 'printing')))
  expect(new Set(same).size).toBe(1)
  const others = await Promise.all([it.exchanged('ada', 'printing'), it.exchanged('carlo', 'post'), it.own('printing')])
  expect(new Set([...same, ...others]).size).toBe(4)
  expect(grants).toHaveLength(4)
})

test.for([
  ['invalid_grant', 400, 'unauthenticated'],
  ['access_denied', 403, 'unauthenticated'],
  ['invalid_client', 401, 'identity_unavailable'],
  ['server_error', 500, 'identity_unavailable'],
] as const)('%s is %s', async ([error, status, code]) => {
  answer = () => [status, { error }]
  const it = withSecret()
  await expect(it.exchanged('carlo', 'printing')).rejects.toMatchObject({ code })
  // A refusal is not kept.
  answer = () => [200, { access_token: 'good', token_type: 'Bearer', expires_in: 300 }]
  expect(await it.exchanged('carlo', 'printing')).toBe('good')
})

test.for<readonly [string, object]>([
  ['no token', { token_type: 'Bearer', expires_in: 300 }],
  ['a token that is bound to a key', { access_token: 'x', token_type: 'DPoP', expires_in: 300 }],
  ['a token without an end', { access_token: 'x', token_type: 'Bearer' }],
])('%s is no token', async ([, body]) => {
  answer = () => [200, body]
  await expect(withSecret().own('printing')).rejects.toMatchObject({ code: 'identity_unavailable' })
})

test('a token is renewed ahead of its end, while the one before is still used, and a failed renewal costs nobody anything', async () => {
  let now = 0
  let fetched = 0
  let broken = false
  const token = new RenewedToken(
    async () => {
      if (broken) throw new Error('down')
      fetched += 1
      return { value: `t${fetched}`, asked: now, lifeMs: 300_000 }
    },
    () => now,
  )
  const get = () => token.get(AbortSignal.timeout(20_000))
  expect(await get()).toBe('t1')
  now = 239_000
  expect(await get()).toBe('t1')
  expect(fetched).toBe(1)
  broken = true
  now = 241_000
  expect([await get(), await get()]).toEqual(['t1', 't1'])
  broken = false
  now = 243_000
  expect(await get()).toBe('t1')
  await expect.poll(get).toBe('t2')
  expect(fetched).toBe(2)
  broken = true
  now += 295_001
  await expect(get()).rejects.toThrow('down')
})

test('a token that was refused is fetched anew, unless it was new', async () => {
  let now = 0
  let fetched = 0
  const token = new RenewedToken(
    async () => ({ value: `t${++fetched}`, asked: now, lifeMs: 300_000 }),
    () => now,
  )
  const get = () => token.get(AbortSignal.timeout(20_000))
  expect(token.drop(await get())).toBe(false)
  now = 6_000
  expect(token.drop(await get())).toBe(true)
  expect(await get()).toBe('t2')
})

test('private_key_jwt: the service proves itself with a key, and no secret is sent', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { pem: await exportPKCS8(privateKey), kid: 'notes-1', alg: 'ES256' } as const
  await service({ clientId: 'notes', privateKey: key }).own('printing')
  const { form, secret } = grants[0] ?? expect.unreachable()
  expect(secret).toBe('')
  expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  const rules = { issuer: 'notes', subject: 'notes', audience: issuer, maxTokenAge: 60, requiredClaims: ['jti', 'exp'] }
  const { protectedHeader } = await jwtVerify(form.get('client_assertion') ?? '', publicKey, rules)
  expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'notes-1' })
})

test('a secret that is replaced between reading and sending is read again, once', async () => {
  const secrets = ['old', 'new']
  answer = ({ secret }) =>
    secret === 'new'
      ? [200, { access_token: 'good', token_type: 'Bearer', expires_in: 300 }]
      : [401, { error: 'invalid_client' }]
  expect(await withSecret(() => secrets.shift() ?? 'new').own('printing')).toBe('good')
  expect(grants.map(({ secret }) => secret)).toEqual(['old', 'new'])
})

test('while two secrets are known, the change at the identity provider fails no request, and a refused one is not tried first again', async () => {
  let current = 'former'
  answer = ({ secret }) =>
    secret === current
      ? [200, { access_token: secret ?? '', token_type: 'Bearer', expires_in: 300 }]
      : [401, { error: 'invalid_client' }]
  const dispatcher = new Agent()
  const discover = async () => ({ jwksUri: `${issuer}/certs`, tokenEndpoint: `${issuer}/token` })
  const credentials = { clientId: 'notes', clientSecret: () => ['new', 'former'] }
  const request = createTokenEndpoint({ issuer, discover, credentials, timeoutMs: 20_000, dispatcher, now: Date.now })
  const exchange = async () => (await request({ grant_type: 'client_credentials', scope: 'pdp' })).value
  expect([await exchange(), await exchange()]).toEqual(['former', 'former'])
  current = 'new'
  expect([await exchange(), await exchange()]).toEqual(['new', 'new'])
  expect(grants.map(({ secret }) => secret)).toEqual(['new', 'former', 'former', 'former', 'new', 'new'])
  current = 'a third'
  await expect(exchange()).rejects.toThrow('401 invalid_client')
  await dispatcher.close()
})

test('a change at the identity provider between the attempts with two secrets fails no request', async () => {
  answer = ({ secret }) =>
    secret === 'new' && grants.length === 3
      ? [200, { access_token: 'good', token_type: 'Bearer', expires_in: 300 }]
      : [401, { error: 'invalid_client' }]
  expect(await withSecret(() => ['new', 'former']).own('printing')).toBe('good')
  expect(grants.map(({ secret }) => secret)).toEqual(['new', 'former', 'new'])
})

test('a secret is rotated under load and no request is dropped, though the service learns of it late', async () => {
  let [known, current, issued, clock] = ['one', 'one', 0, 0]
  answer = ({ secret }) =>
    secret === current
      ? [200, { access_token: `t${++issued}`, token_type: 'Bearer', expires_in: 300 }]
      : [401, { error: 'invalid_client' }]
  const now = () => clock
  const dispatcher = new Agent()
  const credentials = { clientId: 'notes', clientSecret: () => known }
  const discover = async () => ({ jwksUri: `${issuer}/certs`, tokenEndpoint: `${issuer}/token` })
  const request = createTokenEndpoint({ issuer, discover, credentials, timeoutMs: 20_000, dispatcher, now })
  const token = new RenewedToken(() => request({ grant_type: 'client_credentials', scope: 'pdp' }), now)
  const get = () => token.get(AbortSignal.timeout(20_000))
  expect(await get()).toBe('t1')
  current = 'two'
  clock = 241_000
  // It is renewed ahead, with a secret that is good no more: everybody goes on with the token before.
  const tried = grants.length
  expect(await Promise.all([get(), get(), get()])).toEqual(['t1', 't1', 't1'])
  await expect.poll(() => grants.slice(tried).map(({ secret }) => secret)).toContain('one')
  known = 'two'
  for (clock = 243_000; clock < 295_000 && (await get()) === 't1'; clock += 1_001) await new Promise(setImmediate)
  await expect.poll(get).toBe('t2')
  expect(grants.at(-1)?.secret).toBe('two')
  await dispatcher.close()
})
