/**
 * AuthZEN requests are answered without Express where nothing is unusual about them. Each row is sent twice: to the operation's path, and to the same
 * path with an empty query, which Express takes. Both must be answered in the same way.
 */
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMemoryEngine } from '../bench/hot/memory.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const ONE = '/access/v1/evaluation'
const MANY = '/access/v1/evaluations'
const BODY_LIMIT = 65_536

let tpdp: TestPdp
let world: World
let token: string

beforeAll(async () => {
  const openFga = { url: 'http://127.0.0.1:9', apiToken: 'an-api-token-that-nothing-is-asked-with' }
  tpdp = await startTestPdp({ openFga, openEngine: openMemoryEngine, frozen: true })
  world = new World(tpdp)
  await world.begin()
  token = await tpdp.issuer.token(TRIPS)
}, 60_000)
afterAll(() => tpdp.stop())

interface Sent {
  readonly path?: string
  readonly method?: string
  /** Names and values in turn, in addition to those of a plain request; a value of `undefined` leaves the plain one out. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string | Uint8Array
  /** Sends the body without its length. */
  readonly chunked?: true
}

const question = (): object => world.question({ subject: 'A', action: 'read', item: 'flight' })
const denied = (): object => world.question({ subject: 'S', action: 'execute', item: 'flight' })
const json = (value: unknown): string => JSON.stringify(value)

const ROWS: readonly (readonly [string, () => Sent])[] = [
  ['a permit', () => ({})],
  ['a denial', () => ({ body: json(denied()) })],
  ['unknown members', () => ({ body: json({ ...question(), extra: [1, { a: null }] }) })],
  ['a context', () => ({ body: json({ ...question(), context: { time: 'now' } }) })],
  ['an unknown action', () => ({ body: json({ ...question(), action: { name: 'fly' } }) })],
  ['a resource of an unknown type', () => ({ body: json({ ...question(), resource: { type: 'boat', id: '1' } }) })],
  [
    'a type that the service is not registered for',
    () => ({ body: json({ ...question(), resource: { type: 'patient', id: '1' } }) }),
  ],
  ['a subject of an unknown type', () => ({ body: json({ ...question(), subject: { type: 'ship', id: '1' } }) })],
  ['no subject', () => ({ body: json({ ...question(), subject: undefined }) })],
  [
    'members of the wrong type',
    () => ({ body: json({ subject: 1, action: { name: '' }, resource: { type: 'workflow', id: 7 } }) }),
  ],
  [
    'an id with a control character',
    () => ({ body: json({ ...question(), subject: { type: 'user', id: 'a\u0001' } }) }),
  ],
  [
    'an id that is too long',
    () => ({ body: json({ ...question(), subject: { type: 'user', id: 'a'.repeat(2_000) } }) }),
  ],
  ['an empty object', () => ({ body: '{}' })],
  ['an array', () => ({ body: '[]' })],
  ['a text', () => ({ body: '"a"' })],
  ['null', () => ({ body: 'null' })],
  ['no JSON', () => ({ body: '{"subject":' })],
  ['a member twice', () => ({ body: '{"subject":1,"subj\\u0065ct":2}' })],
  ['a lone surrogate', () => ({ body: '{"subject":"\\ud800"}' })],
  ['deep nesting', () => ({ body: `${'{"a":'.repeat(40)}1${'}'.repeat(40)}` })],
  ['a byte order mark', () => ({ body: `\ufeff${json(question())}` })],
  ['bytes that are not UTF-8', () => ({ body: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d) })],
  ['an empty body', () => ({ body: '' })],
  ['white space', () => ({ body: '   ' })],
  ['a body of the largest size', () => ({ body: json(question()).padEnd(BODY_LIMIT) })],
  ['a body that is a byte too long', () => ({ body: json(question()).padEnd(BODY_LIMIT + 1) })],
  ['a body without a length', () => ({ chunked: true })],
  [
    'a body without a length that is too long',
    () => ({ chunked: true, body: json(question()).padEnd(BODY_LIMIT + 1) }),
  ],
  ['no content type', () => ({ headers: { 'content-type': undefined } })],
  ['text as content type', () => ({ headers: { 'content-type': 'text/plain' } })],
  ['a content type with a charset', () => ({ headers: { 'content-type': 'application/json; charset=utf-8' } })],
  [
    'a content type with another charset',
    () => ({ headers: { 'content-type': 'application/json; charset=iso-8859-1' } }),
  ],
  ['a content type in capitals', () => ({ headers: { 'content-type': 'APPLICATION/JSON' } })],
  ['a content type with a suffix', () => ({ headers: { 'content-type': 'application/authzen+json' } })],
  ['a malformed content type', () => ({ headers: { 'content-type': 'application/json;;' } })],
  ['gzip', () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(json(question())) })],
  ['deflate', () => ({ headers: { 'content-encoding': 'deflate' }, body: deflateSync(json(question())) })],
  ['an encoding that it is not in', () => ({ headers: { 'content-encoding': 'gzip' } })],
  ['an unknown encoding', () => ({ headers: { 'content-encoding': 'rot13' } })],
  ['no encoding, said so', () => ({ headers: { 'content-encoding': 'identity' } })],
  ['a request id', () => ({ headers: { 'x-request-id': '5f0c1a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f' } })],
  ['a request id in free text', () => ({ headers: { 'x-request-id': 'Ms. A’s request'.replace('’', "'") } })],
  ['two request ids', () => ({ headers: { 'x-request-id': ['a', 'b'] } })],
  ['an empty request id', () => ({ headers: { 'x-request-id': '' } })],
  ['a request id that is a person', () => ({ headers: { 'x-request-id': world.id('A') } })],
  ['a trace', () => ({ headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } })],
  ['a malformed trace', () => ({ headers: { traceparent: '00-xyz' } })],
  ['no token', () => ({ headers: { authorization: undefined } })],
  ['a token of another kind', () => ({ headers: { authorization: 'Basic YTpi' } })],
  ['a token that is none', () => ({ headers: { authorization: 'Bearer a.b.c' } })],
  ['an API key that is unknown', () => ({ headers: { authorization: 'Bearer mk_unknown' } })],
  ['a token with another signature', () => ({ headers: { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` } })],
  ['a deadline', () => ({ headers: { 'mandate-timeout-ms': '5000' } })],
  ['a deadline that is none', () => ({ headers: { 'mandate-timeout-ms': '0' } })],
  ['two deadlines', () => ({ headers: { 'mandate-timeout-ms': ['50', '60'] } })],
  ['an expectation', () => ({ headers: { expect: '100-continue' } })],
  ['a forwarded address', () => ({ headers: { 'x-forwarded-for': '203.0.113.7', authorization: undefined } })],
  ['a connection to be closed', () => ({ headers: { connection: 'close' } })],
  ['conditions and a range', () => ({ headers: { 'if-none-match': '*', range: 'bytes=0-1', accept: 'text/html' } })],
  ['an origin', () => ({ headers: { origin: 'https://elsewhere.example', cookie: 'a=b' } })],
  ['GET', () => ({ method: 'GET', body: '' })],
  ['HEAD', () => ({ method: 'HEAD', body: '' })],
  ['OPTIONS', () => ({ method: 'OPTIONS', body: '' })],
  ['PUT', () => ({ method: 'PUT' })],
  ['a path in capitals', () => ({ path: ONE.toUpperCase() })],
  ['a path with a slash', () => ({ path: `${ONE}/` })],
  ['an unknown path', () => ({ path: `${ONE}/more` })],
  ['a batch', () => ({ path: MANY, body: json({ evaluations: [question(), denied()] }) })],
  [
    'a batch with reasons',
    () => ({ path: MANY, body: json({ evaluations: [question(), denied()], options: { reasons: true } }) }),
  ],
  [
    'a batch with defaults',
    () => ({ path: MANY, body: json({ ...question(), evaluations: [{}, { action: { name: 'fly' } }] }) }),
  ],
  [
    'a batch with items that are not valid',
    () => ({ path: MANY, body: json({ evaluations: [{}, { ...question(), subject: 1 }, question()] }) }),
  ],
  [
    'a batch that ends at a denial',
    () => ({
      path: MANY,
      body: json({ evaluations: [denied(), question()], options: { evaluations_semantic: 'deny_on_first_deny' } }),
    }),
  ],
  [
    'a batch that ends at a permit',
    () => ({
      path: MANY,
      body: json({
        evaluations: [denied(), question(), denied()],
        options: { evaluations_semantic: 'permit_on_first_permit' },
      }),
    }),
  ],
  [
    'a batch of a semantic that is unknown',
    () => ({ path: MANY, body: json({ evaluations: [question()], options: { evaluations_semantic: 'any' } }) }),
  ],
  ['an empty batch', () => ({ path: MANY, body: json({ ...question(), evaluations: [] }) })],
  ['a batch that is none', () => ({ path: MANY, body: json({ ...question(), evaluations: {} }) })],
  [
    'a batch of too many',
    () => ({ path: MANY, body: json({ evaluations: Array.from({ length: 1_001 }, () => ({})) }) }),
  ],
  [
    'a large batch',
    () => ({ path: MANY, body: json({ ...question(), evaluations: Array.from({ length: 100 }, () => ({})) }) }),
  ],
  [
    'a search for resources',
    () => ({ path: '/access/v1/search/resource', body: json({ ...question(), resource: { type: 'workflow' } }) }),
  ],
  [
    'a search for subjects',
    () => ({ path: '/access/v1/search/subject', body: json({ ...question(), subject: { type: 'user' } }) }),
  ],
  [
    'a search for actions',
    () => ({ path: '/access/v1/search/action', body: json({ ...question(), action: undefined }) }),
  ],
  [
    'a search with a page that is none',
    () => ({ path: '/access/v1/search/action', body: json({ ...question(), page: { token: 'x' } }) }),
  ],
  [
    'a search without a type',
    () => ({ path: '/access/v1/search/subject', body: json({ ...question(), subject: {} }) }),
  ],
]

test.for(ROWS)('%s is answered as Express answers it', async ([, sent]) => {
  const path = sent().path ?? ONE
  const direct = await send({ ...sent(), path })
  const byExpress = await send({ ...sent(), path: `${path}?` })
  expect(direct).toEqual(byExpress)
})

test('what the table compares is told apart', async () => {
  const direct = await send({})
  expect(direct.status).toBe(200)
  expect(direct).not.toEqual(await send({ body: json(denied()) }))
  expect(direct).not.toEqual(await send({ headers: { authorization: undefined } }))
})

interface Got {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

/** Values that differ from request to request. */
const VARYING = ['date', 'x-request-id', 'x-evaluation-id']
const ULID = /[0-7][0-9A-HJKMNP-TV-Z]{25}/gu
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gu

function send({ path = ONE, method = 'POST', headers = {}, body = json(question()), chunked }: Sent): Promise<Got> {
  const bytes = Buffer.from(body)
  const plain = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes.length) }),
  }
  const all = Object.entries({ ...plain, ...headers }).filter(([, value]) => value !== undefined)
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  const req = request(`${tpdp.pdp.url}${path}`, {
    method,
    agent: false,
    headers: Object.fromEntries(all) as Record<string, string>,
  })
  req.on('error', reject)
  req.on('response', (res) => {
    buffer(res).then((got) => {
      const names = res.rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [[name, res.rawHeaders[at + 1] ?? ''] as const] : [],
      )
      const shown = names.map(
        ([name, value]) =>
          [name, VARYING.includes(name.toLowerCase()) && /^[\w:, -]{20,}$/.test(value) ? '…' : value] as const,
      )
      const text = got.toString().replaceAll(ULID, 'ULID').replaceAll(UUID, 'UUID')
      resolve({ status: res.statusCode ?? 0, headers: shown.toSorted(([a], [b]) => (a < b ? -1 : 1)), body: text })
    }, reject)
  })
  req.end(bytes)
  return promise
}
