/** The MCP server, asked by the official clients of both revisions over HTTP. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { answering } from '@mandate/pep/testing'
import { describe, expect, test } from 'vitest'
import { CLIENTS, connect, done, useNotes } from './notes.harness.ts'

const notes = useNotes()

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'tests', version: '0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const modern = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: { ...params, _meta: META },
})
const headersOf = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
})
const evaluations = () => notes.pdp().asked.filter(({ path }) => path.includes('/evaluation'))

describe.each(CLIENTS)('%s', (kind) => {
  test('the list has what is permitted now, by one request to the PDP, with permitted ids as enum', async () => {
    notes.deny({ 'print note:n2': 'price_above_limit' })
    const client = await connect(kind, notes)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['list_notes', 'print_notes', 'share_note', 'weather', 'broken'])
    expect(tools[1]?.inputSchema).toMatchObject({ properties: { notes: { items: { enum: ['n1', 'n3'] } } } })
    expect(tools[3]?.inputSchema).toMatchObject({ properties: { town: { enum: ['Pisa'] } } })
    expect(evaluations()).toHaveLength(1)
  })

  test('a tool with nothing permitted is not listed', async () => {
    notes.deny({
      ...{ 'print note:n1': 'no_grant', 'print note:n2': 'no_grant', 'print note:n3': 'no_grant' },
      'list folder:f1': 'no_grant',
    })
    const { tools } = await (await connect(kind, notes)).listTools()
    expect(tools.map(({ name }) => name)).toEqual(['share_note', 'weather'])
  })

  test('a permitted call runs, once it is decided, with its permits', async () => {
    const client = await connect(kind, notes)
    notes.deny({})
    const result = await client.callTool({ name: 'list_notes' })
    expect(result.isError).toBeFalsy()
    expect(result.structuredContent).toEqual({ notes: ['n1', 'n2', 'n3'], evaluation: '01KE' })
    expect(done).toEqual(['list_notes by carlo'])
    expect(evaluations()).toHaveLength(1)
  })

  test('a denied call is a failed result with reason, text and cure: no owner, no chain, no figures; nothing runs', async () => {
    notes.deny({ 'print note:n2': 'price_above_limit' })
    const client = await connect(kind, notes, { azp: 'host' })
    const result = await client.callTool({ name: 'print_notes', arguments: { notes: ['n1', 'n2'] } })
    expect(result).toMatchObject({
      isError: true,
      structuredContent: {
        decision: false,
        resource: 'note:n2',
        reason: 'price_above_limit',
        reason_user: 'Not allowed.',
        reasons: [{ reason: 'price_above_limit', reason_user: 'Not allowed.', cure: 'Ask the owner.' }],
        evaluation_id: '01KE',
      },
    })
    expect(JSON.stringify(result)).not.toMatch(/owner"|user:owner|01K0{8}|400|"limit"/u)
    expect(done).toEqual([])
  })

  test('several resources are one request, and arguments get their defaults', async () => {
    const client = await connect(kind, notes)
    const result = await client.callTool({ name: 'print_notes', arguments: { notes: ['n1', 'n2', 'n3'] } })
    expect(result.content).toEqual([{ type: 'text', text: 'printed' }])
    expect(evaluations().map(({ path, body }) => [path, (body['evaluations'] as unknown[]).length])).toEqual([
      ['/access/v1/evaluations', 3],
    ])
    expect(done).toEqual(['print_notes n1,n2,n3 ×1'])
  })

  test.for([
    ['arguments that the schema refuses', 'print_notes', { notes: [] }],
    ['arguments that there are not', 'list_notes', { subject: 'ada' }],
  ] as const)('%s: a failed result that says what is wrong; nothing is decided', async ([, name, args]) => {
    const result = await (await connect(kind, notes)).callTool({ name, arguments: { ...args } as never })
    expect(result).toMatchObject({ isError: true, structuredContent: { failure: 'invalid_arguments' } })
    expect(evaluations()).toEqual([])
  })

  test('an unknown tool is an error of the protocol', async () => {
    await expect((await connect(kind, notes)).callTool({ name: 'nothing' })).rejects.toThrow(/no such tool/u)
  })

  test('a fault of the tool is a failed result; a bug of it fails the request and says nothing', async () => {
    const client = await connect(kind, notes)
    expect(await client.callTool({ name: 'share_note', arguments: { note: 'n1' } })).toMatchObject({
      isError: true,
      structuredContent: { failure: 'conflict', detail: 'The note is shared already.' },
    })
    const failed = await client.callTool({ name: 'broken' }).catch((error: unknown) => String(error))
    expect(failed).toContain('internal')
    expect(failed).not.toContain('a secret of the service')
  })

  test('without a decision nothing runs: the model is told to try again', async () => {
    const client = await connect(kind, notes)
    notes.pdp().answerWith((_asked, res) => res.writeHead(500).end())
    expect(await client.callTool({ name: 'list_notes' })).toMatchObject({
      isError: true,
      structuredContent: { failure: 'decision_unavailable', retry_after: 1 },
    })
    expect(done).toEqual([])
  })
})

test('discovery names revision, tools and a lifetime; only the list of tools is private', async () => {
  const discovered = await (await notes.post(modern('server/discover'), headersOf('server/discover'))).json()
  expect(discovered).toMatchObject({
    result: {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      ttlMs: 3_600_000,
      cacheScope: 'public',
    },
  })
  const listed = await (await notes.post(modern('tools/list'), headersOf('tools/list'))).json()
  expect(listed).toMatchObject({ result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } })
})

test('a revision that is not served is refused with those that are', async () => {
  const body = modern('tools/list')
  body.params._meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '2031-01-01' }
  const answer = await notes.post(body, { ...headersOf('tools/list'), 'mcp-protocol-version': '2031-01-01' })
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { error: { code: -32_022, data: { supported: ['2026-07-28'], requested: '2031-01-01' } } },
  ])
})

test.for([
  ['another method', { ...headersOf('tools/call'), 'mcp-name': 'list_notes' }, 'tools/list', {}],
  ['no method', { 'mcp-protocol-version': '2026-07-28' }, 'tools/list', {}],
  ['another tool', headersOf('tools/call', 'print_notes'), 'tools/call', { name: 'list_notes', arguments: {} }],
  ['no tool', headersOf('tools/call'), 'tools/call', { name: 'list_notes', arguments: {} }],
  ['another revision', { ...headersOf('tools/list'), 'mcp-protocol-version': '2025-11-25' }, 'tools/list', {}],
] as const)('headers that name %s than the body: 400, and nothing is decided', async ([, headers, method, params]) => {
  const answer = await notes.post(modern(method, params), headers)
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: -32_020 } }])
  expect(evaluations()).toEqual([])
  expect(done).toEqual([])
})

test('a batch is refused, and none of it is done', async () => {
  const answer = await notes.post([modern('tools/list'), modern('tools/list')])
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_request' }])
  expect(evaluations()).toEqual([])
})

test.for([
  ['a whole URL as its target', 'POST', (port: number) => `http://127.0.0.1:${port}/mcp`],
  ['the method TRACE', 'TRACE', () => '/mcp'],
] as const)('a request with %s is refused, and is no error of the server', async ([, method, pathOf]) => {
  const { port, hostname } = new URL(notes.url())
  const headers = { authorization: `Bearer ${await notes.token()}` }
  const [answer] = (await once(
    request({ hostname, port, method, path: pathOf(Number(port)), headers }).end(),
    'response',
  )) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBeGreaterThanOrEqual(400)
  expect(answer.statusCode).toBeLessThan(500)
  expect(done).toEqual([])
})

test('sessions, streams and subscriptions are not there', async () => {
  const authorization = `Bearer ${await notes.token()}`
  for (const method of ['GET', 'DELETE']) {
    const { status, headers } = await fetch(`${notes.url()}/mcp`, { method, headers: { authorization } })
    expect([status, headers.get('allow')]).toEqual([405, 'POST'])
  }
  const listen = modern('subscriptions/listen', { filter: { tools: { listChanged: true } } })
  const answer = await notes.post(listen, headersOf('subscriptions/listen'))
  expect([answer.status, await answer.json()]).toMatchObject([404, { id: 1, error: { code: -32_601 } }])
})

test('a page in a browser is refused', async () => {
  for (const origin of ['http://evil.example', 'null'])
    expect((await notes.post(modern('tools/list'), { ...headersOf('tools/list'), origin })).status).toBe(403)
  expect(evaluations()).toEqual([])
})

test('a body that is no JSON is refused', async () => {
  const answer = await notes.post(modern('tools/list'), { ...headersOf('tools/list'), 'content-type': 'text/plain' })
  expect(answer.status).toBe(415)
})

describe('a client of a third-party host', () => {
  const AGENT_UNKNOWN = { decision: false, context: { reason: 'agent_unknown', reasons: [], chain: [] } }

  test.each(CLIENTS)('%s: is asked about as the person through the agent of its client id', async (kind) => {
    const client = await connect(kind, notes, { azp: 'some-host' })
    await client.listTools()
    await client.callTool({ name: 'list_notes' })
    for (const { body } of evaluations())
      expect(body).toMatchObject({
        subject: { type: 'user', id: 'carlo', properties: { act: { sub: 'some-host', sub_profile: 'ai_agent' } } },
      })
  })

  test.each(CLIENTS)('%s: is refused with 401 while it is no registered agent', async (kind) => {
    notes.pdp().answerWith(answering(() => AGENT_UNKNOWN))
    const client = await connect(kind, notes, { azp: 'some-host' })
    await expect(client.callTool({ name: 'list_notes' })).rejects.toThrow()
    expect(done).toEqual([])
    const answer = await notes.post(
      modern('tools/call', { name: 'list_notes', arguments: {} }),
      headersOf('tools/call', 'list_notes'),
      {
        azp: 'some-host',
      },
    )
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('resource_metadata=')
  })

  test.each(CLIENTS)('%s: has none of the rights of a person in person', async (kind) => {
    const client = await connect(kind, notes, { azp: 'some-host' })
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('share_note')
    const asked = evaluations().length
    expect(await client.callTool({ name: 'share_note', arguments: { note: 'n1' } })).toMatchObject({
      isError: true,
      structuredContent: { failure: 'in_person_only' },
    })
    expect(evaluations()).toHaveLength(asked)
    const authorization = `Bearer ${await notes.token({ azp: 'some-host' })}`
    const { status } = await fetch(`${notes.url()}/grants`, { headers: { authorization } })
    expect(status).toBe(403)
    expect(done).toEqual([])
  })
})
