/**
 * The booking agent on the whole stack: as a language model's tools by the official MCP client, on a schedule of its own, and after its person
 * asked to be forgotten.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readConfig, runOnOwnSchedule, startAgent } from '@mandate/booking-agent'
import type { Stack } from '@mandate/stack'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { enterAs, type Signed } from '../support/signed-in.ts'

const TRAVELER = 'traveler/family'
const AGENT = 'agent:booking-agent'
let stack: Stack
let carlo: Signed
let trip: { readonly id: string; readonly items: readonly { readonly id: string; readonly name: string }[] }
let grant: string

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'trips', 'agent'] })
  const olga = await enterAs(stack, 'olga')
  await olga.must('pdp', 'POST /v1/agents', { id: 'booking-agent' })
  carlo = await enterAs(stack, 'carlo', TRAVELER)
  const persona = await carlo.must('pdp', 'POST /v1/personas', { title: 'traveler', circle: 'family' })
  const limits = {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 7 * 86_400 },
    risk: { at_most: 3 },
  }
  await carlo.must('pdp', `PATCH /v1/personas/${persona['id']}`, { autonomy: { consent: true, limits } })
  trip = (await carlo.must('trips', 'POST /workflows', { template: 'milan' })) as typeof trip
})
afterAll(() => stack?.stop())

const itemOf = (name: string) => trip.items.find((item) => item.name === name)?.id ?? expect.unreachable(name)
const grantTo = async (more: object) =>
  String(
    (
      await carlo.must('pdp', 'POST /v1/grants', {
        delegate: AGENT,
        delegator_persona: TRAVELER,
        actions: ['execute'],
        scope: `workflow:${trip.id}`,
        ...more,
      })
    )['id'],
  )

async function connect(token: string, workflow = trip.id): Promise<Client> {
  const client = new Client({ name: 'tests', version: '0' })
  const headers = { authorization: `Bearer ${token}`, 'mandate-persona': TRAVELER }
  const url = new URL(`${stack.urls.agent}/mcp/workflows/${workflow}`)
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } })
  // The SDK declares its optional members as possibly undefined, which this compiler tells apart.
  await client.connect(transport as Parameters<Client['connect']>[0])
  onTestFinished(() => client.close())
  return client
}
const namesOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)
const execute = (client: Client, items: readonly string[]) =>
  client.callTool({ name: 'execute_items', arguments: { items: [...items] } })

test('a model’s client without a token learns whom to ask for one; a token for trips is none here', async () => {
  const url = `${stack.urls.agent}/mcp/workflows/${trip.id}`
  const bare = await fetch(url, { method: 'POST' })
  expect(bare.status).toBe(401)
  const metadata = /resource_metadata="(?<at>[^"]+)"/u.exec(bare.headers.get('www-authenticate') ?? '')?.groups?.['at']
  const found = await (await fetch(metadata ?? expect.unreachable())).json()
  expect(found).toMatchObject({ authorization_servers: [stack.issuer] })
  await expect(connect(await carlo.tokenFor('trips'))).rejects.toThrow(/401|unauthenticated|Unauthorized/iu)
})

test('before anybody granted anything there is nothing to execute with', async () => {
  expect(await namesOf(await connect(await carlo.tokenFor('agent')))).not.toContain('execute_items')
})

test('with a grant the tools are there, and each call is decided: within the limits, and beyond them', async () => {
  grant = await grantTo({})
  const client = await connect(await carlo.tokenFor('agent'))
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('execute_items')
  const offered = JSON.stringify(tools.find(({ name }) => name === 'execute_items')?.inputSchema)
  expect(offered).toContain(itemOf('dinner'))
  expect(offered).not.toContain(itemOf('hotel'))
  const result = await execute(client, [itemOf('dinner')])
  expect(result.structuredContent).toMatchObject({
    items: [{ item: itemOf('dinner'), status: 'booked', decision: true, evaluation_id: expect.any(String) }],
  })
  expect(JSON.stringify(result)).not.toContain('410000')
  const seen = await carlo.must('trips', `GET /workflows/${trip.id}`)
  expect(seen['items']).toMatchObject([
    { name: 'hotel', status: 'planned' },
    { name: 'dinner', status: 'booked', last_attempt: { actor: AGENT, subject: `user:${carlo.sub}` } },
    { name: 'flight', status: 'planned' },
  ])
})

test('taken back, the very next call of the same session is denied', async () => {
  const client = await connect(await carlo.tokenFor('agent'))
  expect(await namesOf(client)).toContain('execute_items')
  await carlo.must('pdp', `POST /v1/grants/${grant}/revoke`, {})
  const result = await execute(client, [itemOf('flight')])
  expect(result.structuredContent).toMatchObject({ items: [{ status: 'denied', reason: 'grant_revoked' }] })
  expect(await namesOf(client)).not.toContain('execute_items')
})

test('on its own schedule the agent books what an unattended grant lets it, and stops when that ends', async () => {
  const unattended = await grantTo({ unattended: true })
  const agent = await startAgent(agentConfig(), pino({ level: 'silent' }))
  const statuses = async () => {
    const { items } = await carlo.must('trips', `GET /workflows/${trip.id}`)
    return (items as readonly { readonly status: string }[]).map(({ status }) => status)
  }
  const flight = async () => {
    const { items } = await carlo.must('trips', `GET /workflows/${trip.id}`)
    return (items as readonly { readonly name: string; readonly last_attempt?: unknown }[]).find(
      ({ name }) => name === 'flight',
    )?.last_attempt
  }
  await expect.poll(statuses, { timeout: 60_000, interval: 500 }).toEqual(['planned', 'booked', 'booked'])
  // Nobody stands behind it: it is the subject itself.
  expect(await flight()).toMatchObject({
    subject: AGENT,
    reason: 'delegated',
    effect: expect.stringMatching(/booked|unchanged/u),
  })
  await agent.close()
  await carlo.must('pdp', `POST /v1/grants/${unattended}/revoke`, {})
  const before = await flight()
  expect(await runOnOwnSchedule(agentConfig(), trip.id)).toMatchObject({ status: 'denied' })
  expect(await flight()).toEqual(before)
})

/** One that looks at the trip every second, with the account of the one that runs already. */
const agentConfig = () =>
  readConfig({
    AGENT_PORT: '0',
    AGENT_ISSUER: stack.issuer,
    AGENT_CLIENT_SECRET: stack.clientSecrets['booking-agent'],
    AGENT_TRIPS_URL: stack.urls.trips,
    AGENT_PDP_URL: stack.urls.pdp,
    AGENT_DATA_DIR: ':memory:',
    AGENT_SCHEDULE_WORKFLOWS: trip.id,
    AGENT_SCHEDULE_SECONDS: '1',
  })

test('forgotten by the PDP, forgotten by trips: no trip, no attempt, no kept answer, and nobody can act there', async () => {
  const file = join(stack.log, '../../trips/trips.db')
  const rows = () => {
    const db = new DatabaseSync(file, { readOnly: true })
    const tables = ['workflow', 'item', 'attempt', 'idempotency', 'outbox'].map((name) =>
      db.prepare(`SELECT * FROM ${name}`).all(),
    )
    db.close()
    return JSON.stringify(tables)
  }
  expect(rows()).toContain(carlo.sub)
  expect((await carlo.call('pdp', 'DELETE /v1/subjects/me')).status).toBeLessThan(300)
  // Trips asks whom to forget every half minute, and when it starts.
  await stack.services.trips?.restart()
  await expect.poll(rows, { timeout: 60_000, interval: 500 }).toBe('[[],[],[],[],[]]')
  expect((await carlo.call('trips', `GET /workflows/${trip.id}`)).status).toBe(403)
})
