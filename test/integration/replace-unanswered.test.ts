/**
 * A replacement of a grant that was carried out and never answered: what is asked about either side of it afterwards holds for both (rule C6,
 * ADR 0068).
 *
 * @module
 */
import type { OpenFga } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World
beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({ openFga: { url: line.url, apiToken: openFga.apiToken } })
})
afterAll(async () => {
  line?.behave(() => 'pass')
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})
beforeEach(async () => {
  world = new World(tpdp)
  await world.begin()
  await replaceWithoutAnswer()
})
afterEach(() => line.behave(() => 'pass'))

const byB = async () => (await world.ask({ subject: 'B', action: 'execute', item: 'flight' })).body.decision
const grants = async (more = ''): Promise<readonly { readonly id: string; readonly status: string }[]> =>
  (await world.call('GET', `/v1/grants?delegator=${world.ref('A')}${more}`, world.as('A'))).body.items
const pending = async () => (await grants()).filter(({ status }) => status === 'pending')

/** `ab` reads; `new` executes in its place. Nothing is settled by itself before {@link settle}: OpenFGA does not seem to be there. */
async function replaceWithoutAnswer(): Promise<void> {
  await world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['read'] })
  let landed = false
  line.behave((path) => {
    if (landed || path === '/healthz') return 'refuse'
    landed = path.endsWith('/write')
    return landed ? 'lose' : 'pass'
  })
  const replaces = world.named.get('ab') ?? ''
  expect((await world.grant({ from: 'A', to: 'B', actions: ['execute'], replaces })).status).toBe(503)
  line.behave((path) => (path === '/healthz' ? 'refuse' : 'pass'))
  const [found] = await pending()
  world.named.set('new', found?.id ?? '')
}

async function settle(): Promise<void> {
  line.behave(() => 'pass')
  await expect.poll(pending).toEqual([])
}

test('the old one is revoked: so is what took its place', async () => {
  expect((await world.revoke('ab', 'A')).body.status).toBe('revoked')
  expect(await byB()).toBe(false)
  await settle()
  expect(await byB()).toBe(false)
  expect(await grants()).toEqual([])
})

test('the old one is revoked while OpenFGA does not answer: so is what took its place, as soon as it does', async () => {
  line.behave(() => 'refuse')
  expect((await world.revoke('ab', 'A')).status).toBe(503)
  await settle()
  await expect.poll(() => grants()).toEqual([])
  expect(await byB()).toBe(false)
})

test('the new one is revoked: the old one has been replaced, and does not count as live', async () => {
  expect((await world.revoke('new', 'A')).body.status).toBe('revoked')
  await settle()
  expect((await grants('&include=ended')).map(({ status }) => status)).toEqual(['revoked', 'revoked'])
  expect(await byB()).toBe(false)
})

test('the same grant is not given a second time beside it', async () => {
  const { status, body } = await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  expect([status, body.code]).toEqual([409, 'grant_exists'])
  expect(await byB()).toBe(true)
})

test('after a restart the old one is revoked, and nothing is left', async () => {
  await tpdp.restart(() => line.behave(() => 'pass'))
  expect((await world.revoke('new', 'A')).body.status).toBe('revoked')
  expect(await grants()).toEqual([])
  expect(await byB()).toBe(false)
})
