/**
 * No person's name reaches the agent or its model: all that crosses, to the agent and from it, is opaque ids, codes, kinds of items, amounts
 * of time and the texts of our own tables. Held by closed schemas: a new member fails here until somebody says what it is.
 */

import { sendJson } from '@mandate/pep/testing'
import { REASONS } from '@mandate/protocol'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { decided, tripOf, useAgent } from './agent.harness.ts'

const agent = useAgent()
const { answerWith, call } = agent

/** What a service with too much to say might send along. */
const PERSONAL = {
  owner_name: 'Carla Rossi',
  email: 'carla.rossi@mail.example',
  phone: '+39 02 1234567',
  passport: 'YA1234567',
  traveler: { given_name: 'Carla', family_name: 'Rossi' },
}
const LEAKS = /carla|rossi|@|\+39|YA1234567|eyJ/iu

const opaque = z.string().regex(/^[\w.-]{1,64}$/u)
const party = z.string().regex(/^(user|agent):[\w.-]{1,64}$/u)
const instant = z.iso.datetime()
const code = z.string().regex(/^[a-z_]{1,40}$/u)
const kind = z.enum(['hotel', 'dinner', 'flight', 'train', 'museum'])
const OURS = [...Object.values(REASONS).map(({ user }) => user), 'Yes.', 'No.']
const ownText = z.string().refine((text) => OURS.includes(text), 'a text that is not of our tables')
const reason = z.strictObject({ code, reason_user: ownText })
const link = z.strictObject({
  grant: opaque,
  delegator: party,
  delegate: party,
  actions: z.array(code),
  scope: z.string().regex(/^workflow:[\w.-]+$/u),
  expires_at: instant,
})
const outcome = {
  decision: z.boolean(),
  reason: code,
  reason_user: ownText.optional(),
  evaluation_id: opaque,
}
const whole = { ...outcome, reasons: z.array(reason), chain: z.array(link) }
const itemOf = z.strictObject({
  item: opaque,
  name: kind,
  status: code,
  ...whole,
  precheck: z.strictObject(whole).optional(),
})
const runOf = z.strictObject({
  id: opaque,
  workflow: opaque,
  status: code,
  dry_run: z.boolean(),
  subject: party,
  actor: party,
  persona: z
    .string()
    .regex(/^[a-z-]+\/[a-z0-9-]+$/u)
    .optional(),
  started_at: instant,
  ended_at: instant,
  items: z.array(itemOf),
})
const readTold = z.strictObject({ items: z.array(z.strictObject({ item: opaque, kind })) })
const runTold = z.strictObject({
  run: opaque,
  status: code,
  items: z.array(z.strictObject({ item: opaque, kind, status: code, ...outcome })),
})
const tokenTold = z.strictObject({
  iss: z.url(),
  aud: z.literal('trips'),
  azp: z.literal('booking-agent'),
  sub: opaque,
  sid: opaque,
  jti: opaque,
  typ: z.literal('Bearer'),
  iat: z.int(),
  exp: z.int(),
})

/** The trip, with a person's data in every answer, at every depth. */
function talkative() {
  const plain = tripOf({ hotel: 'price_above_limit' })
  const gossip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(gossip)
    if (typeof value !== 'object' || value === null) return value
    return { ...Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, gossip(inner)])), ...PERSONAL }
  }
  answerWith((heard, res) => {
    const end = res.end.bind(res)
    // The answer of the plain trip, with more in it.
    res.end = ((text: string) => end(JSON.stringify(gossip(JSON.parse(text))))) as typeof res.end
    plain(heard, res)
  })
}

test('whatever a service says too much is not kept, not answered and not told to a model', async () => {
  talkative()
  const { body } = await call('POST', '/runs', {
    body: { workflow: 'w' },
    headers: { 'mandate-persona': 'traveler/family' },
  })
  expect(() => runOf.parse(body)).not.toThrow()
  expect(body.items).toHaveLength(5)
  expect(JSON.stringify((await call('GET', '/runs')).body)).not.toMatch(LEAKS)
})

test('what a model reads is ids, kinds and outcomes: prompts and results of every tool', async () => {
  talkative()
  const client = new Client({ name: 'tests', version: '0' })
  const requestInit = { headers: { authorization: `Bearer ${await agent.token()}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${agent.url()}/mcp/workflows/w`), { requestInit }))
  const { tools } = await client.listTools()
  const read = await client.callTool({ name: 'read_trip' })
  const checked = await client.callTool({ name: 'check_items' })
  const executed = await client.callTool({ name: 'execute_items', arguments: { items: ['id-hotel', 'id-dinner'] } })
  await client.close()
  expect(() => readTold.parse(read.structuredContent)).not.toThrow()
  for (const result of [checked, executed]) expect(() => runTold.parse(result.structuredContent)).not.toThrow()
  for (const told of [tools, client.getInstructions() ?? '', read, checked, executed])
    expect(JSON.stringify(told)).not.toMatch(LEAKS)
  // Not even whose the trip is.
  for (const result of [read, checked, executed]) expect(JSON.stringify(result)).not.toMatch(/user:|carlo/u)
})

test('the tokens that it holds say an opaque sub, and nothing of a person', async () => {
  await call('POST', '/runs', { body: { workflow: 'w' } })
  for (const { token } of agent.heard()) {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(() => tokenTold.parse(claims)).not.toThrow()
  }
})

test('figures of the owner’s limits are not the agent’s to know', async () => {
  const told = {
    ...decided('price_above_limit'),
    reasons: [{ code: 'price_above_limit', reason_user: 'No.', limit: 4_100, actual: 4_200 }],
  }
  answerWith(tripOf({}, (_heard, res) => sendJson(res, 403, { ...told, code: 'price_above_limit' })))
  const { body } = await call('POST', '/runs', { body: { workflow: 'w', items: ['dinner'] } })
  expect(body.items).toMatchObject([{ status: 'denied', reason: 'price_above_limit' }])
  expect(JSON.stringify(body)).not.toMatch(/4100|4200/u)
})
