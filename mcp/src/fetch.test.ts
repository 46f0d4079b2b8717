/** The MCP server without Express: WHATWG requests, as Hono, Deno and Bun have them. */
import { authzOf } from '@mandate/pep'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createToolServer, defineTool, toolResult } from './index.ts'
import { done, tools, useNotes } from './notes.harness.ts'

const notes = useNotes()

/** Identifies the caller as a framework's authentication does, and serves. */
async function serve(request: Request): Promise<Response> {
  const pep = notes.pep()
  const server = createToolServer<undefined, object>({ name: 'notes', version: '1.0.0', pep, tools })
  const caller = await pep.decide({ headers: request.headers, action: 'enter', resource: { type: 'folder', id: 'f1' } })
  if (!caller.permitted) return Response.json(caller.problem, { status: caller.status })
  const req = { authz: caller.authz }
  return await server.fetch(request, { req, authz: authzOf(req) })
}

async function connect(negotiation: object): Promise<Client> {
  const client = new Client({ name: 'tests', version: '0' }, negotiation)
  const headers = { authorization: `Bearer ${await notes.token()}` }
  const fetching = (url: string | URL, init?: RequestInit): Promise<Response> => serve(new Request(url, init))
  await client.connect(
    new StreamableHTTPClientTransport(new URL('http://notes.example/mcp'), {
      requestInit: { headers },
      fetch: fetching,
    }),
  )
  return client
}

test.each([
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
])('%s: lists and calls by fetch', async (_revision, negotiation) => {
  notes.deny({ 'print note:n1': 'no_grant' })
  const client = await connect(negotiation)
  const { tools: listed } = await client.listTools()
  expect(listed[1]?.inputSchema).toMatchObject({ properties: { notes: { items: { enum: ['n2', 'n3'] } } } })
  await client.callTool({ name: 'print_notes', arguments: { notes: ['n2'] } })
  expect(await client.callTool({ name: 'print_notes', arguments: { notes: ['n1'] } })).toMatchObject({ isError: true })
  expect(done).toEqual(['print_notes n2 ×1'])
  await client.close()
})

test.for([
  ['a batch', '[]', 'invalid_request'],
  ['no JSON', '{', 'invalid_request'],
  ['a body that is too long', `"${'x'.repeat(300_000)}"`, 'payload_too_large'],
] as const)('%s is a fault for the error handler of the framework', async ([, body, code]) => {
  const headers = { authorization: `Bearer ${await notes.token()}`, 'content-type': 'application/json' }
  const request = new Request('http://notes.example/mcp', { method: 'POST', headers, body })
  await expect(serve(request)).rejects.toMatchObject({ code })
})

const base = { description: 'x', action: 'a', resource: () => ({ type: 'note', id: 'n' }), run: () => toolResult('') }

test.for([
  ['a name that clients may refuse', { name: 'two words', inputSchema: z.object({}) }, /"two words" is no name/u],
  [
    'arguments without saying when it is listed',
    { name: 'x', inputSchema: z.object({ note: z.string() }) },
    /x has arguments: `listed` must say/u,
  ],
  [
    'an argument that there is not',
    { name: 'x', inputSchema: z.object({ note: z.string() }), listed: { resources: () => [], argument: 'nots' } },
    /x: there is no argument "nots"/u,
  ],
  [
    'an argument that names nothing',
    { name: 'x', inputSchema: z.object({ note: z.int() }), listed: { resources: () => [], argument: 'note' } },
    /x: the argument "note" is neither a text nor a list of texts/u,
  ],
] as const)('a tool with %s is refused when the server is made', ([, tool, objection]) => {
  const broken = defineTool({ ...base, ...tool } as never)
  const make = () => createToolServer({ name: 'x', version: '0', pep: notes.pep(), tools: [broken] })
  expect(make).toThrow(objection)
  expect(make).toThrow(TypeError)
})

test('two tools of one name are refused', () => {
  const tool = defineTool({ ...base, name: 'x', inputSchema: z.object({}) })
  expect(() => createToolServer({ name: 'x', version: '0', pep: notes.pep(), tools: [tool, tool] })).toThrow(
    /the same name/u,
  )
})
