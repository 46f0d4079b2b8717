import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault, PROBLEMS } from '@mandate/protocol'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Verdict } from '../decide/verdict.ts'
import { compileModel } from '../openfga/compile.ts'
import { compilePolicies, readSources } from '../policy/pack.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import { Metrics } from '../runtime/metrics.ts'
import { VaultKeys } from '../store/encryption.ts'
import { openSqlite } from '../store/sqlite.ts'
import { createStores } from '../store/stores.ts'
import { Admission } from './admission.ts'
import { type AskingOperation, answerAsked } from './asking.ts'
import { answerEvaluation, answerEvaluations } from './evaluation.ts'
import { type Exchange, setExchange } from './exchange.ts'
import { Pseudonymizer } from './pseudonymizer.ts'
import { Redactor } from './redact.ts'
import { Turns } from './turn.ts'

const PERMIT: Verdict = {
  decision: true,
  reasons: [{ code: 'owner' }],
  chain: [],
  at: 0,
  persona: undefined,
  owner: 'user:p_a',
  ownerPersona: undefined,
  root: 'workflow:1',
  policy: 'travel@0',
  model: '01M',
  attributes: {},
  roundTrips: 1,
  isDirect: false,
}
const QUESTION = {
  subject: { type: 'user', id: 'a' },
  action: { name: 'read' },
  resource: { type: 'workflow', id: '1' },
}

/** A log that holds every entry back until the test lets it go. */
class SlowLog {
  readonly held: (readonly EntryDraft[])[] = []
  #settle: ((written: boolean) => void) | undefined

  readonly record: Recorder = (drafts) => {
    this.held.push(drafts)
    return new Promise((resolve, reject) => {
      this.#settle = (written) =>
        written ? resolve(drafts.map(({ id = '' }) => id)) : reject(new Fault('log_unavailable', 'disk full'))
    })
  }

  settle(written: boolean): void {
    this.#settle?.(written)
  }
}

let log: SlowLog
let server: Server
/** Of the request that came last. */
let response: ServerResponse | undefined
const answerFault: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error instanceof Fault ? PROBLEMS[error.code].status : 500).json({ code: error.code })
}

beforeEach(async () => {
  log = new SlowLog()
  const policies = compilePolicies(await readSources(join(import.meta.dirname, '../../policies')), compileModel)
  const dir = mkdtempSync(join(tmpdir(), 'mandate-evaluation-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close())
  const { vault } = await createStores(database, { clock: () => 0, keys: VaultKeys.random() })
  const shared = { policies: () => policies, vault }
  const deps = {
    ...shared,
    pseudonymizer: new Pseudonymizer({ ...shared, issuer: 'https://id.example' }),
    redact: new Redactor({
      ...shared,
      callers: { agent: async () => undefined },
      register: { agent: async () => undefined },
      isSub: async () => false,
    }),
    consistencyOf: () => 'HIGHER_CONSISTENCY',
    decide: () => Promise.resolve(PERMIT),
    record: log.record,
    position: () => 0,
    newId: () => '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    logger: pino({ level: 'silent' }),
    metrics: new Metrics(),
    spend: () => Promise.resolve(),
    turns: new Turns(),
  }
  const principal = { party: undefined, name: 'service:trips', inPerson: false, types: ['workflow'], actor: undefined }
  const exchange: Exchange = {
    requestId: 'r',
    keptId: undefined,
    trace: undefined,
    parent: undefined,
    span: undefined,
    evaluation: undefined,
    arrived: 0,
    path: '/',
    address: '127.0.0.1',
    headers: [],
    principal: { ...principal, roles: [], origin: {} },
  }
  const app = express().use(express.json(), (_req, res, next) => {
    setExchange(res, exchange)
    response = res
    next()
  })
  const admission = new Admission({ width: 8, widthOfOne: 8, mostWaiting: 8, mostWaitMs: 1_000 })
  const answering =
    (answer: AskingOperation['answer']): RequestHandler =>
    (req, res) =>
      answerAsked({ answer, bodyLimit: 1_000, lane: 'ask', admission }, req, res, req.body)
  app.post('/evaluation', answering(answerEvaluation(deps))).post('/evaluations', answering(answerEvaluations(deps)))
  app.use(answerFault)
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
})
afterEach(() => void server.close())

/** Lets everything go on that needs nothing but the event loop. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function ask(path: string): Promise<Response> {
  const { port } = server.address() as AddressInfo
  const body = JSON.stringify(path === '/evaluation' ? QUESTION : { evaluations: [QUESTION, QUESTION] })
  const headers = { 'content-type': 'application/json' }
  return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
}

test.for([
  ['/evaluation', 1],
  ['/evaluations', 2],
] as const)('L1: %s answers nothing before its entries are durable', async ([path, entries]) => {
  const answer = ask(path)
  await expect.poll(() => log.held.flat().length).toBe(entries)
  await turns()
  expect(response?.headersSent).toBe(false)
  log.settle(true)
  expect((await answer).status).toBe(200)
})

test.for(['/evaluation', '/evaluations'])('L1: %s permits nothing that cannot be recorded', async (path) => {
  const answer = ask(path)
  await expect.poll(() => log.held.length).toBe(1)
  log.settle(false)
  const { status, text } = await answer.then(async (got) => ({ status: got.status, text: await got.text() }))
  expect([status, text]).toEqual([503, '{"code":"log_unavailable"}'])
})
