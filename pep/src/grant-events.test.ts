import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGrantEvents, type GrantEvent, type GrantEvents } from './grant-events.ts'
import { quiet } from './quiet.fixture.ts'

const ISSUER = 'https://pdp.example'
const BEARER = 'a-bearer-of-the-decision-point-0123456789'
const ENDED = 'urn:mandate:secevent:grant-ended'
const SUSPENDED = 'urn:mandate:secevent:grant-suspended'
const key = await generateKeyPair('ES256', { extractable: true })
const stranger = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(key.publicKey)
const kid = await calculateJwkThumbprint(jwk)

let servers: Server[] = []
let isAway = false
let endpoint: string
let events: GrantEvents
let received: GrantEvent[]
let onEvent: (event: GrantEvent) => Promise<void>
let logged: string[]
const note = (_fields: object, message: string): void => void logged.push(message)
const listen = async (server: Server): Promise<string> => {
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
beforeAll(async () => {
  const keys = await listen(
    createServer((_req, res) => res.writeHead(isAway ? 500 : 200).end(JSON.stringify({ keys: [{ ...jwk, kid }] }))),
  )
  const options = { issuer: ISSUER, audience: 'trips', bearer: [BEARER, BEARER.toUpperCase()], jwksUrl: keys }
  const logger = { warn: note, error: note }
  events = createGrantEvents({ ...options, logger, onEvent: (event) => onEvent(event) })
  const app = express()
  app.post('/events', events.handler)
  endpoint = `${await listen(createServer(app))}/events`
})
afterAll(async () => {
  await events.close()
  for (const server of servers) server.close()
  for (const server of servers) server.closeAllConnections()
  servers = []
})
let jti = 0
beforeEach(() => {
  received = []
  logged = []
  onEvent = async (event) => void received.push(event)
  jti += 1
})

const members = { event_timestamp: 1_000, scope: 'workflow:1', reason: 'revoked' }
const claims = (more: object = {}) => ({
  iss: ISSUER,
  aud: 'trips',
  iat: Math.floor(Date.now() / 1_000),
  jti: `jti-${jti}`,
  sub_id: { format: 'opaque', id: 'g1' },
  events: { [ENDED]: members },
  ...more,
})
const sign = (payload: object, header: object = {}, by = key.privateKey) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: 'ES256', kid, typ: 'secevent+jwt', ...header }).sign(by)
const push = async (token: string, headers: Record<string, string> = {}) => {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', authorization: `Bearer ${BEARER}`, ...headers },
    body: token,
  })
  const text = await response.text()
  return [response.status, text === '' ? undefined : JSON.parse(text).err]
}

test('an event is handled once, before it is taken; a second bearer is accepted', async () => {
  const token = await sign(claims())
  const authorization = `Bearer ${BEARER.toUpperCase()}`
  expect(await Promise.all([push(token), push(token, { authorization })])).toEqual([
    [202, undefined],
    [202, undefined],
  ])
  expect(await push(await sign(claims()))).toEqual([202, undefined])
  expect(received).toEqual([{ grant: 'g1', what: 'ended', reason: 'revoked', scope: 'workflow:1', at: 1_000 }])
})

test('an event that could not be handled is 503, and handled when it comes again', async () => {
  onEvent = () => Promise.reject(new Error('busy'))
  const token = await sign(claims({ events: { [SUSPENDED]: { event_timestamp: 1, scope: 'all:travel' } } }))
  expect(await push(token)).toEqual([503, undefined])
  expect(logged).toEqual(['an event about a grant could not be handled'])
  onEvent = async (event) => void received.push(event)
  expect(await push(token)).toEqual([202, undefined])
  expect(received).toEqual([{ grant: 'g1', what: 'suspended', reason: undefined, scope: 'all:travel', at: 1 }])
})

test('the verification of the stream and unknown events are taken, and do nothing', async () => {
  const uri = 'https://schemas.openid.net/secevent/ssf/event-type/verification'
  expect(await push(await sign(claims({ events: { [uri]: {} } })))).toEqual([202, undefined])
  expect(received).toEqual([])
})

describe('refused, and nothing is called:', () => {
  test.for<[string, () => Promise<string>, string]>([
    ['a foreign key', () => sign(claims(), {}, stranger.privateKey), 'invalid_key'],
    ['an unknown key', () => sign(claims(), { kid: 'other' }), 'invalid_key'],
    ['a foreign issuer', () => sign(claims({ iss: 'https://other.example' })), 'invalid_issuer'],
    ['another audience', () => sign(claims({ aud: 'care' })), 'invalid_audience'],
    ['alg none', async () => new UnsecuredJWT(claims()).encode(), 'invalid_key'],
    ['an access token', () => sign(claims(), { typ: 'at+jwt' }), 'invalid_request'],
    ['a SET with exp', () => sign(claims({ exp: Math.floor(Date.now() / 1_000) + 60 })), 'invalid_request'],
    ['a SET with sub', () => sign(claims({ sub: 'somebody' })), 'invalid_request'],
    ['one of last week', () => sign(claims({ iat: Math.floor(Date.now() / 1_000) - 8 * 86_400 })), 'invalid_request'],
    ['one without jti', () => sign(claims({ jti: undefined })), 'invalid_request'],
    [
      'a subject that is no grant',
      () => sign(claims({ sub_id: { format: 'email', email: 'a@b' } })),
      'invalid_request',
    ],
    ['a malformed event', () => sign(claims({ events: { [ENDED]: { scope: 5 } } })), 'invalid_request'],
    ['a cut token', async () => (await sign(claims())).slice(0, -20), 'invalid_key'],
    ['JSON', async () => '{"events":', 'invalid_request'],
  ])('%s', async ([, token, err]) => {
    expect(await push(await token())).toEqual([400, err])
    expect([received, logged]).toEqual([[], ['an event about a grant is refused']])
  })

  test('a wrong bearer, another media type, and a body above 64 KiB', async () => {
    const token = await sign(claims())
    expect(await push(token, { authorization: 'Bearer no' })).toEqual([400, 'authentication_failed'])
    expect(await push(token, { 'content-type': 'application/jwt' })).toEqual([400, 'invalid_request'])
    expect(await push('x'.repeat(70_000))).toEqual([413, undefined])
    expect(received).toEqual([])
  })
})

test('503 while the keys cannot be fetched', async () => {
  isAway = true
  const options = { issuer: ISSUER, audience: 'trips', bearer: BEARER, onEvent: async () => undefined }
  const address = servers[0]?.address() as AddressInfo
  const other = createGrantEvents({ ...options, jwksUrl: `http://127.0.0.1:${address.port}` })
  const body = Buffer.from(await sign(claims()))
  const delivery = { authorization: [`Bearer ${BEARER}`], contentType: 'application/secevent+jwt', body }
  expect(await other.receive(delivery)).toEqual({ status: 503 })
  isAway = false
  expect(await other.receive(delivery)).toEqual({ status: 202 })
  await other.close()
})

test('a delivery that is cut off is the error handler’s, in Express 4 as well', async () => {
  const failed = Promise.withResolvers<unknown>()
  const app = express4()
  app.post('/events', events.handler)
  app.use(((error, _req, _res, _next) => failed.resolve(error)) satisfies ErrorRequestHandler)
  const { port } = new URL(await listen(createServer(app)))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy())
  expect(await failed.promise).toMatchObject({ code: 'ECONNRESET' })
  expect(received).toEqual([])
})

test('bad options are named together', () => {
  const bad = { issuer: 'http://pdp.example', audience: '', bearer: 'short', onEvent: () => undefined }
  expect(() => createGrantEvents(bad)).toThrow(/^createGrantEvents: [\s\S]*audience[\s\S]*bearer/u)
  const plain = { ...bad, audience: 'trips', bearer: BEARER, logger: quiet }
  expect(() => createGrantEvents(plain)).toThrow(/plain HTTP to pdp\.example/u)
})
