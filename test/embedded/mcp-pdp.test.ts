/**
 * A tool server on a real PDP: a host of a third party acts for a nurse by MCP. The list shows what could be done now, each call is decided, and
 * what is taken back is denied with the next call. Both official clients, both revisions of the protocol.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createToolServer, defineTool, toolResult } from '@mandate/mcp'
import { createPdpAdmin, createPep, type Pep, problems } from '@mandate/pep'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'

const HOUR_MS = 3_600_000
const MINUTES = { 'plan-1-washing': 10, 'plan-1-medication': 5, 'plan-1-walk': 45 } as const
const TASKS = Object.keys(MINUTES)
const patient: TokenClaims = { sub: 'sub-of-paul', azp: 'desktop' }
const staff = (role: string): TokenClaims => ({ sub: `staff-${role}`, azp: 'desktop', roles: [role] })

let tpdp: TestPdp
let pep: Pep
let server: Server
const carriedOut: string[] = []
const open: { readonly close: () => Promise<void> }[] = []

const task = (id: string) => ({
  type: 'care_task',
  id,
  properties: {
    effort: MINUTES[id as keyof typeof MINUTES],
    due_at: new Date(tpdp.now() + 5 * HOUR_MS).toISOString(),
    risk: 1,
  },
})

const tools = [
  defineTool({
    name: 'execute_tasks',
    description: 'Carries out tasks of care.',
    inputSchema: z.strictObject({ tasks: z.array(z.string()).min(1) }),
    action: 'execute',
    resource: ({ tasks }) => tasks.map(task),
    listed: { resources: () => TASKS.map(task), argument: 'tasks' },
    run: ({ tasks }) => {
      carriedOut.push(...tasks)
      return toolResult({ done: tasks })
    },
  }),
  defineTool({
    name: 'read_plan',
    description: 'Reads the plan of care.',
    inputSchema: z.strictObject({}),
    action: 'read',
    resource: () => ({ type: 'care_plan', id: 'plan-1' }),
    run: () => toolResult({ tasks: TASKS }),
  }),
  defineTool({
    name: 'close_plan',
    description: 'Ends the plan of care.',
    inputSchema: z.strictObject({}),
    action: 'read',
    resource: () => ({ type: 'care_plan', id: 'plan-1' }),
    inPersonOnly: true,
    run: () => toolResult('closed'),
  }),
]

async function done(method: string, path: string, as: TokenClaims, body: unknown) {
  const answer = await tpdp.call(method, path, { as, body })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

beforeAll(async () => {
  const env = { ENGINE: 'embedded', PDP_SERVICES: 'care=care_plan+care_task+care_account' }
  tpdp = await startTestPdp({ openFga: NO_OPENFGA, env })
  const service = {
    issuer: tpdp.issuer.issuer,
    pdpUrl: tpdp.pdp.url,
    credentials: { clientId: 'care', clientSecret: 'secret' },
    timeoutMs: 10_000,
  }
  pep = createPep({ ...service, audience: 'care' })
  const mcp = createToolServer({ name: 'care', version: '1.0.0', pep, tools })
  open.push(mcp, pep)
  const app = express()
  app.use(pep.authenticate(), express.json())
  app.all('/mcp', pep.open('each call of a tool is decided'), mcp.handler)
  app.use(problems())
  pep.assertGuarded(app)
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))

  const limits = { effort: { at_most: 30 }, lead_time: { at_least: 3_600 }, risk: { at_most: 3 } }
  const admin = createPdpAdmin(service)
  open.push(admin)
  await done('POST', '/v1/personas', patient, { title: 'patient', circle: 'home', autonomy: { consent: true, limits } })
  await admin.register({ type: 'care_plan', id: 'plan-1', owner: `user:${patient.sub}`, owner_persona: 'patient/home' })
  for (const id of TASKS) await admin.register({ type: 'care_task', id, parent: 'care_plan:plan-1' })
})
afterAll(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
  await Promise.all(open.map((one) => one.close()))
  await tpdp?.stop()
})

const CLIENTS = ['sdk 1, 2025-11-25', 'sdk 2, 2025-11-25', 'sdk 2, 2026-07-28'] as const

async function connect(kind: (typeof CLIENTS)[number], claims: TokenClaims): Promise<Client> {
  const { port } = server.address() as AddressInfo
  const token = await tpdp.issuer.token({ ...claims, aud: 'care' })
  const requestInit = { headers: { authorization: `Bearer ${token}`, 'mandate-persona': 'patient/home' } }
  const endpoint = new URL(`http://127.0.0.1:${port}/mcp`)
  const info = { name: 'tests', version: '0' }
  if (kind === 'sdk 1, 2025-11-25') {
    const client = new Client(info)
    open.push(client)
    await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit }) as never)
    return client
  }
  const options = kind === 'sdk 2, 2026-07-28' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {}
  const client = new ModernClient(info, options as object)
  open.push(client)
  await client.connect(new ModernTransport(endpoint, { requestInit }))
  return client as unknown as Client
}

const through = (host: string): TokenClaims => ({ ...patient, azp: host })
const namesOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)
const execute = (client: Client, ...tasks: readonly string[]) =>
  client.callTool({ name: 'execute_tasks', arguments: { tasks } })

test('a host that no operator registered is 401, and nothing is done', async () => {
  const client = await connect('sdk 2, 2026-07-28', through('unknown-host'))
  await expect(execute(client, 'plan-1-washing')).rejects.toThrow()
  expect(carriedOut).toEqual([])
})

describe.each(CLIENTS)('%s', (kind) => {
  // Why a grant is missing depends on those that there were: each client is a host of its own.
  const host = `chat-host-${CLIENTS.indexOf(kind)}`
  const given = {
    delegate: `agent:${host}`,
    actions: ['execute', 'read'],
    scope: 'care_plan:plan-1',
    delegator_persona: 'patient/home',
  }

  beforeAll(async () => {
    carriedOut.length = 0
    await done('POST', '/v1/agents', staff('operator'), { id: host })
  })

  test('without a grant nothing is listed and nothing runs; with one, what it permits; after its end, nothing', async () => {
    const client = await connect(kind, through(host))
    expect(await namesOf(client)).toEqual([])
    expect(await execute(client, 'plan-1-washing')).toMatchObject({
      isError: true,
      structuredContent: { reason: 'no_grant' },
    })

    const { id } = await done('POST', '/v1/grants', patient, given)
    const { tools: listed } = await client.listTools()
    expect(listed.map(({ name }) => name)).toEqual(['execute_tasks', 'read_plan'])
    const schema = listed[0]?.inputSchema as object
    expect(schema).toMatchObject({
      properties: { tasks: { items: { enum: ['plan-1-washing', 'plan-1-medication'] } } },
    })
    expect(await execute(client, 'plan-1-washing', 'plan-1-medication')).toMatchObject({
      structuredContent: { done: ['plan-1-washing', 'plan-1-medication'] },
    })
    const denied = await execute(client, 'plan-1-washing', 'plan-1-walk')
    expect(denied).toMatchObject({ isError: true, structuredContent: { reason: 'effort_above_limit' } })
    expect(JSON.stringify(denied)).not.toMatch(/sub-of|"limit"|45/u)
    expect(carriedOut).toEqual(['plan-1-washing', 'plan-1-medication'])

    await done('POST', `/v1/grants/${id}/revoke`, patient, {})
    const after = await execute(client, 'plan-1-washing')
    expect(after).toMatchObject({ isError: true, structuredContent: { reason: 'grant_revoked' } })
    expect(await namesOf(client)).toEqual([])
    expect(carriedOut).toEqual(['plan-1-washing', 'plan-1-medication'])
    const { evaluation_id: entry } = after.structuredContent as { readonly evaluation_id: string }
    expect((await tpdp.call('GET', `/v1/decisions/${entry}`, { as: AUDITOR })).body).toMatchObject({
      decision: false,
      caller: 'service:care',
      actor: `agent:${host}`,
      action: 'execute',
    })
  })

  test('the host has no rights of a person in person, with all grants that it may have', async () => {
    const { id } = await done('POST', '/v1/grants', patient, given)
    const client = await connect(kind, through(host))
    expect(await namesOf(client)).not.toContain('close_plan')
    expect(await client.callTool({ name: 'close_plan' })).toMatchObject({
      isError: true,
      structuredContent: { failure: 'in_person_only' },
    })
    const own = await connect(kind, patient)
    expect(await namesOf(own)).toContain('close_plan')
    for (const [method, path, body] of [
      ['POST', '/v1/grants', given],
      ['POST', `/v1/grants/${id}/revoke`, {}],
    ] as const)
      expect((await tpdp.call(method, path, { as: through(host), body })).status).toBe(403)
  })
})
