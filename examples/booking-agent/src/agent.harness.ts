/**
 * Test harness of the agent: the complete service on its own database, with a stub HTTP server in place of trips.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mandate/pep/service'
import { listen, sendJson, startTestIssuer, stop, type TestIssuer } from '@mandate/pep/testing'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { readConfig } from './config.ts'
import type { Run } from './run.ts'
import { startAgent } from './start.ts'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly token: string
  readonly key: string | undefined
}
type Responder = (heard: ReceivedRequest, res: ServerResponse) => void

let issuer: TestIssuer
let tripsServer: Server
let tripsUrl: string
let agent: Listener
let folder: string
let heard: ReceivedRequest[]
let answer: Responder

const link = {
  grant: '01K0000000000000000000000A',
  delegator: 'user:carlo',
  delegate: 'agent:booking-agent',
  actions: ['execute'],
  scope: 'workflow:w',
  expires_at: '2027-01-01T00:00:00Z',
}
export const decided = (reason = 'delegated') => ({
  decision: reason === 'delegated',
  reason,
  reasons: [{ code: reason, reason_user: reason === 'delegated' ? 'Yes.' : 'No.' }],
  chain: [link],
  evaluation_id: '01KE',
})
export const denial = (code: string) => ({ ...decided(code), code, reason_user: 'No.' })
const ITEMS = ['hotel', 'dinner', 'flight', 'train', 'museum'].map((name) => ({ id: `id-${name}`, name }))

/** Answers as trips would for a trip of five items: permits everything except `denied` (reason by item name). `execute` answers executions instead, when given. */
export function tripOf(denied: Readonly<Record<string, string>> = {}, execute?: Responder): Responder {
  return (asked, res) => {
    const { method, path } = asked
    if (method === 'GET' && path === '/workflows/w') return sendJson(res, 200, { items: ITEMS })
    if (path === '/workflows/w/dry-run') {
      const items = ITEMS.map(({ id, name }) => ({ resource: { id }, ...decided(denied[name]) }))
      return sendJson(res, 200, { items })
    }
    const name = /^\/workflows\/w\/items\/id-(?<name>\w+)\/execute$/u.exec(path)?.groups?.['name']
    if (name === undefined) return sendJson(res, 403, denial('no_grant'))
    const reason = denied[name]
    if (reason !== undefined) return sendJson(res, 403, denial(reason))
    if (execute) return execute(asked, res)
    return sendJson(res, 200, { effect: 'booked', ...decided() })
  }
}

export interface AgentUnderTest {
  readonly url: () => string
  readonly heard: () => readonly ReceivedRequest[]
  /** `Idempotency-Key` of each execution received, in order. */
  readonly tried: () => readonly string[]
  readonly answerWith: (next: Responder) => void
  readonly token: (claims?: object) => Promise<string>
  readonly call: typeof call
  readonly start: (settings?: Readonly<Record<string, string>>) => Promise<void>
  readonly stop: () => Promise<void>
  readonly environment: () => Readonly<Record<string, string>>
  readonly issuer: () => TestIssuer
}

/** Registers the hooks: call it at the top of a test file. Every test gets a new agent, database and trips stub. */
export function useAgent(): AgentUnderTest {
  beforeAll(async () => {
    issuer = await startTestIssuer()
  })
  afterAll(() => issuer.close())
  beforeEach(async () => {
    heard = []
    answer = tripOf()
    folder = mkdtempSync(join(tmpdir(), 'agent-'))
    tripsServer = createServer((req, res) => {
      const { authorization = '', 'idempotency-key': key } = req.headers
      const token = authorization.slice('Bearer '.length)
      const asked = { method: req.method ?? '', path: req.url ?? '', token, key: key?.toString() }
      heard.push(asked)
      answer(asked, res)
    })
    tripsUrl = await listen(tripsServer)
    await start()
  })
  afterEach(async () => {
    await Promise.all([agent.close(), stop(tripsServer)])
    rmSync(folder, { recursive: true })
  })
  return {
    url: () => agent.url,
    heard: () => heard,
    tried: () => heard.map(({ key }) => key).filter((key) => key !== undefined),
    answerWith: (next) => {
      answer = next
    },
    token,
    call,
    start,
    stop: () => agent.close(),
    environment,
    issuer: () => issuer,
  }
}

async function start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  agent = await startAgent(readConfig({ ...environment(), ...settings }), pino({ level: 'silent' }))
}

const environment = () => ({
  AGENT_PORT: '0',
  AGENT_ISSUER: issuer.issuer,
  AGENT_CLIENT_SECRET: 'a secret for tests',
  AGENT_TRIPS_URL: tripsUrl,
  AGENT_PDP_URL: 'http://127.0.0.1:9',
  AGENT_DATA_DIR: folder,
})

const token = (claims: object = {}) => issuer.sign({ aud: 'booking-agent', ...claims })

async function call(
  method: string,
  path: string,
  { body, headers, claims }: { readonly body?: unknown; readonly headers?: object; readonly claims?: object } = {},
) {
  const response = await fetch(agent.url + path, {
    method,
    headers: {
      authorization: `Bearer ${await token(claims)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Run & { readonly code: string } }
}
