import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mandate/pep/service'
import {
  type Asked,
  answering,
  sendJson,
  startTestIssuer,
  startTestPdp,
  type TestIssuer,
  type TestPdp,
} from '@mandate/pep/testing'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { startTrips } from './start.ts'

let issuer: TestIssuer
let pdp: TestPdp
let trips: Listener
let folder: string
const logger = pino({ level: 'silent' })

beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trips-'))
  pdp = await startTestPdp()
  pdp.answerWith(answering(owns))
  trips = await startTrips(config(), logger)
})
afterEach(async () => {
  await trips.close()
  await pdp.close()
  rmSync(folder, { recursive: true })
})

const config = () =>
  readConfig({
    TRIPS_PORT: '0',
    TRIPS_ISSUER: issuer.issuer,
    TRIPS_CLIENT_SECRET: 'a secret for tests',
    TRIPS_PDP_URL: pdp.url,
    TRIPS_DATA_DIR: folder,
    LOG_LEVEL: 'silent',
  })

interface Question {
  readonly resource: unknown
}
const priceOf = ({ resource }: Question) =>
  (resource as { properties?: { planned_price?: { amount: number } } }).properties?.planned_price?.amount ?? 0
const owns = () => ({
  decision: true,
  context: {
    evaluation_id: '01KE',
    reason: 'owner',
    reasons: [],
    chain: [],
    owner: 'user:carlo',
    owner_persona: 'traveler/family',
  },
})
/** As a PDP with a limit of 4,100 euros would. */
const withLimit = (question: Question) =>
  priceOf(question) > 410_000
    ? {
        decision: false,
        context: {
          evaluation_id: '01KD',
          reason: 'price_above_limit',
          reasons: [
            {
              code: 'price_above_limit',
              reason_user: 'Too dear.',
              limit: 410_000,
              actual: priceOf(question),
              currency: 'EUR',
            },
          ],
          chain: [],
          owner: 'user:carlo',
        },
      }
    : owns()

interface Item {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly version: number
  readonly last_attempt?: Record<string, unknown>
}
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { readonly id: string; readonly items: readonly Item[] }
}

async function call(
  method: string,
  path: string,
  options: {
    readonly body?: unknown
    readonly claims?: object
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<Answer> {
  const token = await issuer.sign({ aud: 'trips', ...options.claims })
  const response = await fetch(trips.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'Mandate-Persona': 'traveler/family',
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
}

const newTrip = async () => (await call('POST', '/workflows', { body: { template: 'milan' } })).body
const named = (trip: { readonly items: readonly Item[] }, name: string) =>
  trip.items.find((item) => item.name === name) ?? expect.unreachable(name)
const puts = () => pdp.asked.filter(({ method }) => method === 'PUT')

test('a trip is registered, with its owner, persona and items, before it is said to be there', async () => {
  const { status, headers, body } = await call('POST', '/workflows', { body: { template: 'milan' } })
  expect(status).toBe(201)
  expect(headers.get('location')).toBe(`/workflows/${body.id}`)
  expect(body).toMatchObject({ owner: 'user:carlo', owner_persona: 'traveler/family', template: 'milan' })
  expect(body.items.map(({ name }) => name)).toEqual(['hotel', 'dinner', 'flight'])
  const [workflow, ...items] = puts()
  expect(workflow).toMatchObject({
    path: `/v1/resources/workflow/${body.id}`,
    body: { owner: 'user:carlo', owner_persona: 'traveler/family' },
  })
  expect(items.map(({ path }) => path).sort()).toEqual(
    body.items.map(({ id }) => `/v1/resources/workflow_item/${id}`).sort(),
  )
  expect(items.every((item) => item.body['parent'] === `workflow:${body.id}`)).toBe(true)
})

test('create is asked of the account: one’s own, or the one that a delegate names (rule B3)', async () => {
  await newTrip()
  await call('POST', '/workflows', { body: { template: 'milan', owner: 'carlo' }, claims: { sub: 'yannick' } })
  const asked = pdp.asked.filter(({ path }) => path.endsWith('/evaluation')).map(({ body }) => body)
  expect(asked).toMatchObject([
    { action: { name: 'create' }, resource: { type: 'travel_account', id: 'carlo' }, subject: { id: 'carlo' } },
    { action: { name: 'create' }, resource: { type: 'travel_account', id: 'carlo' }, subject: { id: 'yannick' } },
  ])
})

test('the PDP is asked with attributes of the database, and the body cannot say otherwise', async () => {
  const trip = await newTrip()
  const hotel = named(trip, 'hotel')
  await call('POST', `/workflows/${trip.id}/items/${hotel.id}/execute`, {
    body: { planned_price: { amount: 1, currency: 'EUR' }, risk: 0 },
  })
  expect(pdp.asked.at(-1)?.body['resource']).toMatchObject({
    type: 'workflow_item',
    id: hotel.id,
    properties: {
      planned_price: { amount: 420_000, currency: 'EUR' },
      risk: 1,
      starts_at: expect.stringMatching(/Z$/u),
    },
  })
})

test.for([
  ['refuses', 503],
  ['has it as somebody else’s', 409],
] as const)('nothing is kept of a trip whose registration the PDP %s', async ([, status]) => {
  pdp.answerWith((asked, res) => {
    if (asked.method === 'PUT' && asked.path.includes('workflow_item')) return sendJson(res, status, {})
    return answering(owns)(asked, res)
  })
  expect((await call('POST', '/workflows', { body: { template: 'milan' } })).status).toBe(status)
  expect((await call('GET', '/workflows')).body.items).toEqual([])
  const forgotten = pdp.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path)
  expect(forgotten).toHaveLength(4)
  expect(forgotten.at(-1)).toMatch(/^\/v1\/resources\/workflow\//u)
})

test('what a crash left half registered is taken back at the next start, and was never seen', async () => {
  pdp.answerWith((asked, res) => {
    if (asked.method === 'PUT' || asked.method === 'DELETE') return sendJson(res, 503, {})
    return answering(owns)(asked, res)
  })
  expect((await call('POST', '/workflows', { body: { template: 'milan' } })).status).toBe(503)
  expect((await call('GET', '/workflows')).body.items).toEqual([])
  await trips.close()
  pdp.answerWith(answering(owns))
  trips = await startTrips(config(), logger)
  expect(pdp.asked.filter(({ method }) => method === 'DELETE').length).toBeGreaterThanOrEqual(4)
  const store = createSqliteStore(folder)
  expect(store.pending()).toEqual([])
  store.close()
})

test('executing an item books it; again as it stands changes nothing; after a change it is rebooked', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`
  const first = await call('POST', `${path}/execute`)
  expect(first).toMatchObject({
    status: 200,
    body: { status: 'booked', effect: 'booked', reason: 'owner', evaluation_id: '01KE' },
  })
  expect((await call('POST', `${path}/execute`)).body).toMatchObject({ status: 'booked', effect: 'unchanged' })
  const etag = (await call('GET', path)).headers.get('etag') ?? ''
  const change = { body: { starts_at: '2031-05-01T18:00:00+02:00' }, headers: { 'If-Match': etag } }
  expect((await call('PATCH', path, change)).body).toMatchObject({
    status: 'booked',
    starts_at: '2031-05-01T16:00:00.000Z',
  })
  expect((await call('POST', `${path}/execute`)).body).toMatchObject({ status: 'rebooked', effect: 'rebooked' })
})

test('a change must be made to what was read', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`
  const body = { starts_at: '2031-05-01T18:00:00Z' }
  expect((await call('PATCH', path, { body })).status).toBe(400)
  expect((await call('PATCH', path, { body, headers: { 'If-Match': '"7"' } })).status).toBe(409)
  expect((await call('PATCH', path, { body, headers: { 'If-Match': '"1"' } })).headers.get('etag')).toBe('"2"')
  const price = { ...body, planned_price: { amount: 1, currency: 'EUR' } }
  expect((await call('PATCH', path, { body: price, headers: { 'If-Match': '"2"' } })).status).toBe(400)
})

test('a whole trip: each item on its own, denials reported, the rest booked, results kept', async () => {
  const trip = await newTrip()
  pdp.answerWith(answering(withLimit))
  const asAgent = { claims: { sub: 'yannick', azp: 'booking-agent' } }
  const { status, body } = await call('POST', `/workflows/${trip.id}/execute`, asAgent)
  expect(status).toBe(200)
  expect(body.items).toMatchObject([
    {
      name: 'hotel',
      decision: false,
      reason: 'price_above_limit',
      effect: 'none',
      status: 'planned',
      evaluation_id: '01KD',
    },
    { name: 'dinner', decision: true, effect: 'booked', status: 'booked' },
    { name: 'flight', decision: true, effect: 'booked', status: 'booked' },
  ])
  expect(JSON.stringify(body)).not.toContain('410000')
  pdp.answerWith(answering(owns))
  const hotel = named((await call('GET', `/workflows/${trip.id}`)).body, 'hotel')
  expect(hotel.last_attempt).toMatchObject({
    subject: 'user:yannick',
    actor: 'agent:booking-agent',
    reason: 'price_above_limit',
    reasons: [{ limit: 410_000, actual: 420_000 }],
  })
})

test('a denied item is kept as an attempt too', async () => {
  const trip = await newTrip()
  pdp.answerWith(answering(withLimit))
  const hotel = named(trip, 'hotel')
  expect((await call('POST', `/workflows/${trip.id}/items/${hotel.id}/execute`)).status).toBe(403)
  const item = (await call('GET', `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`)).body
  expect(item['last_attempt']).toBeUndefined()
  pdp.answerWith(answering(owns))
  expect((await call('GET', `/workflows/${trip.id}/items/${hotel.id}`)).body['last_attempt']).toMatchObject({
    effect: 'none',
  })
})

test('a dry run gives the same decisions and books nothing (scenario 51)', async () => {
  const trip = await newTrip()
  pdp.answerWith(answering(withLimit))
  const dry = await call('POST', `/workflows/${trip.id}/dry-run`)
  expect(dry.body).toMatchObject({
    dry_run: true,
    items: [{ decision: false }, { decision: true }, { decision: true }],
  })
  const after = (await call('GET', `/workflows/${trip.id}`)).body
  expect(after.items.map(({ status }) => status)).toEqual(['planned', 'planned', 'planned'])
})

test('a stranger learns nothing: the same denial for a trip that exists and one that does not, and no item ids', async () => {
  const trip = await newTrip()
  const denied = {
    decision: false,
    context: { reason: 'no_grant', reasons: [{ code: 'no_grant', reason_user: 'No.' }], chain: [] },
  }
  pdp.answerWith(answering(() => denied))
  const sam = { claims: { sub: 'sam' } }
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/execute'],
    ['POST', '/dry-run'],
  ] as const) {
    const there = await call(method, `/workflows/${trip.id}${path}`, sam)
    const nowhere = await call(method, `/workflows/01K00000000000000000000000${path}`, sam)
    expect(there.status).toBe(403)
    expect(there.body).toEqual(nowhere.body)
  }
  expect((await call('GET', `/workflows?id=${trip.id}`, sam)).body.items).toEqual([])
})

test('an item is only found under its own trip', async () => {
  const [one, other] = [await newTrip(), await newTrip()]
  expect((await call('POST', `/workflows/${one.id}/items/${named(other, 'dinner').id}/execute`)).status).toBe(404)
})

test('the list holds one’s own trips, or those named, as far as they may be read', async () => {
  const trip = await newTrip()
  expect((await call('GET', '/workflows')).body.items).toMatchObject([{ id: trip.id, owner: 'user:carlo' }])
  expect((await call('GET', '/workflows', { claims: { sub: 'yannick' } })).body.items).toEqual([])
  const asYannick = await call('GET', `/workflows?id=${trip.id}&id=unknown`, { claims: { sub: 'yannick' } })
  expect(asYannick.body.items).toMatchObject([{ id: trip.id }])
})

test('the same Idempotency-Key does it once, for the same caller and the same request only', async () => {
  const headers = { 'Idempotency-Key': 'key-1' }
  const first = await call('POST', '/workflows', { body: { template: 'milan' }, headers })
  const again = await call('POST', '/workflows', { body: { template: 'milan' }, headers })
  expect(again.body).toEqual(first.body)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect((await call('POST', '/workflows', { body: { template: 'day-in-vienna' }, headers })).status).toBe(409)
  const other = await call('POST', '/workflows', {
    body: { template: 'milan' },
    headers,
    claims: { azp: 'booking-agent' },
  })
  expect(other.body.id).not.toBe(first.body.id)
})

test('a replay is decided anew: who lost the authority gets no old answer', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}/execute`
  const headers = { 'Idempotency-Key': 'key-1' }
  expect((await call('POST', path, { headers })).status).toBe(200)
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'grant_revoked' } })))
  expect((await call('POST', path, { headers })).status).toBe(403)
})

test.for<readonly [string, string, string, object, number]>([
  ['no template', 'POST', '/workflows', {}, 400],
  ['an unknown template', 'POST', '/workflows', { template: 'moon' }, 400],
  ['a departure that has passed', 'POST', '/workflows', { template: 'milan', starts_at: '2001-01-01T00:00:00Z' }, 400],
  ['a member that says who asks', 'POST', '/workflows', { template: 'milan', subject: 'ada' }, 400],
  ['an unknown route', 'POST', '/trips', {}, 404],
  ['a body beyond the limit', 'POST', '/workflows', { template: 'x'.repeat(20_000) }, 413],
])('%s', async ([, method, path, body, status]) => {
  const answer = await call(method, path, { body })
  expect({ status: answer.status, type: answer.headers.get('content-type')?.split(';')[0] }).toEqual({
    status,
    type: 'application/problem+json',
  })
  expect(puts()).toEqual([])
})

test('health needs no token; everything else does, unknown addresses included', async () => {
  expect((await fetch(`${trips.url}/livez`)).status).toBe(200)
  expect((await fetch(`${trips.url}/readyz`)).status).toBe(200)
  for (const path of ['/templates', '/workflows', '/workflows/x', '/nowhere']) {
    expect((await fetch(trips.url + path)).status).toBe(401)
  }
})

test('with the PDP gone nothing is done and nothing is shown', async () => {
  const trip = await newTrip()
  pdp.answerWith((_: Asked, res) => void res.destroy())
  for (const [method, path] of [
    ['GET', `/workflows/${trip.id}`],
    ['GET', '/workflows'],
    ['POST', `/workflows/${trip.id}/execute`],
    ['POST', `/workflows/${trip.id}/items/${named(trip, 'dinner').id}/execute`],
  ] as const) {
    expect(await call(method, path)).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  }
})

test('a bad configuration is reported whole', () => {
  const env = { TRIPS_PORT: 'x', TRIPS_ISSUER: 'nonsense', TRIPS_TYPO: '1', TRIPS_CLIENT_SECRET_FILE: '/nonexistent' }
  expect(() => readConfig(env)).toThrow(
    /CLIENT_SECRET_FILE[\s\S]*TRIPS_PORT[\s\S]*TRIPS_ISSUER[\s\S]*TRIPS_PDP_URL[\s\S]*TRIPS_TYPO/u,
  )
})
