/**
 * The MCP server, asked by the official clients: what is listed, what is decided, and whose tokens go where.
 */
import { connect as connectRaw } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, expect, test } from 'vitest'
import { denial, tripOf, useAgent } from './agent.harness.ts'
import { readConfig } from './config.ts'

/** All of an answer, to a request with a Host of its own. */
async function rawGet(port: number, path: string, host: string): Promise<string> {
  const socket = connectRaw(port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  return await text(socket)
}

const agent = useAgent()
const { answerWith, call, tried } = agent
const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

/** A connected client with this person's token. */
async function connect(claims: object = {}, workflow = 'w'): Promise<Client> {
  const client = new Client({ name: 'tests', version: '0' })
  clients.push(client)
  const headers = { authorization: `Bearer ${await agent.token(claims)}` }
  const url = new URL(`${agent.url()}/mcp/workflows/${workflow}`)
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  return client
}

const namesOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)
const execute = (client: Client, items: readonly string[]) =>
  client.callTool({ name: 'execute_items', arguments: { items: [...items] } })
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

test('the list holds what could be done now, and the items it could be done to', async () => {
  answerWith(tripOf({ hotel: 'price_above_limit' }))
  const { tools } = await (await connect()).listTools()
  expect(tools.map(({ name }) => name)).toEqual(['read_trip', 'check_items', 'execute_items'])
  expect(tools[2]?.inputSchema.properties).toMatchObject({
    items: { items: { enum: ['id-dinner', 'id-flight', 'id-train', 'id-museum'] } },
  })
})

test('when nothing is permitted any more there is nothing to execute with; when nothing can be read there is no tool', async () => {
  const client = await connect()
  const every = ['hotel', 'dinner', 'flight', 'train', 'museum'].map((name) => [name, 'no_consent'])
  answerWith(tripOf(Object.fromEntries(every)))
  expect(await namesOf(client)).toEqual(['read_trip', 'check_items'])
  expect(await namesOf(await connect({}, 'another'))).toEqual([])
})

test('a call is decided when it comes, whatever the list said before', async () => {
  const client = await connect()
  expect(await namesOf(client)).toContain('execute_items')
  answerWith(tripOf({ dinner: 'grant_revoked' }))
  const result = await execute(client, ['id-dinner'])
  expect(result.structuredContent).toMatchObject({
    items: [{ item: 'id-dinner', status: 'denied', decision: false, reason: 'grant_revoked', evaluation_id: '01KE' }],
  })
})

test('revision 2026-07-28: the same list, the same decisions, and metadata with the resource of each path', async () => {
  const client = new ModernClient(
    { name: 'tests', version: '0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const requestInit = { headers: { authorization: `Bearer ${await agent.token()}` } }
  await client.connect(new ModernTransport(new URL(`${agent.url()}/mcp/workflows/w`), { requestInit }))
  answerWith(tripOf({ dinner: 'grant_revoked' }))
  const { tools } = await client.listTools()
  expect(tools[2]?.inputSchema).toMatchObject({ properties: { items: { items: { enum: expect.any(Array) } } } })
  expect(agent.heard()).toHaveLength(2)
  expect(await client.callTool({ name: 'execute_items', arguments: { items: ['id-dinner'] } })).toMatchObject({
    structuredContent: { items: [{ item: 'id-dinner', status: 'denied', reason: 'grant_revoked' }] },
  })
  await client.close()
  const resources = ['', '/mcp', '/mcp/workflows/w'].map(async (path) => {
    const document = await fetch(`${agent.url()}/.well-known/oauth-protected-resource${path}`)
    return ((await document.json()) as { readonly resource: string }).resource
  })
  expect(await Promise.all(resources)).toEqual(['/mcp', '/mcp', '/mcp/workflows/w'].map((path) => agent.url() + path))
})

test('an item is executed by the person through the agent, and the run is theirs to read', async () => {
  const result = await execute(await connect(), ['id-dinner', 'id-flight'])
  expect(result.isError).toBeFalsy()
  const { run, items } = result.structuredContent as { readonly run: string; readonly items: readonly object[] }
  expect(items).toMatchObject([{ status: 'booked' }, { status: 'booked' }])
  expect((await call('GET', `/runs/${run}`)).body).toMatchObject({
    subject: 'user:carlo',
    actor: 'agent:booking-agent',
  })
  expect(tried()).toHaveLength(2)
})

test('no token is passed on: trips gets one for itself, of the person through the agent', async () => {
  const client = await connect()
  await client.callTool({ name: 'read_trip' })
  await client.callTool({ name: 'check_items' })
  expect(agent.heard().length).toBeGreaterThan(0)
  for (const { token } of agent.heard()) {
    expect(claimsOf(token)).toMatchObject({ aud: 'trips', azp: 'booking-agent', sub: 'carlo' })
  }
})

test.for<readonly [string, object]>([
  ['for trips', { aud: 'trips' }],
  ['for two at once', { aud: ['booking-agent', 'trips'] }],
  ['of another issuer', { iss: 'https://elsewhere.example/realms/x' }],
  ['that has ended', { exp: 1_000_000_000 }],
])('401 for a token %s, with where to get a good one', async ([, claims]) => {
  await expect(connect(claims)).rejects.toThrow()
  const headers = { authorization: `Bearer ${await agent.token(claims)}`, 'content-type': 'application/json' }
  const { status, headers: answered } = await fetch(`${agent.url()}/mcp/workflows/w`, {
    method: 'POST',
    headers,
    body: '{}',
  })
  expect(status).toBe(401)
  expect(answered.get('www-authenticate')).toContain('scope="booking-agent"')
  const metadata = /resource_metadata="(?<url>[^"]+)"/u.exec(answered.get('www-authenticate') ?? '')?.groups?.['url']
  expect(await (await fetch(metadata ?? '')).json()).toMatchObject({
    resource: `${agent.url()}/mcp`,
    authorization_servers: [agent.issuer().issuer],
  })
  expect(agent.heard()).toEqual([])
})

test('an agent has no agent: a token through another client is refused', async () => {
  await expect(connect({ azp: 'trips' })).rejects.toThrow(/in_person_only/u)
})

test.for([
  '/mcp/workflows/w',
  '/MCP/workflows/w',
  '/Mcp/Workflows/w',
  '/mcp/workflows/w/',
  '//mcp/workflows/w',
  '/%6dcp/workflows/w',
])('no spelling of the path bypasses the origin check: a page at %s is refused', async (path) => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const headers = { accept: 'application/json, text/event-stream', origin: 'http://evil.example' }
  const { status } = await call('POST', path, { headers, body })
  expect([403, 404]).toContain(status)
  expect(agent.heard()).toEqual([])
})

test('one message a request: a batch is refused, and none of it is done', async () => {
  const one = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'read_trip' } })
  const headers = { accept: 'application/json, text/event-stream' }
  const { status, body } = await call('POST', '/mcp/workflows/w', { body: [one(1), one(2)], headers })
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_request' })
  expect(agent.heard()).toEqual([])
})

test('metadata and challenges name the agent’s own address, whatever Host a request names', async () => {
  const { port } = new URL(agent.url())
  const answers = [
    await rawGet(Number(port), '/.well-known/oauth-protected-resource/mcp', 'evil.example'),
    await rawGet(Number(port), '/mcp/workflows/w', 'evil.example'),
  ]
  for (const answer of answers) {
    expect(answer).toContain(agent.url())
    expect(answer).not.toContain('evil.example')
  }
})

test('production wants to be told where clients reach the agent', () => {
  const production = { ...agent.environment(), NODE_ENV: 'production' }
  expect(() => readConfig(production)).toThrow(
    'AGENT_PUBLIC_URL: required in production: the URL at which clients reach the agent',
  )
  expect(() => readConfig({ ...production, AGENT_PUBLIC_URL: 'https://agent.example' })).not.toThrow()
})

test('a page in a browser is refused, whatever token it has', async () => {
  const headers = { authorization: `Bearer ${await agent.token()}`, origin: 'http://evil.example' }
  expect((await fetch(`${agent.url()}/mcp/workflows/w`, { method: 'POST', headers })).status).toBe(403)
})

test('arguments that the schema does not allow, and tools that there are not: nothing is tried', async () => {
  const client = await connect()
  const invalid = { isError: true, structuredContent: { failure: 'invalid_arguments' } }
  expect(await execute(client, [])).toMatchObject(invalid)
  expect(await client.callTool({ name: 'execute_items', arguments: { items: ['x'], subject: 'ada' } })).toMatchObject(
    invalid,
  )
  await expect(client.callTool({ name: 'transfer_trip' })).rejects.toThrow(/no such tool/u)
  expect(tried()).toEqual([])
})

test('a trip that cannot be read is said to be so, and why', async () => {
  answerWith((_heard, res) =>
    res.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(denial('session_ended'))),
  )
  const result = await (await connect()).callTool({ name: 'read_trip' })
  expect(result).toMatchObject({ isError: true, structuredContent: { reason: 'session_ended', reason_user: 'No.' } })
})

test('there are no sessions and no streams: 405', async () => {
  const headers = { authorization: `Bearer ${await agent.token()}` }
  const answer = await fetch(`${agent.url()}/mcp/workflows/w`, { headers })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
})
