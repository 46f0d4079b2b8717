/**
 * Trips is killed at its work: whenever that is, the PDP knows in the end what trips knows, and nothing is booked twice or without its decision.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from '@mandate/pep/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DATABASES, type Place, usePlaces } from './trips-databases.ts'

const MAIN = new URL('../../examples/trips/src/main.ts', import.meta.url).pathname
const TIMEOUT = { timeout: 90_000 }
const newPlace = usePlaces()

let issuer: TestIssuer
let pdp: TestPdp
let place: Place
let child: ChildProcess | undefined
/** What the PDP has registered, as `type/id`. */
let registered: Set<string>
/** How many registrations the PDP still takes; then it keeps silent. */
let patience: number

const owns = () => ({
  decision: true,
  context: { evaluation_id: '01KE', reason: 'owner', reasons: [], chain: [], owner: 'user:carlo' },
})

async function begin(name: (typeof DATABASES)[number]): Promise<void> {
  place = await newPlace(name)
  registered = new Set()
  patience = Number.POSITIVE_INFINITY
  pdp.answerWith((asked, res) => {
    const resource = asked.path.split('/v1/resources/')[1]
    if (asked.method === 'PUT' && resource) {
      registered.add(resource)
      patience -= 1
      if (patience < 0) return
    }
    if (asked.method === 'DELETE' && resource) registered.delete(resource)
    if (asked.path === '/v1/erasures') return sendJson(res, 200, { items: [] })
    answering(owns)(asked, res)
  })
}
beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
})
afterEach(async () => {
  await kill('SIGTERM')
  await Promise.all([issuer.close(), pdp.close()])
})

/** @returns its URL once it listens. */
async function startProcess(): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    TRIPS_PORT: '0',
    TRIPS_ISSUER: issuer.issuer,
    TRIPS_CLIENT_SECRET: 'a secret for tests',
    TRIPS_PDP_URL: pdp.url,
    TRIPS_HOUSEKEEPING_SECONDS: '1',
    TRIPS_ABANDONED_SECONDS: '1',
    ...place.settings,
  }
  const started = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  let said = ''
  for await (const chunk of started.stdout.setEncoding('utf8')) {
    said += String(chunk)
    const url = /"url":"(?<url>[^"]+)"/u.exec(said)?.groups?.['url']
    if (url) {
      started.stdout.resume()
      return url
    }
  }
  throw new Error(`trips did not start: ${said}`)
}

async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const killed = child
  child = undefined
  if (!killed || killed.exitCode !== null || killed.signalCode !== null) return
  const ended = once(killed, 'exit')
  killed.kill(signal)
  await ended
}

async function call(url: string, method: string, body?: object, headers: object = {}): Promise<Response> {
  const authorization = `Bearer ${await issuer.sign({ aud: 'trips' })}`
  const all = { authorization, 'content-type': 'application/json', ...headers }
  return await fetch(url, { method, headers: all, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
}
const create = (url: string) => call(`${url}/workflows`, 'POST', { template: 'milan' })

const namedRow = z.object({ name: z.string() })
/** What trips has in its database, as the PDP would name it; and what it still has to tell. */
async function kept() {
  const db = await place.open()
  const names = `SELECT 'workflow/' || id AS name FROM workflow UNION ALL SELECT 'workflow_item/' || id AS name FROM item`
  const found = await db.rows(names)
  return {
    names: new Set(found.map((row) => namedRow.parse(row).name)),
    left: await db.rows('SELECT * FROM outbox'),
  }
}

const itemSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  version: z.int(),
  last_attempt: z.object({ effect: z.string() }).optional(),
})
const tripSchema = z.object({ id: z.string(), items: z.array(itemSchema) })

describe.for(DATABASES)('on %s', (name) => {
  test.for([0, 1, 2, 3])('killed when the PDP took %i of its four registrations: no orphan', TIMEOUT, async (taken) => {
    await begin(name)
    const url = await startProcess()
    expect((await create(url)).status).toBe(201)
    patience = taken
    const cut = create(url).then(
      ({ status }) => status,
      () => 'cut off',
    )
    await expect.poll(() => patience).toBeLessThan(0)
    await kill()
    expect(await cut).toBe('cut off')
    expect(registered.size).toBeGreaterThan(4)
    patience = Number.POSITIVE_INFINITY
    await startProcess()
    await expect.poll(() => registered.size).toBe(4)
    await expect.poll(kept).toEqual({ names: registered, left: [] })
  })

  test('killed, and the PDP is away when it comes back: the outbox waits for it', TIMEOUT, async () => {
    await begin(name)
    const url = await startProcess()
    patience = 2
    void create(url).catch(() => undefined)
    await expect.poll(() => patience).toBeLessThan(0)
    await kill()
    const heard = pdp.asked.length
    pdp.answerWith((_asked, res) => sendJson(res, 503, {}))
    await startProcess()
    await expect.poll(async () => (await kept()).left.length).toBeGreaterThan(0)
    await expect.poll(() => pdp.asked.slice(heard).some(({ method }) => method === 'DELETE')).toBe(true)
    expect(registered.size).toBeGreaterThan(0)
    pdp.answerWith((asked, res) => {
      if (asked.method === 'DELETE') registered.delete(asked.path.split('/v1/resources/')[1] ?? '')
      answering(owns)(asked, res)
    })
    await expect.poll(() => registered.size).toBe(0)
    expect(pdp.asked.slice(heard).some(({ method }) => method === 'PUT')).toBe(false)
    await expect.poll(kept).toEqual({ names: new Set(), left: [] })
  })

  test.for([
    ['before the PDP’s answer reaches it', 'before'],
    ['as soon as the PDP has answered', 'after'],
  ] as const)('killed between decision and booking, %s: booked once, or not at all', TIMEOUT, async ([, when]) => {
    await begin(name)
    const url = await startProcess()
    const trip = tripSchema.parse(await (await create(url)).json())
    const decide = answering(owns)
    const batches = () => pdp.asked.filter(({ path }) => path.endsWith('/evaluations')).length
    pdp.answerWith((asked, res) => {
      const isDecision = asked.path.endsWith('/evaluations')
      if (isDecision && when === 'before') child?.kill('SIGKILL')
      if (isDecision && when === 'after') res.once('finish', () => child?.kill('SIGKILL'))
      if (asked.path === '/v1/erasures') return sendJson(res, 200, { items: [] })
      decide(asked, res)
    })
    const once = { 'Idempotency-Key': 'run-1' }
    const run = (base: string) => call(`${base}/workflows/${trip.id}/execute`, 'POST', undefined, once)
    await run(url).catch(() => 'cut off')
    expect(batches()).toBe(1)
    await kill()
    pdp.answerWith(answering(owns))
    const again = await startProcess()
    const show = async () => tripSchema.parse(await (await call(`${again}/workflows/${trip.id}`, 'GET')).json()).items
    for (const { status, last_attempt } of await show())
      expect([status, last_attempt?.effect]).toEqual(status === 'planned' ? [status, undefined] : ['booked', 'booked'])
    // The claim that the crash left is given up after a while; until then the same request is said to be under way.
    await expect.poll(async () => (await run(again)).status).toBe(200)
    expect((await show()).map(({ status, version }) => [status, version])).toEqual(Array(3).fill(['booked', 2]))
  })
})
