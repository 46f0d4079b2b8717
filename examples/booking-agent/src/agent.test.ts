import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mandate/pep/service'
import { listen, sendJson, startTestIssuer, stop, type TestIssuer } from '@mandate/pep/testing'
import { decodeJwt } from 'jose'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import type { Run } from './run.ts'
import { runOnOwnSchedule, startAgent } from './start.ts'

interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly token: string
  readonly persona: string | undefined
  readonly key: string | undefined
}
/** What trips would answer, by `METHOD path`. */
type Script = Readonly<Record<string, readonly [status: number, body: unknown]>>

let issuer: TestIssuer
let tripsServer: Server
let tripsUrl: string
let agent: Listener
let folder: string
let heard: ReceivedRequest[]
let script: Script
let logged: string

const link = {
  grant: '01K0000000000000000000000A',
  delegator: 'user:carlo',
  delegate: 'user:yannick',
  actions: ['execute'],
  scope: 'workflow:w',
  expires_at: '2027-01-01T00:00:00Z',
}
const permitted = {
  decision: true,
  reason: 'delegated',
  reasons: [{ code: 'delegated', reason_user: 'Yes.' }],
  chain: [link],
}
const tooDear = {
  decision: false,
  reason: 'price_above_limit',
  reasons: [{ code: 'price_above_limit', reason_user: 'Too dear.' }],
  chain: [link],
}
const denial = (code: string) => ({
  code,
  reason_user: 'No.',
  reasons: [{ code, reason_user: 'No.' }],
  chain: [link],
  evaluation_id: '01KD',
})
const items = ['hotel', 'dinner', 'flight'].map((name) => ({ id: `id-${name}`, name }))
const MILAN: Script = {
  'GET /workflows/w': [200, { items }],
  'POST /workflows/w/dry-run': [
    200,
    { items: items.map(({ id, name }) => ({ resource: { id }, ...(name === 'hotel' ? tooDear : permitted) })) },
  ],
  'POST /workflows/w/items/id-hotel/execute': [403, denial('price_above_limit')],
  'POST /workflows/w/items/id-dinner/execute': [200, { effect: 'booked', evaluation_id: '01KE', ...permitted }],
  'POST /workflows/w/items/id-flight/execute': [200, { effect: 'booked', evaluation_id: '01KF', ...permitted }],
}

beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())
beforeEach(async () => {
  heard = []
  script = MILAN
  logged = ''
  folder = mkdtempSync(join(tmpdir(), 'agent-'))
  tripsServer = createServer((req, res) => {
    const { authorization = '', 'mandate-persona': persona, 'idempotency-key': key } = req.headers
    const path = req.url ?? ''
    const token = authorization.slice('Bearer '.length)
    heard.push({ method: req.method ?? '', path, token, persona: persona?.toString(), key: key?.toString() })
    const [status, body] = script[`${req.method} ${path}`] ?? [404, { code: 'not_found' }]
    sendJson(res, status, body)
  })
  tripsUrl = await listen(tripsServer)
  const write = (line: string): void => {
    logged += line
  }
  agent = await startAgent(config(), pino({ level: 'debug' }, { write }))
})
afterEach(async () => {
  await Promise.all([agent.close(), stop(tripsServer)])
  issuer.breakWith(undefined)
  rmSync(folder, { recursive: true })
})

const config = (settings: Readonly<Record<string, string>> = {}) =>
  readConfig({
    AGENT_PORT: '0',
    AGENT_ISSUER: issuer.issuer,
    AGENT_CLIENT_SECRET: 'a secret for tests',
    AGENT_TRIPS_URL: tripsUrl,
    AGENT_PDP_URL: 'http://127.0.0.1:9',
    AGENT_DATA_DIR: folder,
    ...settings,
  })

async function call(method: string, path: string, body?: unknown, claims: object = {}) {
  const token = await issuer.sign({ aud: 'booking-agent', sub: 'yannick', ...claims })
  const response = await fetch(agent.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'Mandate-Persona': 'travel-agent/acme',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Run & { readonly code: string }, token }
}

test('a run looks, asks, then tries item by item, and goes on past a denial', async () => {
  const { status, body } = await call('POST', '/runs', { workflow: 'w' })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    workflow: 'w',
    status: 'done',
    dry_run: false,
    subject: 'user:yannick',
    actor: 'agent:booking-agent',
    persona: 'travel-agent/acme',
    items: [
      {
        name: 'hotel',
        status: 'denied',
        decision: false,
        reason: 'price_above_limit',
        chain: [link],
        evaluation_id: '01KD',
      },
      { name: 'dinner', status: 'booked', decision: true, reason: 'delegated', chain: [link], evaluation_id: '01KE' },
      { name: 'flight', status: 'booked', evaluation_id: '01KF', precheck: { decision: true } },
    ],
  })
  // The items are tried at the same time, so in no order.
  const asked = heard.map(({ method, path }) => `${method} ${path}`)
  expect([...asked.slice(0, 2), ...asked.slice(2).sort()]).toEqual([
    ...Object.keys(MILAN).slice(0, 2),
    ...Object.keys(MILAN).slice(2).sort(),
  ])
})

test('trips gets an exchanged token of the person through the agent, for trips alone, and the persona', async () => {
  const { token } = await call('POST', '/runs', { workflow: 'w' })
  for (const call of heard) {
    expect(call.token).not.toBe(token)
    expect(decodeJwt(call.token)).toMatchObject({ aud: 'trips', sub: 'yannick', azp: 'booking-agent' })
    expect(call.persona).toBe('travel-agent/acme')
  }
})

test('no token is stored or logged', async () => {
  const { token } = await call('POST', '/runs', { workflow: 'w' })
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  for (const secret of [token, ...heard.map((call) => call.token)]) {
    const signature = secret.split('.')[2] ?? secret
    expect(logged).not.toContain(signature)
    expect(stored.join('')).not.toContain(signature)
  }
})

test('one item at a time, by name or id, with a key of its own each time', async () => {
  const first = await call('POST', '/runs', { workflow: 'w', items: ['dinner'] })
  const second = await call('POST', '/runs', { workflow: 'w', items: ['id-flight', 'flight'] })
  expect(first.body.items.map(({ name }) => name)).toEqual(['dinner'])
  expect(second.body.items.map(({ name }) => name)).toEqual(['flight'])
  const keys = heard.map(({ key }) => key).filter((key) => key !== undefined)
  expect(keys).toEqual([`${first.body.id}.id-dinner`, `${second.body.id}.id-flight`])
})

test('an item that the trip does not have is a mistake, and nothing is tried', async () => {
  expect(await call('POST', '/runs', { workflow: 'w', items: ['dinner', 'yacht'] })).toMatchObject({ status: 400 })
  expect(heard.some(({ path }) => path.endsWith('/execute'))).toBe(false)
})

test('a dry run asks and does nothing', async () => {
  const { body } = await call('POST', '/runs', { workflow: 'w', dry_run: true })
  expect(body).toMatchObject({ dry_run: true, items: [{ status: 'checked', decision: false }, { decision: true }, {}] })
  expect(heard.some(({ path }) => path.endsWith('/execute'))).toBe(false)
})

test('when the authority is gone the run says so, and an item asked for by id gets its own answer', async () => {
  const revoked = denial('grant_revoked')
  script = {
    'GET /workflows/w': [403, revoked],
    'POST /workflows/w/dry-run': [403, revoked],
    'POST /workflows/w/items/id-hotel/execute': [403, revoked],
  }
  const whole = await call('POST', '/runs', { workflow: 'w' })
  expect(whole.body).toMatchObject({ status: 'denied', denial: { reason: 'grant_revoked', chain: [link] }, items: [] })
  const one = await call('POST', '/runs', { workflow: 'w', items: ['id-hotel'] })
  expect(one.body).toMatchObject({
    status: 'done',
    items: [{ status: 'denied', reason: 'grant_revoked', evaluation_id: '01KD' }],
  })
})

test('an item without a decision has failed, not been denied, and the others go on', async () => {
  script = {
    ...MILAN,
    'POST /workflows/w/items/id-hotel/execute': [503, { code: 'decision_unavailable' }],
    'POST /workflows/w/items/id-dinner/execute': [200, { effect: 'booked' }],
  }
  const { body } = await call('POST', '/runs', { workflow: 'w' })
  expect(body.items).toMatchObject([
    { status: 'failed', failure: 'decision_unavailable' },
    { status: 'failed', failure: 'answer_invalid' },
    { status: 'booked' },
  ])
})

test('a run is read by whoever started it, and by nobody else', async () => {
  const { body } = await call('POST', '/runs', { workflow: 'w' })
  expect((await call('GET', `/runs/${body.id}`)).body).toEqual(body)
  expect((await call('GET', `/runs/${body.id}`, undefined, { sub: 'sam' })).status).toBe(404)
  expect((await call('GET', '/runs', undefined, { sub: 'sam' })).body.items).toEqual([])
  expect((await call('GET', '/runs')).body.items).toHaveLength(1)
})

test.for([
  ['through another client', { azp: 'trips' }],
  ['of a service account', { azp: 'trips', svc: 'trips' }],
] as const)('403 in_person_only for a token %s: an actor is never lost on the way', async ([, claims]) => {
  expect(await call('POST', '/runs', { workflow: 'w' }, claims)).toMatchObject({
    status: 403,
    body: { code: 'in_person_only' },
  })
  expect(heard).toEqual([])
})

test.for([
  ['nothing', {}],
  ['a workflow that cannot exist', { workflow: 'a\u0000b' }],
  ['a workflow that would lead to another address', { workflow: '..' }],
  ['somebody else’s name', { workflow: 'w', subject: 'carlo' }],
  ['no items at all', { workflow: 'w', items: [] }],
] as const)('400 for a run of %s', async ([, body]) => {
  expect((await call('POST', '/runs', body)).status).toBe(400)
  expect(heard).toEqual([])
})

test('an identity provider that does not exchange: 503, or 401 when it is the person’s session that ended', async () => {
  await call('GET', '/runs')
  issuer.breakWith((res) => sendJson(res, 400, { error: 'invalid_token' }))
  expect(await call('POST', '/runs', { workflow: 'w' })).toMatchObject({ status: 401 })
  issuer.breakWith((res) => res.destroy())
  expect(await call('POST', '/runs', { workflow: 'w' })).toMatchObject({
    status: 503,
    body: { code: 'identity_unavailable' },
  })
})

test('429 when one address asks too much', async () => {
  await agent.close()
  agent = await startAgent(config({ AGENT_ADDRESS_PER_SECOND: '2' }), pino({ level: 'silent' }))
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await call('GET', '/runs')).status))
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
})

test('on its own schedule the agent is the subject, with its own token and no persona', async () => {
  const run = await runOnOwnSchedule(config(), 'w')
  expect(run).toMatchObject({ status: 'done', subject: 'agent:booking-agent' })
  expect(run.actor).toBeUndefined()
  expect(decodeJwt(heard[0]?.token ?? '')).toMatchObject({ aud: 'trips', svc: 'booking-agent', azp: 'booking-agent' })
  expect(heard[0]?.persona).toBeUndefined()
})
