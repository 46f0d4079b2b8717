/**
 * OpenFGA slow, down, or answering nonsense: nothing is permitted, everything is said and logged, and it goes on by itself.
 *
 * @module
 */
import type { OpenFga } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BadLine, type Behaviour, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { type Answer, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World

beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({
    openFga: { url: line.url, apiToken: openFga.apiToken },
    // Every decision asks OpenFGA.
    env: { OPENFGA_DEADLINE_MS: '3000', ENGINE: 'openfga' },
  })
})
afterAll(async () => {
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})
beforeEach(async () => {
  world = new World(tpdp)
  await world.begin()
  expect((await world.grant({ from: A, to: 'B', name: 'ab', actions: ['read', 'execute'] })).status).toBe(201)
})
afterEach(async () => {
  line.behave(() => 'pass')
  // The circuit closes by itself within a second.
  await expect.poll(() => askB().then(({ status }) => status)).toBe(200)
})

const A = 'A'
const askB = (): Promise<Answer> => world.ask({ subject: 'B', action: 'execute', item: 'flight' })
const only =
  (ending: string, behaviour: Behaviour) =>
  (path: string): Behaviour =>
    path.endsWith(ending) ? behaviour : 'pass'

function expectUnavailable(answer: Answer): void {
  expect(answer.status, answer.text).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  // `detail`: of a change whose outcome is not known yet, in our words.
  const { detail, ...members } = answer.body
  expect(Object.keys(members).sort()).toEqual(['code', 'request_id', 'status', 'title', 'type'])
  expect(detail ?? 'The change is pending.').toMatch(/^The change is pending\./)
  expect(answer.body.code).toBe('relations_unavailable')
  expect(answer.text).not.toMatch(/postgres|secret|127\.0\.0\.1|ECONN|at /)
}

async function faultsSince(since: number): Promise<number> {
  const from = encodeURIComponent(new Date(since).toISOString())
  const path = `/v1/decisions?kind=fault&reason=relations_unavailable&from=${from}`
  return (await tpdp.call('GET', path, { as: AUDITOR })).body.total
}

describe('a decision that cannot be had is no permit', () => {
  test.for<readonly [string, (path: string) => Behaviour]>([
    ['OpenFGA cuts the line', () => 'refuse'],
    ['OpenFGA never answers', () => 'stall'],
    ['OpenFGA answers 500', () => 500],
    ['OpenFGA does not take the request', () => 400],
    ['OpenFGA does not take the key', () => 401],
    ['OpenFGA has moved', () => 301],
    ['there is no OpenFGA at that address', () => 404],
    ['OpenFGA answers nonsense', () => 'nonsense'],
    ['only the check fails', only('/batch-check', 'refuse')],
    ['only the check answers nonsense', only('/batch-check', 'nonsense')],
  ])('%s: 503, and an entry', async ([, rule]) => {
    const since = tpdp.now()
    expect((await askB()).body.decision).toBe(true)
    line.behave(rule)
    expectUnavailable(await askB())
    expect(await faultsSince(since)).toBeGreaterThan(0)
  })

  test.for<readonly [number, RegExp]>([
    [400, /OpenFGA refused: 400 .*does not take/u],
    [401, /OpenFGA refused: 401 .*OPENFGA_API_TOKEN/u],
    [301, /OpenFGA refused: 301 .*OPENFGA_URL/u],
    [404, /OpenFGA refused: 404 .*OPENFGA_URL/u],
  ])(
    'what OpenFGA refuses with %i is logged with its cause, in decisions and changes alike',
    async ([status, cause]) => {
      line.behave(() => status)
      for (const work of [
        askB,
        () => world.grant({ from: A, to: 'C', actions: ['read'] }),
        () => world.revoke('ab', A),
      ]) {
        const from = tpdp.operations.length
        expectUnavailable(await work())
        expect(tpdp.operations.slice(from).join('')).toMatch(cause)
      }
    },
  )

  test('a refusal is no failure: the circuit stays closed for the next question', async () => {
    line.behave(() => 400)
    for (let asked = 0; asked < 10; asked += 1) expectUnavailable(await askB())
    line.behave(() => 'pass')
    expect((await askB()).status).toBe(200)
  })

  test('the circuit opens: OpenFGA is left alone for a second, and asked again after it', async () => {
    line.behave(() => 'refuse')
    const reached = async (): Promise<number> => {
      const before = line.seen('')
      expectUnavailable(await askB())
      return line.seen('') - before
    }
    await expect.poll(reached).toBe(0)
    await expect.poll(reached).toBeGreaterThan(0)
  })

  test('questions that time out do not open the circuit while OpenFGA says that it serves', async () => {
    line.behave(only('/batch-check', 'stall'))
    for (const answer of await Promise.all(Array.from({ length: 20 }, askB))) expectUnavailable(answer)
    line.behave(() => 'pass')
    expect((await askB()).status).toBe(200)
  })

  test('a hiccup is bridged by one retry', async () => {
    let failed = 0
    line.behave((path) => (path.endsWith('/batch-check') && failed++ === 0 ? 'refuse' : 'pass'))
    expect((await askB()).body.decision).toBe(true)
    expect(failed).toBe(2)
  })

  test('items of a batch are false, each with its error, and each is logged', async () => {
    const since = tpdp.now()
    const item = world.question({ subject: 'B', action: 'execute', item: 'flight' })
    line.behave(() => 'refuse')
    const answer = await tpdp.call('POST', '/access/v1/evaluations', { as: TRIPS, body: { evaluations: [item, item] } })
    expect(answer.status).toBe(200)
    const error = { status: 503, message: 'The relationship store does not answer. Nothing was permitted.' }
    const denied = { decision: false, context: { error } }
    expect(answer.body).toEqual({ evaluations: [denied, denied] })
    expect(await faultsSince(since)).toBe(2)
  })
})

test('a PDP with a wrong key does not start, and says why', async () => {
  const start = startTestPdp({ openFga: { url: openFga.url, apiToken: 'no-key-of-this-server-at-all' } })
  await expect(start).rejects.toMatchObject({
    code: 'relations_unavailable',
    message: expect.stringMatching(/401 .*OPENFGA_API_TOKEN/u),
  })
})

describe('OpenFGA is killed in the middle of a run', () => {
  test('503, not ready, and after its restart it goes on', async () => {
    expect((await askB()).body.decision).toBe(true)
    const since = tpdp.now()
    await openFga.kill()
    try {
      expectUnavailable(await askB())
      expectUnavailable(await world.grant({ from: A, to: 'C', actions: ['read'] }))
      expectUnavailable(await world.revoke('ab', A))
      expect((await tpdp.call('GET', '/readyz')).status).toBe(503)
      expect((await tpdp.call('GET', '/livez')).status).toBe(200)
      expect(await faultsSince(since)).toBeGreaterThanOrEqual(3)
    } finally {
      await openFga.restart()
    }
    await expect.poll(() => tpdp.call('GET', '/readyz').then(({ status }) => status)).toBe(200)
    await expect.poll(() => askB().then(({ status }) => status)).toBe(200)
  })
})

describe('decisions from memory while OpenFGA does not answer', () => {
  let own: TestPdp
  let told: World
  beforeAll(async () => {
    own = await startTestPdp({ openFga: { url: line.url, apiToken: openFga.apiToken } })
    told = new World(own)
    await told.begin()
    for (const to of ['B', 'C'])
      expect((await told.grant({ from: A, to, name: to, actions: ['execute'] })).status).toBe(201)
  })
  afterAll(() => own?.stop())
  const ask = (subject: string): Promise<Answer> => told.ask({ subject, action: 'execute', item: 'flight' })

  test('what is in memory is answered, anything else is 503; what an unanswered change touches is no permit', async () => {
    expect((await ask('B')).body.decision).toBe(true)
    line.behave(() => 'refuse')
    expect((await ask('B')).body.decision).toBe(true)
    expectUnavailable(await ask('C'))
    expectUnavailable(await told.revoke('B', A))
    expectUnavailable(await ask('B'))
    line.behave(() => 'pass')
    await expect.poll(() => ask('C').then(({ body }) => body.decision)).toBe(true)
    // The Write never arrived: it is withdrawn, and the grant goes on. Or the end is carried out in the background.
    await expect.poll(() => ask('B').then(({ status }) => status)).toBe(200)
  })
})
