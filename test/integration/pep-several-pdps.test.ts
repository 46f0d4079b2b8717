/**
 * The enforcement point with two addresses of a real PDP: one of them fails on the way. What the decision log holds tells how often a question was
 * decided.
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createPep, type Pep } from '@mandate/pep'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'

type Road = 'open' | 'closes before it passes anything' | 'loses the answer'

let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep
/** In front of the PDP; what it does with connections is set by the test. */
let relay: Server
let road: Road
let relayed: number
const sockets = new Set<Socket>()

beforeAll(async () => {
  issuer = await startIssuer()
  pdp = await startTestPdp({ openFga: inject('openFga'), issuer })
  const as = { sub: 'carlo', azp: 'desktop' }
  const persona = { title: 'traveler', circle: 'family' }
  expect((await pdp.call('POST', '/v1/personas', { as, body: persona })).status).toBe(201)
  const owner = { owner: 'user:carlo', owner_persona: 'traveler/family' }
  for (const id of ['w', 'x'])
    expect((await pdp.call('PUT', `/v1/resources/workflow/${id}`, { as: TRIPS, body: owner })).status).toBeLessThan(300)
})
afterAll(async () => {
  await pdp?.stop()
  await issuer?.stop()
})
beforeEach(async () => {
  road = 'open'
  relayed = 0
  relay = createServer((near) => {
    sockets.add(near)
    near.on('error', () => undefined)
    if (road === 'closes before it passes anything') return void near.destroy()
    relayed += 1
    const far = connect(Number(new URL(pdp.pdp.url).port), '127.0.0.1')
    sockets.add(far)
    far.on('error', () => near.destroy())
    near.pipe(far)
    if (road === 'open') far.pipe(near)
    else far.once('data', () => near.destroy())
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  pep = createPep({
    issuer: issuer.issuer,
    audience: 'trips',
    pdpUrl: [`http://127.0.0.1:${(relay.address() as AddressInfo).port}`, pdp.pdp.url],
    credentials: { clientId: 'trips', clientSecret: 'a secret for tests' },
    timeoutMs: 10_000,
    logger: pino({ level: 'silent' }),
  })
})
afterEach(async () => {
  await pep.close()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await new Promise((resolve) => relay.close(resolve))
})

const headersOf = async (sub: string) => ({
  authorization: `Bearer ${await issuer.token({ sub, azp: 'desktop', aud: 'trips' })}`,
  'mandate-persona': 'traveler/family',
})
const ask = async (headers: Readonly<Record<string, string>>, id = 'w', action = 'read') =>
  await pep.decide({ headers, action, resource: { type: 'workflow', id } })
const entries = async (): Promise<readonly { id: string; kind: string }[]> =>
  (await pdp.call('GET', '/v1/decisions?kind=evaluation', { as: AUDITOR })).body.entries
const decided = async (): Promise<number> =>
  (await pdp.call('GET', '/v1/decisions?kind=evaluation&limit=1', { as: AUDITOR })).body.total

test('both addresses are used, and a question is decided once', async () => {
  const before = await decided()
  const headers = await headersOf('carlo')
  for (let question = 0; question < 4; question += 1) expect((await ask(headers)).permitted).toBe(true)
  expect(relayed).toBeGreaterThan(0)
  expect(await decided()).toBe(before + 4)
})

test('an address that closes connections is passed over: every question is decided, and once', async () => {
  road = 'closes before it passes anything'
  const before = await decided()
  const headers = await headersOf('carlo')
  for (let question = 0; question < 4; question += 1) expect((await ask(headers)).permitted).toBe(true)
  expect(await decided()).toBe(before + 4)
})

test('a PDP that refuses to start answering is passed over', async () => {
  await new Promise<void>((resolve) => relay.close(() => resolve()))
  const headers = await headersOf('carlo')
  for (let question = 0; question < 4; question += 1) expect((await ask(headers)).permitted).toBe(true)
})

test('a permit that is lost on the way is asked for again before anything runs, and then holds by its own entry', async () => {
  road = 'loses the answer'
  const before = await decided()
  const outcome = await ask(await headersOf('carlo'))
  expect(outcome).toMatchObject({ permitted: true })
  // The first decision is in the log too: its connection closed before a byte of it arrived.
  expect(await decided()).toBe(before + 2)
  const [latest] = await entries()
  expect(outcome.headers['X-Evaluation-ID']).toBe(latest?.id)
})

test('what one request asks at once are entries of their own, permits and denials mixed', async () => {
  const [carlo, ada] = [await headersOf('carlo'), await headersOf('ada')]
  for (const headers of [carlo, ada]) await ask(headers)
  const before = await decided()
  const [w, x, unknown, hers] = await Promise.all([ask(carlo), ask(carlo, 'x'), ask(carlo, 'gone'), ask(ada)])
  expect([w, x, unknown, hers].map(({ permitted }) => permitted)).toEqual([true, true, false, false])
  const ids = [w, x, unknown, hers].map(({ headers }) => headers['X-Evaluation-ID'])
  expect(new Set(ids).size).toBe(4)
  expect(await decided()).toBe(before + 4)
  expect(new Set((await entries()).slice(0, 4).map(({ id }) => id))).toEqual(new Set(ids))
})
