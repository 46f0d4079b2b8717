/**
 * `npm run bench -- pep`: what the enforcement point costs. Its own work without the PDP's answer, a protected route beside a real PDP asked
 * directly, the requests of a run of fifty items, and memory over many requests.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { authzOf, createPep, type Decider, disclosed, itemsOf, type Pep } from '@mandate/pep'
import { answering, startTestIssuer, startTestPdp } from '@mandate/pep/testing'
import express, { type Express } from 'express'
import { Pool } from 'undici'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { readOptions } from '../support/cli-options.ts'
import { type Ground, prepareGround } from './ground.ts'

const CONNECTIONS = 32
const BATCH = 50
const WARM = 2_000
const COUNTED = 5_000
/** Of a round beside the real PDP. */
const FEW = 1_500
/** The real PDP is a fresh process: until the compiler knows its paths it answers at half its speed. */
const WARM_ROUNDS = 4
const ROUNDS = 9
/** Nothing limits the owner in person, so the bench asks about them. */
const CARLO: TokenClaims = { sub: 'carlo', azp: 'desktop' }
const PERSONA = 'traveler/family'
const CREDENTIALS = { clientId: 'trips', clientSecret: 'secret' }
const PERMIT = { decision: true, context: { evaluation_id: '01KE', reason: 'owner', reasons: [], chain: [] } }

type Issuer = Awaited<ReturnType<typeof startTestIssuer>>
interface Listening {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** @param args - `--requests`: how many are sent while memory is watched. @returns Lines for people. */
export async function benchPep(args: readonly string[]): Promise<readonly string[]> {
  const { requests } = readOptions(args, { requests: 1_000_000 })
  const issuer = await startTestIssuer()
  const pdp = await startTestPdp()
  pdp.answerWith(answering(() => PERMIT))
  const pepOf = (more: object = {}) =>
    createPep({ issuer: issuer.issuer, audience: 'trips', pdpUrl: pdp.url, credentials: CREDENTIALS, ...more })
  const [asking, silent] = [pepOf(), pepOf({ decider: atOnce })]
  const [service, unasked] = [await listen(asking), await listen(silent)]
  try {
    const authorization = `Bearer ${await issuer.sign({ aud: 'trips' }, {})}`
    const overhead = await overheadMs(silent, authorization)
    const before = pdp.asked.length
    await fetch(`${service.url}/run`, { method: 'POST', headers: { authorization } })
    const perRun = pdp.asked.length - before
    const growth = await growthMb(unasked.url, issuer, requests)
    return [
      '',
      'The enforcement point (its PDP here answers at once, in the same process)',
      `    machine load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`,
      judged('authenticate and enforce, without the PDP’s answer, p50', overhead, 0.3, 'ms'),
      judged(`requests to the PDP for a run of ${BATCH} items`, perRun, 3, ''),
      ...(await besideTheRealPdp()),
      judged(`memory grown by ${requests.toLocaleString('en')} requests`, growth, 16, 'MB'),
    ]
  } finally {
    await Promise.all([service.stop(), unasked.stop()])
    await Promise.all([asking.close(), silent.close(), pdp.close(), issuer.close()])
  }
}

/** Answers as a PDP would, without a wire. */
const atOnce: Decider = {
  decide: ({ resource }) =>
    Promise.resolve({ resource, decision: true, reason: 'owner', reasons: [], chain: [], evaluationId: '01KE' }),
  decideEach: () => Promise.resolve([]),
  close: () => Promise.resolve(),
}

function app(pep: Pep): Express {
  const item = (id: string) => ({ type: 'workflow_item', id, properties: { risk: 2 } })
  const it = express()
  it.use(pep.authenticate())
  it.post(
    '/items/:id',
    pep.enforce({ action: 'execute', resource: (req) => item(String(req.params['id'])) }),
    (_req, res) => {
      res.json({ done: true })
    },
  )
  const all = Array.from({ length: BATCH }, (_, at) => item(`i${at}`))
  it.post('/run', pep.enforceEach({ action: 'execute', resources: () => all }), (req, res) => {
    res.json(itemsOf(req).map((outcome) => disclosed(outcome, authzOf(req))))
  })
  pep.assertGuarded(it)
  return it
}

async function listen(pep: Pep): Promise<Listening> {
  const server = createServer(app(pep))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

/** Both guards' work for one request, with the keys known: identity, question, permit. */
async function overheadMs(pep: Pep, authorization: string): Promise<number> {
  const request = { headers: { authorization }, action: 'execute', resource: { type: 'workflow_item', id: 'a' } }
  const took: number[] = []
  for (let count = 0; count < WARM + COUNTED; count += 1) {
    const begin = performance.now()
    const { permitted } = await pep.decide(request)
    if (count >= WARM) took.push(performance.now() - begin)
    if (!permitted) throw new Error('a fast denial is no result')
  }
  return took.sort((a, b) => a - b)[COUNTED / 2] ?? Number.NaN
}

/**
 * A protected route beside the same questions put to the PDP itself: a process of its own, on a real OpenFGA. In turns, medians. The PDP and OpenFGA get one
 * core and this process another: services do not live on their PDP's machine, and on a shared one the figure is how much CPU is left.
 */
async function besideTheRealPdp(): Promise<readonly string[]> {
  const ground = await prepareGround('memory')
  const pdp = await ground.startPdp(ground.openFga.url)
  const service = { issuer: ground.issuer.issuer, audience: 'trips', pdpUrl: ground.pdpUrl, credentials: CREDENTIALS }
  const pep = createPep({ ...service, timeoutMs: 10_000 })
  const route = await listen(pep)
  try {
    const isApart = keepApart([pdp.pid(), ground.openFga.pid()])
    await settle(ground)
    const bearer = async (claims: TokenClaims) => `Bearer ${await ground.issuer.token({ ...claims, lifetime: 840 })}`
    const [asService, asPerson] = [await bearer(TRIPS), await bearer({ ...CARLO, aud: 'trips' })]
    const directly = () => throughput(ground.pdpUrl, '/access/v1/evaluation', asService, FEW)
    const protectedRoute = () => throughput(route.url, '/items/a', asPerson, FEW)
    const rounds: { readonly direct: number; readonly through: number; readonly percent: number }[] = []
    for (let round = -WARM_ROUNDS; round < ROUNDS; round += 1) {
      const [direct, through] = [await directly(), await protectedRoute()]
      if (round >= 0) rounds.push({ direct, through, percent: (through / direct) * 100 })
    }
    const median = (of: 'direct' | 'through' | 'percent') =>
      rounds.map((round) => round[of]).sort((a, b) => a - b)[(ROUNDS - 1) / 2] ?? Number.NaN
    const [direct, through] = [median('direct'), median('through')]
    return [
      judged('protected route beside the PDP directly, real OpenFGA', median('percent'), 80, '%', 'least'),
      `            PDP directly ${direct.toFixed(0)} rps; a protected route over it ${through.toFixed(0)} rps; ${isApart ? 'PDP and OpenFGA on a core of their own' : 'all on the same cores'}`,
    ]
  } finally {
    pin(process.pid, `0-${availableParallelism() - 1}`)
    await route.stop()
    await pep.close()
    await pdp.stop()
    await ground.stop()
  }
}

/** @returns whether the system can, and there are two cores. */
function keepApart(others: readonly (number | undefined)[]): boolean {
  const known = others.filter((pid) => pid !== undefined)
  return availableParallelism() > 1 && known.every((pid) => pin(pid, '0')) && pin(process.pid, '1')
}

/** With all its threads (Linux). */
function pin(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)]).status === 0
}

/** Carlo's persona, and his item. */
async function settle({ pdpUrl, issuer }: Ground): Promise<void> {
  const put = async (method: string, path: string, claims: TokenClaims, body: object) => {
    const headers = { authorization: `Bearer ${await issuer.token(claims)}`, 'content-type': 'application/json' }
    const answer = await fetch(pdpUrl + path, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`)
  }
  const [title, circle] = PERSONA.split('/')
  await put('POST', '/v1/personas', CARLO, { title, circle })
  await put('PUT', '/v1/resources/workflow/w', TRIPS, { owner: 'user:carlo', owner_persona: PERSONA })
  await put('PUT', '/v1/resources/workflow_item/a', TRIPS, { parent: 'workflow:w' })
}

async function throughput(url: string, path: string, authorization: string, counted = COUNTED): Promise<number> {
  const pool = new Pool(url, { connections: CONNECTIONS })
  const subject = { type: 'user', id: 'carlo', properties: { persona: PERSONA, sid: 'a-session' } }
  // Just what the enforcement point asks, and how: what an item is like, the request's id and how long one waits are part of it.
  const resource = { type: 'workflow_item', id: 'a', properties: { risk: 2 } }
  const body = JSON.stringify({ subject, action: { name: 'execute' }, resource })
  const headers = {
    authorization,
    'content-type': 'application/json',
    'mandate-persona': PERSONA,
    'mandate-timeout-ms': '9999',
  }
  const one = async () => {
    const named = { ...headers, 'x-request-id': randomUUID() }
    const response = await pool.request({ method: 'POST', path, headers: named, body })
    await response.body.dump()
    if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`)
  }
  await inParallel(Math.min(WARM, counted), one)
  const begin = performance.now()
  await inParallel(counted, one)
  const rps = (counted / (performance.now() - begin)) * 1_000
  await pool.close()
  return rps
}

async function inParallel(count: number, one: () => Promise<void>): Promise<void> {
  let left = count
  const worker = async () => {
    while (left-- > 0) await one()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
}

/** Heap after the second half of so many requests, beside after the first. A token is made anew now and then. */
async function growthMb(url: string, issuer: Issuer, requests: number): Promise<number> {
  const half = async () => {
    for (let sent = 0; sent < requests / 2; sent += WARM + COUNTED)
      await throughput(url, '/items/a', `Bearer ${await issuer.sign({ aud: 'trips' })}`)
    return settledHeap()
  }
  const first = await half()
  return ((await half()) - first) / 1_048_576
}

/** Without what is only garbage. */
function settledHeap(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

function judged(what: string, value: number, bound: number, unit: string, which: 'most' | 'least' = 'most'): string {
  const verdict = (which === 'most' ? value <= bound : value >= bound) ? 'met' : 'MISSED'
  return `    ${verdict.padEnd(8)}${what.padEnd(62)}${value.toFixed(2).padStart(8)}, at ${which} ${bound} ${unit}`
}
