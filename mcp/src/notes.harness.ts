/**
 * Test harness: a service of notes with an MCP server, on a real listener, with an issuer and a PDP that answers as it is told.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import { createPep, type Pep, problems } from '@mandate/pep'
import {
  answering,
  listen,
  startTestIssuer,
  startTestPdp,
  stop,
  type TestIssuer,
  type TestPdp,
} from '@mandate/pep/testing'
import { refuse } from '@mandate/protocol'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import express from 'express'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { z } from 'zod'
import { createToolServer, defineTool, protectedResource, type Tool, toolError, toolResult } from './index.ts'

const NOTES = ['n1', 'n2', 'n3']
const noteOf = (id: string) => ({ type: 'note', id, properties: { pages: id === 'n2' ? 400 : 1 } })

/** What the tools did, in order. */
export const done: string[] = []

export const tools: readonly Tool<undefined>[] = [
  defineTool({
    name: 'list_notes',
    title: 'Notes',
    description: 'Ids of the notes.',
    inputSchema: z.strictObject({}),
    annotations: { readOnlyHint: true },
    action: 'list',
    resource: () => ({ type: 'folder', id: 'f1' }),
    run: (_args, { authz, decided }) => {
      done.push(`list_notes by ${authz.subject.id}`)
      return toolResult({ notes: NOTES, evaluation: decided[0]?.evaluationId })
    },
  }),
  defineTool({
    name: 'print_notes',
    description: 'Prints notes.',
    inputSchema: z.strictObject({ notes: z.array(z.string().min(1)).min(1), copies: z.int().default(1) }),
    action: 'print',
    resource: ({ notes }) => notes.map(noteOf),
    listed: { resources: () => NOTES.map(noteOf), argument: 'notes' },
    run: ({ notes, copies }) => {
      done.push(`print_notes ${notes.join()} ×${copies}`)
      return toolResult('printed')
    },
  }),
  defineTool({
    name: 'share_note',
    description: 'Shares a note.',
    inputSchema: z.strictObject({ note: z.string() }),
    action: 'share',
    resource: ({ note }) => noteOf(note),
    listed: 'always',
    inPersonOnly: true,
    run: () => {
      done.push('share_note')
      throw refuse('conflict', 'The note is shared already.')
    },
  }),
  defineTool({
    name: 'weather',
    description: 'Weather by another service.',
    inputSchema: z.strictObject({ town: z.string() }),
    decidedBy: 'the service that is called',
    listed: () => ({ argument: 'town', values: ['Pisa'] }),
    run: ({ town }) => (town === 'Pisa' ? toolResult({ town, sun: true }) : toolError({ failure: 'no_grant' })),
  }),
  defineTool({
    name: 'broken',
    description: 'Has a bug.',
    inputSchema: z.strictObject({}),
    action: 'list',
    resource: () => ({ type: 'folder', id: 'f1' }),
    run: () => {
      throw new TypeError('a secret of the service')
    },
  }),
]

let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep
let server: Server
let url = ''
const clients: { readonly close: () => Promise<void> }[] = []

/** What the PDP denies, by `action type:id`. Everything else is permitted. */
export type Denials = Readonly<Record<string, string>>

export interface NotesUnderTest {
  readonly url: () => string
  readonly issuer: () => TestIssuer
  readonly pdp: () => TestPdp
  readonly pep: () => Pep
  readonly deny: (denials: Denials) => void
  readonly token: (claims?: object) => Promise<string>
  readonly post: (body: unknown, headers?: object, claims?: object) => Promise<Response>
}

/** Registers the hooks: call it at the top of a test file. Every test gets a new service. */
export function useNotes(): NotesUnderTest {
  beforeAll(async () => {
    issuer = await startTestIssuer()
  })
  afterAll(() => issuer.close())
  beforeEach(async () => {
    done.length = 0
    pdp = await startTestPdp()
    server = createServer()
    url = await listen(server)
    server.on('request', appOf())
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await Promise.all([stop(server), pdp.close(), pep.close()])
  })
  const token = (claims: object = {}) => issuer.sign({ aud: 'notes', ...claims })
  return {
    url: () => url,
    issuer: () => issuer,
    pdp: () => pdp,
    pep: () => pep,
    deny: (denials) => pdp.answerWith(answering((question) => answerTo(question as Question, denials))),
    token,
    post: async (body, headers = {}, claims = {}) =>
      await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await token(claims)}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify(body),
      }),
  }
}

function appOf(): express.Express {
  const resource = protectedResource({ baseUrl: url, authorizationServers: [issuer.issuer], scopes: ['notes'] })
  const logger = { warn: () => {}, error: () => {} }
  pep = createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials: { apiKey: 'k'.repeat(32) },
    challenge: { scope: 'notes', resourceMetadata: resource.url() },
    logger,
  })
  const mcp = createToolServer({ name: 'notes', version: '1.0.0', pep, tools })
  const app = express()
  app.get([...resource.paths], pep.open('protected resource metadata are public (RFC 9728)'), resource.handler)
  app.use(pep.authenticate(), express.json())
  app.all('/mcp', pep.open('each call of a tool is decided'), mcp.handler)
  app.get('/grants', pep.enforce({ action: 'list', resource: () => noteOf('n1'), inPersonOnly: true }), (_req, res) => {
    res.json({})
  })
  app.use(problems(logger))
  pep.assertGuarded(app)
  return app
}

interface Question {
  readonly action: { readonly name: string }
  readonly resource: { readonly type: string; readonly id: string }
}

function answerTo({ action, resource }: Question, denials: Denials): object {
  const reason = denials[`${action.name} ${resource.type}:${resource.id}`]
  const link = {
    ...{ grant: '01K0000000000000000000000A', delegator: 'user:owner', delegate: 'agent:a', actions: ['print'] },
    ...{ scope: 'note:n1', expires_at: '2027-01-01T00:00:00Z' },
  }
  const explained = { chain: [link], owner: 'user:owner', evaluation_id: '01KE' }
  if (reason === undefined) return { decision: true, context: { reason: 'delegated', reasons: [], ...explained } }
  const why = { code: reason, reason_user: 'Not allowed.', cure: 'Ask the owner.', limit: 5, actual: 400 }
  return { decision: false, context: { reason, reasons: [why], ...explained } }
}

/** The part of both official clients that the tests use. */
export interface TestClient {
  readonly listTools: () => Promise<{
    readonly tools: readonly { readonly name: string; readonly inputSchema: object }[]
  }>
  readonly callTool: (call: { readonly name: string; readonly arguments?: Record<string, unknown> }) => Promise<{
    readonly isError?: boolean | undefined
    readonly content?: unknown
    readonly structuredContent?: unknown
  }>
}

export const CLIENTS = ['sdk 1, 2025-11-25', 'sdk 2, 2025-11-25', 'sdk 2, 2026-07-28'] as const
export type ClientKind = (typeof CLIENTS)[number]

/** Connects an official client with a person's token. */
export async function connect(kind: ClientKind, notes: NotesUnderTest, claims: object = {}): Promise<TestClient> {
  const requestInit = { headers: { authorization: `Bearer ${await notes.token(claims)}` } }
  const endpoint = new URL(`${notes.url()}/mcp`)
  const info = { name: 'tests', version: '0' }
  if (kind === 'sdk 1, 2025-11-25') {
    const client = new Client(info)
    clients.push(client)
    await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit }) as never)
    return client as TestClient
  }
  const negotiation = kind === 'sdk 2, 2026-07-28' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {}
  const client = new ModernClient(info, negotiation as object)
  clients.push(client)
  await client.connect(new ModernTransport(endpoint, { requestInit }))
  return client as TestClient
}
