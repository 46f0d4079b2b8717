/**
 * `/metrics`: what happened is counted by its kind and nothing else, and nobody outside reads it.
 *
 * @module
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

let line: BadLine
let tpdp: TestPdp
let world: World

beforeAll(async () => {
  line = await startBadLine(inject('openFga').url)
  tpdp = await startTestPdp({ openFga: { ...inject('openFga'), url: line.url }, env: { ENGINE: 'openfga' } })
  world = new World(tpdp)
  await world.begin()
})
afterAll(async () => {
  await tpdp?.stop()
  await line?.stop()
})

/** The samples whose name and labels fit, as Prometheus would read them. */
async function sample(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { text } = await tpdp.call('GET', '/metrics')
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const lines = text.split('\n').filter((one) => new RegExp(`^${name}[{ ]`, 'u').test(one))
  return lines
    .filter((one) => wanted.every((part) => one.includes(part)))
    .reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0)
}

const ask = (subject: string) => world.ask({ subject, action: 'execute', item: 'dinner' })

test('a decision is counted by its answer and reason, timed by its route, and so are its entry and its call to OpenFGA', async () => {
  const permit = { decision: 'permit', reason: 'owner' }
  const route = { method: 'POST', route: '/access/v1/evaluation', status: '200' }
  const counts = async () => ({
    permits: await sample('mandate_decisions_total', permit),
    denials: await sample('mandate_decisions_total', { decision: 'deny', reason: 'no_grant' }),
    requests: await sample('mandate_http_request_seconds_count', route),
    entries: await sample('mandate_log_entries_total', { kind: 'evaluation' }),
    decided: await sample('mandate_decide_seconds_count'),
    authenticated: await sample('mandate_authentication_seconds_count'),
  })
  const before = await counts()
  const [appended, called] = [await sample('mandate_log_append_seconds_count'), await relations('answered')]
  expect((await ask('A')).body.decision).toBe(true)
  expect((await ask('S')).body.decision).toBe(false)
  expect(await counts()).toEqual({
    permits: before.permits + 1,
    denials: before.denials + 1,
    requests: before.requests + 2,
    entries: before.entries + 2,
    decided: before.decided + 2,
    authenticated: before.authenticated + 2,
  })
  expect(await sample('mandate_log_append_seconds_count')).toBe(appended + 2)
  expect(await relations('answered')).toBeGreaterThanOrEqual(called + 2)
})

const relations = (outcome: string) => sample('mandate_openfga_request_seconds_count', { outcome })

test('OpenFGA away: the call failed, the circuit refuses the next ones, the fault has its code, and the gauge says so', async () => {
  line.behave(() => 'refuse')
  const asked = 20
  for (let count = 0; count < asked; count += 1) expect((await ask('A')).status).toBe(503)
  expect(await relations('failed')).toBeGreaterThan(0)
  expect(await relations('refused')).toBeGreaterThan(0)
  expect(await sample('mandate_faults_total', { code: 'relations_unavailable' })).toBe(asked)
  expect(await sample('mandate_openfga_reachable')).toBe(0)
  expect(await sample('mandate_part_available', { part: 'openfga' })).toBe(0)
  expect(await sample('mandate_part_available', { part: 'log' })).toBe(1)
  line.behave(() => 'pass')
  await expect.poll(() => ask('A').then(({ status }) => status)).toBe(200)
  expect([await sample('mandate_openfga_reachable'), await sample('mandate_log_healthy')]).toEqual([1, 1])
})

test('ids in an address are nowhere, and what is no address is one line', async () => {
  await tpdp.call('GET', '/v1/grants/01KE0000000000000000000000', { as: { sub: 'carlo', azp: 'desktop' } })
  await tpdp.call('GET', '/somewhere/else')
  const { text, headers } = await tpdp.call('GET', '/metrics')
  expect(headers.get('content-type')).toMatch(/^text\/plain; ?version=0\.0\.4/u)
  expect(text).toContain('route="/v1/grants/{id}",status="404"')
  expect(text).toContain('route="none"')
  for (const secret of ['01KE', 'carlo', 'somewhere', world.id('A'), 'workflow', 'trips'])
    expect(text).not.toContain(secret)
})

test.for<readonly [string, string]>([
  ['X-Forwarded-For', '10.0.0.1'],
  ['Forwarded', 'for=10.0.0.1'],
  ['Via', '1.1 edge'],
])('who comes by a proxy (%s) finds nothing there', async ([name, value]) => {
  const answer = await tpdp.call('GET', '/metrics', { headers: { [name]: value } })
  expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
})
