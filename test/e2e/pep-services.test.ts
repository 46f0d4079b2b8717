import { readFileSync } from 'node:fs'
import { readConfig, runOnOwnSchedule } from '@mandate/booking-agent'
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../setup/e2e.ts'

type Service = 'pdp' | 'trips' | 'agent'
interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { readonly id: string; readonly items: readonly Item[] }
}
interface Item extends Record<string, unknown> {
  readonly id: string
  readonly name: string
}
interface Person {
  readonly sub: string
  readonly call: (service: Service, route: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>
}

const TRAVELER = 'traveler/family'
const AUDIENCE = { pdp: 'pdp', trips: 'trips', agent: 'booking-agent' } as const
const tokens = new Set<string>()
let stack: TestStack
let carlo: Person
let olga: Person
let trip: Reply['body']

async function enter(name: string, persona?: string): Promise<Person> {
  const credentials = stack.people[name] ?? expect.unreachable(name)
  const session = await signIn({
    issuer: stack.issuer,
    clientId: 'desktop',
    scopes: Object.values(AUDIENCE),
    openBrowser: formBrowser(credentials),
  })
  const call: Person['call'] = async (service, route, body, headers) => {
    const [method = '', path = ''] = route.split(' ')
    const token = await session.tokenFor(AUDIENCE[service])
    tokens.add(token)
    const response = await fetch(stack.urls[service] + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(persona ? { 'mandate-persona': persona } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} }
  }
  return { sub: session.subject, call }
}

const itemOf = (name: string): string => trip.items.find((item) => item.name === name)?.id ?? expect.unreachable(name)
const execute = (name: string) => carlo.call('trips', `POST /workflows/${trip.id}/items/${itemOf(name)}/execute`)

beforeAll(async () => {
  stack = await startTestStack()
  ;[carlo, olga] = await Promise.all([enter('carlo', TRAVELER), enter('olga')])
  const persona = await carlo.call('pdp', 'POST /v1/personas', { title: 'traveler', circle: 'family' })
  const limits = {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 7 * 86_400 },
    risk: { at_most: 3 },
  }
  await carlo.call('pdp', `PATCH /v1/personas/${persona.body.id}`, { autonomy: { consent: true, limits } })
  const created = await carlo.call('trips', 'POST /workflows', { template: 'milan' })
  expect(created).toMatchObject({ status: 201, body: { owner: `user:${carlo.sub}`, owner_persona: TRAVELER } })
  trip = created.body
})
afterAll(() => stack.stop())

test('the owner acts in person, and each answer names the decision that let it', async () => {
  const { status, headers, body } = await execute('dinner')
  expect({ status, effect: body['effect'], reason: body['reason'] }).toEqual({
    status: 200,
    effect: 'booked',
    reason: 'owner',
  })
  expect(headers.get('x-evaluation-id')).toBe(body['evaluation_id'])
  expect((await carlo.call('trips', 'GET /workflows')).body.items).toMatchObject([{ id: trip.id }])
})

test('401 for a person’s token through a client that is no registered agent (scenario 56)', async () => {
  const run = await carlo.call('agent', 'POST /runs', { workflow: trip.id, items: [itemOf('flight')] })
  expect(run.body.items).toMatchObject([{ status: 'failed', failure: 'unauthenticated' }])
  expect((await olga.call('pdp', 'POST /v1/agents', { id: 'booking-agent' })).status).toBe(201)
  const again = await carlo.call('agent', 'POST /runs', { workflow: trip.id, items: [itemOf('flight')] })
  expect(again.body.items).toMatchObject([{ status: 'denied', reason: 'no_grant' }])
})

test('the owner lets the agent act: what the limits allow is booked, the figures are the owner’s alone', async () => {
  const grant = {
    delegate: 'agent:booking-agent',
    delegator_persona: TRAVELER,
    actions: ['execute'],
    scope: `workflow:${trip.id}`,
  }
  expect((await carlo.call('pdp', 'POST /v1/grants', grant)).status).toBe(201)
  const dry = await carlo.call('agent', 'POST /runs', { workflow: trip.id, dry_run: true })
  expect(dry.body.items.map(({ name, decision }) => [name, decision])).toEqual([
    ['hotel', false],
    ['dinner', true],
    ['flight', true],
  ])
  const run = await carlo.call('agent', 'POST /runs', { workflow: trip.id })
  expect(run.body.items).toMatchObject([
    { name: 'hotel', status: 'denied', reason: 'price_above_limit', chain: [{ delegate: 'agent:booking-agent' }] },
    { name: 'dinner', status: 'unchanged', reason: 'delegated' },
    { name: 'flight', status: 'booked', reason: 'delegated' },
  ])
  expect(JSON.stringify(run.body)).not.toContain('410000')
  const seen = await carlo.call('trips', `GET /workflows/${trip.id}`)
  expect(seen.body.items[0]).toMatchObject({
    name: 'hotel',
    status: 'planned',
    last_attempt: {
      actor: 'agent:booking-agent',
      reasons: [{ code: 'price_above_limit', limit: 410_000, actual: 420_000 }],
    },
  })
})

test('on its own schedule the agent needs a grant that says so (rule G3)', async () => {
  const config = readConfig({
    AGENT_ISSUER: stack.issuer,
    AGENT_CLIENT_SECRET: stack.clientSecrets['booking-agent'],
    AGENT_TRIPS_URL: stack.urls.trips,
    AGENT_PDP_URL: stack.urls.pdp,
    AGENT_DATA_DIR: ':memory:',
  })
  expect(await runOnOwnSchedule(config, trip.id)).toMatchObject({
    status: 'denied',
    denial: { reason: 'not_on_behalf' },
  })
  const grant = {
    delegate: 'agent:booking-agent',
    delegator_persona: TRAVELER,
    actions: ['execute'],
    scope: `workflow:${trip.id}`,
    unattended: true,
  }
  expect((await carlo.call('pdp', 'POST /v1/grants', grant)).status).toBe(201)
  const run = await runOnOwnSchedule(config, trip.id)
  expect(run.items.map(({ name, status }) => [name, status])).toEqual([
    ['hotel', 'denied'],
    ['dinner', 'unchanged'],
    ['flight', 'unchanged'],
  ])
})

test('a stranger gets nothing, and learns nothing', async () => {
  const sam = await enter('sam', TRAVELER)
  await sam.call('pdp', 'POST /v1/personas', { title: 'traveler', circle: 'family' })
  const there = await sam.call('trips', `GET /workflows/${trip.id}`)
  const nowhere = await sam.call('trips', 'GET /workflows/01K00000000000000000000000')
  expect({ status: there.status, code: there.body['code'] }).toEqual({ status: 403, code: 'no_grant' })
  expect(nowhere.body['code']).toBe('no_grant')
  expect((await sam.call('trips', 'GET /workflows')).body.items).toEqual([])
  expect((await sam.call('trips', 'POST /workflows', { template: 'milan', owner: carlo.sub })).status).toBe(403)
})

test('503 while OpenFGA is down for what is not in memory, and on it goes when it is back (scenario 50)', async () => {
  // Not asked about before, so memory does not hold that it is absent.
  const unknown = () => carlo.call('trips', 'GET /workflows/01K00000000000000000000001')
  expect((await execute('hotel')).status).toBe(200)
  await stack.openFga.stop()
  expect((await execute('hotel')).status).toBe(200)
  const down = await unknown()
  expect({ status: down.status, code: down.body['code'] }).toEqual({ status: 503, code: 'decision_unavailable' })
  expect(down.headers.get('retry-after')).toBeTruthy()
  await stack.openFga.restart()
  await expect.poll(async () => (await unknown()).status, { timeout: 60_000, interval: 250 }).toBe(403)
})

test('503 while the PDP is dead, and on it goes after kill -9', async () => {
  await stack.services.pdp?.kill()
  for (let call = 0; call < 7; call++) expect((await execute('hotel')).status).toBe(503)
  await stack.services.pdp?.restart()
  await expect.poll(async () => (await execute('hotel')).status, { timeout: 60_000, interval: 250 }).toBe(200)
})

test('no token is in any log', () => {
  const logs = ['trips', 'agent', 'pdp'] as const
  const text = logs.map((name) => readFileSync(stack.services[name]?.logFile ?? '', 'utf8')).join('\n')
  for (const token of tokens) expect(text).not.toContain(token.split('.')[2])
})
