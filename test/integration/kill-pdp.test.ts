/**
 * `kill -9`: what was answered is in the log and in force, what was not answered is as if nobody had asked.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type OpenFga, type Service, spawnService } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { createCall, environment } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }
const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const

let dir: string
let openFga: OpenFga
let line: BadLine
let issuer: TestIssuer
let pdp: Service
let reachable: World['tpdp']

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-kill-'))
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  issuer = await startIssuer()
  const url = `http://127.0.0.1:${await freePort()}`
  pdp = await spawnService({
    name: 'pdp',
    entry: 'pdp/src/main.ts',
    env: {
      ...environment({ url: line.url, apiToken: openFga.apiToken }, issuer, join(dir, 'data')),
      PDP_PORT: new URL(url).port,
      LOG_LEVEL: 'warn',
    },
    readyUrl: `${url}/readyz`,
    logFile: join(dir, 'pdp.log'),
  })
  reachable = { call: createCall(() => url, issuer), now: Date.now, advance: () => undefined }
})
afterEach(() => line.behave(() => 'pass'))
afterAll(async () => {
  await pdp?.kill()
  await line?.stop()
  await openFga?.stop()
  await issuer?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function newWorld(): Promise<World> {
  const world = new World(reachable)
  await world.begin()
  return world
}

/** Every evaluation that the log has. */
async function loggedIds(): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  let cursor = ''
  do {
    const path = `/v1/decisions?kind=evaluation&limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
    const { body } = await reachable.call('GET', path, { as: AUDITOR })
    for (const { id } of body.entries) ids.add(id)
    cursor = body.next_cursor ?? ''
  } while (cursor)
  return ids
}

/** Does something over and over until the PDP is gone, and keeps what was answered in `answered`. */
async function untilGone<T>(act: () => Promise<T>, answered: T[]): Promise<void> {
  for (;;) {
    try {
      answered.push(await act())
    } catch {
      return
    }
  }
}

test('killed under load: every answered decision is in the log, every answered change in force', async () => {
  const world = await newWorld()
  await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  const answered: string[] = []
  const given: { readonly id: string; readonly status: string }[] = []
  const askers = Array.from({ length: 6 }, () =>
    untilGone(async () => (await world.ask(FLIGHT)).headers.get('x-evaluation-id') ?? '', answered),
  )
  let limit = 0
  const giver = untilGone(async () => {
    limit += 1
    const limits = [{ attribute: 'risk', at_most: limit }]
    const { body } = await world.grant({ from: 'A', to: 'C', actions: ['read'], limits, name: 'ac' })
    const revoked = limit % 2 === 0 ? (await world.revoke('ac', 'A')).status === 200 : false
    return { id: String(body.id), status: revoked ? 'revoked' : 'live' }
  }, given)
  await expect.poll(() => answered.length).toBeGreaterThan(20)
  await expect.poll(() => given.length).toBeGreaterThan(2)
  await pdp.kill()
  await Promise.all([...askers, giver])
  await pdp.restart()

  const logged = await loggedIds()
  expect(answered.filter((id) => !logged.has(id))).toEqual([])
  for (const { id, status } of given) {
    const { body } = await world.call('GET', `/v1/grants/${id}`, world.as('A'))
    expect({ id, status: body.status }).toEqual({ id, status })
  }
  expect((await world.ask(FLIGHT)).body.decision).toBe(true)
})

test.for([
  ['before the store had it', 'stall'],
  ['when the store had it already', 'mute'],
] as const)('killed while a grant is issued, %s: there is no grant, and it can be given', async ([, behaviour]) => {
  const world = await newWorld()
  const give = () => world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  const [writes, done] = [line.seen('/write'), line.done('/write')]
  line.behave((path) => (path.endsWith('/write') ? behaviour : 'pass'))
  const asked = give().catch(() => undefined)
  await expect.poll(() => line.seen('/write')).toBeGreaterThan(writes)
  if (behaviour === 'mute') await expect.poll(() => line.done('/write')).toBeGreaterThan(done)
  await pdp.kill()
  expect(await asked).toBeUndefined()
  line.behave(() => 'pass')
  await pdp.restart()

  expect((await world.ask(FLIGHT)).body.context.reason).toBe('no_grant')
  const { body } = await world.call('GET', `/v1/grants?delegator=${world.ref('A')}&include=ended`, world.as('A'))
  expect(body.items).toEqual([])
  expect((await give()).status).toBe(201)
  expect((await world.ask(FLIGHT)).body.context.reason).toBe('delegated')
})

test('killed while a grant is revoked: the next process finishes it, with an entry', async () => {
  const world = await newWorld()
  await world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
  const writes = line.seen('/write')
  line.behave((path) => (path.endsWith('/write') ? 'stall' : 'pass'))
  const asked = world.revoke('ab', 'A').catch(() => undefined)
  await expect.poll(() => line.seen('/write')).toBeGreaterThan(writes)
  await pdp.kill()
  expect(await asked).toBeUndefined()
  line.behave(() => 'pass')
  await pdp.restart()

  expect((await world.ask(FLIGHT)).body.context.reason).toBe('grant_revoked')
  const path = `/v1/decisions?kind=grant_revoked&grant=${world.named.get('ab')}`
  expect((await reachable.call('GET', path, { as: AUDITOR })).body.total).toBe(1)
})

test('SIGTERM ends it in good order: exit 0 within ten seconds', async () => {
  const world = await newWorld()
  const ask = async () => (await world.ask(FLIGHT)).headers.get('x-evaluation-id') ?? ''
  // Busy connections that are kept open: there is hardly a moment in which all of them are idle.
  const answered: string[] = []
  const asking = Promise.all(Array.from({ length: 8 }, () => untilGone(ask, answered)))
  await expect.poll(() => answered.length).toBeGreaterThan(8)
  const ended = pdp.ended()
  await pdp.stop()
  expect(await ended).toBe('exit 0')
  await asking
  await pdp.restart()
  const logged = await loggedIds()
  expect(answered.filter((id) => !logged.has(id))).toEqual([])
})
