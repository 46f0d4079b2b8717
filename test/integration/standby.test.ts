/**
 * A PostgreSQL that waits for a synchronous standby: a Write of OpenFGA's hangs in its commit, its caller gives up, and it takes effect when the
 * standby is back (ADR 0068). On a database and an OpenFGA of its own.
 *
 * @module
 */
import { type OpenFga, type Postgres, startOpenFga, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

let postgres: Postgres
let openFga: OpenFga
let tpdp: TestPdp
let world: World
beforeAll(async () => {
  postgres = await startPostgres()
  openFga = await startOpenFga({ engine: 'postgres', postgresUrl: postgres.url, env: {} })
  tpdp = await startTestPdp({ openFga })
})
afterAll(async () => {
  await tpdp?.stop()
  await openFga?.stop()
  await postgres?.stop()
})
beforeEach(async () => {
  world = new World(tpdp)
  await world.begin()
})

/** @param name - `''`: commits wait for no standby. */
async function waitForStandby(name: string): Promise<void> {
  await postgres.query(postgres.url, `ALTER SYSTEM SET synchronous_standby_names = '${name}'`)
  await postgres.query(postgres.url, 'SELECT pg_reload_conf()')
  await expect.poll(() => postgres.query(postgres.url, 'SHOW synchronous_standby_names')).toBe(name)
}
const hanging = () =>
  postgres.query(postgres.url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").then(Number)
const permitted = async () =>
  (await world.ask({ subject: 'B', action: 'execute', item: 'flight' })).body.decision === true
const grants = async () =>
  (await world.call('GET', `/v1/grants?delegator=${world.ref('A')}`, world.as('A'))).body.items.map(
    ({ status }: { readonly status: string }) => status,
  )

test('a grant whose commit hangs: what was answered is what is in force, then and when the standby is back', async () => {
  await waitForStandby('gone')
  const answer = world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  await expect.poll(hanging).toBeGreaterThan(0)
  // OpenFGA gives up too: its commit then stands on this server alone, and is found there, or is still under way.
  const { status } = await answer
  expect([201, 503]).toContain(status)
  const issued = status === 201
  expect(issued ? ['live'] : ['pending', undefined]).toContain((await grants())[0])
  const seen = new Set<boolean>()
  await waitForStandby('')
  await expect.poll(async () => seen.add(await permitted()) && (await hanging())).toBe(0)
  await expect.poll(async () => seen.add(await permitted()) && (await grants())).toEqual(issued ? ['live'] : [])
  expect([...seen]).toEqual([issued])
})

test('a persona whose activation hangs is suspended for good by the suspension that comes after', async () => {
  await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  await world.personaStatus('B', 'travel-agent/acme', 'suspended')
  await waitForStandby('gone')
  const admin = world.staff('persona-admin')
  expect([200, 503]).toContain((await world.patchPersona('B', 'travel-agent/acme', { status: 'active' }, admin)).status)
  await waitForStandby('')
  const suspend = () => world.patchPersona('B', 'travel-agent/acme', { status: 'suspended' }, admin)
  await expect.poll(async () => (await suspend()).status).toBe(200)
  await expect.poll(hanging).toBe(0)
  expect(await permitted()).toBe(false)
  await tpdp.restart()
  expect(await permitted()).toBe(false)
})
