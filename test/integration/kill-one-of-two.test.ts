/**
 * Two PDPs on one PostgreSQL: one is killed at each step of a change: at its commits, and at its Write to OpenFGA. The other one finishes or undoes the change,
 * leaves nothing pending, and its lists say what its decisions say.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type Service, spawnService } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { createCall, environment, type TestPdp } from '../fixtures/pdp.ts'
import { type Moment, type PostgresLine, startPostgresLine } from '../fixtures/postgres-line.ts'
import { type Several, startSeveral } from '../fixtures/several.ts'
import { World } from '../fixtures/world.ts'

const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const

let dir: string
let several: Several
let survivor: TestPdp
let line: PostgresLine
let openFgaLine: BadLine
let victim: Service
let world: World
/** Calls go to the PDP that is killed. */
let toVictim = false

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-kill-one-'))
  several = await startSeveral()
  survivor = await several.start('survivor')
  line = await startPostgresLine(several.postgres.url)
  openFgaLine = await startBadLine(inject('openFga').url)
  const url = `http://127.0.0.1:${await freePort()}`
  victim = await spawnService({
    name: 'pdp',
    entry: 'pdp/src/main.ts',
    env: {
      ...environment({ ...inject('openFga'), url: openFgaLine.url }, several.issuer, join(dir, 'data')),
      ...several.env,
      PDP_STORE_URL: line.url,
      PDP_LOG_ORIGIN: 'test.invalid/victim',
      PDP_PORT: new URL(url).port,
      LOG_LEVEL: 'warn',
    },
    readyUrl: `${url}/readyz`,
    logFile: join(dir, 'pdp.log'),
  })
  const calls = { victim: createCall(() => url, several.issuer), survivor: survivor.call }
  world = new World({
    call: (...of) => (toVictim ? calls.victim : calls.survivor)(...of),
    now: Date.now,
    advance: () => undefined,
  })
  await world.begin()
})
afterAll(async () => {
  await victim?.kill()
  await line?.stop()
  await openFgaLine?.stop()
  await several?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** What is pending in the database. */
const PENDING = `SELECT concat_ws(' ', 'lease', kind, id) FROM mandate_pdp.leases
  UNION ALL SELECT concat_ws(' ', 'write', id) FROM mandate_pdp.changes WHERE decided = 0
  UNION ALL SELECT concat_ws(' ', 'grant', id) FROM mandate_pdp.grants WHERE settled = 0 OR ending IS NOT NULL
  UNION ALL SELECT concat_ws(' ', 'agent', id) FROM mandate_pdp.agents WHERE settled = 0
  UNION ALL SELECT concat_ws(' ', 'persona', id) FROM mandate_pdp.personas WHERE settled = 0
  UNION ALL SELECT concat_ws(' ', 'transfer', resource) FROM mandate_pdp.transfers
  UNION ALL SELECT concat_ws(' ', 'replacement', id) FROM mandate_pdp.replacements
  UNION ALL SELECT concat_ws(' ', 'facts', id) FROM mandate_pdp.fact_changes`

/** Grants from A to B that the list has as live. */
async function liveGrants(): Promise<number> {
  const path = `/v1/grants?delegator=${world.ref('A')}&delegate=${world.ref('B')}`
  return (await world.call('GET', path, world.as('A'))).body.items.length
}
const reason = async (): Promise<string> => (await world.ask(FLIGHT)).body.context.reason

interface Change {
  readonly name: string
  readonly before: () => Promise<unknown>
  readonly change: () => Promise<unknown>
  /** What lists and decisions say; afterwards both must say the same. */
  readonly after: () => Promise<void>
}

const grant = () => world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })

async function grantsAgree(): Promise<void> {
  expect(await liveGrants()).toBe((await reason()) === 'delegated' ? 1 : 0)
}

const CHANGES: readonly Change[] = [
  {
    name: 'the issue of a grant',
    before: async () => undefined,
    change: grant,
    // What nobody was answered is undone, and can be asked for again.
    after: async () => {
      await grantsAgree()
      if ((await liveGrants()) === 0) expect((await grant()).status).toBe(201)
      expect(await reason()).toBe('delegated')
    },
  },
  { name: 'a revocation', before: grant, change: () => world.revoke('ab', 'A'), after: grantsAgree },
]
/** Where the PDP is killed: at a commit of its transactions, or at a Write to OpenFGA that arrived (`mute`) or did not (`stall`). */
type Place = readonly ['commit', 1 | 2, Moment] | readonly ['write', 'stall' | 'mute']

const PLACES: readonly Place[] = [
  ['commit', 1, 'before'],
  ['commit', 1, 'after'],
  ['write', 'stall'],
  ['write', 'mute'],
  ['commit', 2, 'before'],
]
const ROWS = CHANGES.flatMap((change) => PLACES.map((place) => [change.name, place.join(' '), change, place] as const))

/** Resolves when the victim has come to the place. */
async function reached(place: Place): Promise<void> {
  if (place[0] === 'commit') return line.silentAt(place[1], place[2])
  const [, how] = place
  const [seen, done] = [openFgaLine.seen('/write'), openFgaLine.done('/write')]
  openFgaLine.behave((path) => (path.endsWith('/write') ? how : 'pass'))
  await expect
    .poll(() => (how === 'mute' ? openFgaLine.done('/write') : openFgaLine.seen('/write')))
    .toBeGreaterThan(how === 'mute' ? done : seen)
}

test.for(ROWS)('%s, killed at %s', async ([, , { before, change, after }, place]) => {
  // A trip of its own, without grants of other rows.
  await world.trip('T', 'A', 'traveler/family')
  for (const id of await liveIds()) await world.call('POST', `/v1/grants/${id}/revoke`, world.as('A'), {})
  await before()
  const there = reached(place)
  toVictim = true
  const changed = change().catch(() => undefined)
  toVictim = false
  await there
  await victim.kill()
  await changed
  line.clear()
  openFgaLine.behave(() => 'pass')
  await expect.poll(() => several.postgres.query(several.postgres.url, PENDING)).toBe('')
  await after()
  await victim.restart()
})

async function liveIds(): Promise<readonly string[]> {
  const { items } = (await world.call('GET', `/v1/grants?delegator=${world.ref('A')}`, world.as('A'))).body
  return items.map(({ id }: { readonly id: string }) => id)
}
