/**
 * Decisions on a store that is changed by others: what a PDP remembers is true only if the store says so (rules E2, F3). The others are
 * a second PDP here, which only a test can start (ADR 0080).
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

const FLIGHT: Ask = { subject: 'B', action: 'execute', item: 'flight' }

let one: TestPdp
let two: TestPdp
let dir: string
let world: World

beforeAll(async () => {
  const env = { OPENFGA_STORE: `replicas-${randomUUID()}` }
  one = await startTestPdp({ openFga: inject('openFga'), env, database: 'sqlite' })
  world = new World(one)
  await world.begin()
  // The second one decides only, and knows the same people from a copy of the database.
  dir = mkdtempSync(join(tmpdir(), 'mandate-replica-'))
  const database = new DatabaseSync(join(one.dataDir, 'pdp.db'))
  database.exec(`VACUUM INTO '${join(dir, 'pdp.db')}'`)
  database.close()
  copyFileSync(join(one.dataDir, 'vault.key'), join(dir, 'vault.key'))
  two = await startTestPdp({ openFga: inject('openFga'), env, dataDir: dir, issuer: one.issuer, claims: false })
})
afterAll(async () => {
  await two?.stop()
  await one?.stop()
  rmSync(dir, { recursive: true, force: true })
})
// A trip of its own for each test: two has heard of none of them.
beforeEach(() => world.trip('T', 'A', 'traveler/family'))

async function ask(pdp: TestPdp, question: Ask = FLIGHT): Promise<string> {
  const body = world.question(question)
  return (await pdp.call('POST', '/access/v1/evaluation', { as: TRIPS, body })).body.context.reason
}

test('a grant that another PDP gave is found, though this one remembers that there was none', async () => {
  expect(await ask(two)).toBe('no_grant')
  expect(await ask(two)).toBe('no_grant')
  await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  expect(await ask(two)).toBe('delegated')
})

test('a revocation by another PDP bites at once, and so does one of a link in the middle', async () => {
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'], redelegations: 1 })
  await world.grant({ name: 'bc', from: 'B', to: 'C', actions: ['execute'], parent: 'ab' })
  const ofC: Ask = { ...FLIGHT, subject: 'C' }
  expect(await ask(two, ofC)).toBe('delegated')
  await world.revoke('ab', 'A')
  // What hung from it leaves OpenFGA in the background; a PDP that remembers nothing of it then finds nothing.
  expect(['grant_revoked', 'no_grant']).toContain(await ask(two, ofC))
  expect(await ask(two)).not.toBe('delegated')
})

test('a suspension by another PDP bites at once', async () => {
  await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
  expect(await ask(two)).toBe('delegated')
  await world.personaStatus('B', 'travel-agent/acme', 'suspended')
  expect(await ask(two)).toBe('persona_unusable')
  await world.personaStatus('B', 'travel-agent/acme', 'active')
  expect(await ask(two)).toBe('delegated')
  await world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
  const ofX: Ask = { ...FLIGHT, subject: 'X' }
  expect(await ask(two, ofX)).toBe('delegated')
  await world.call('PATCH', `/v1/agents/${world.id('X')}`, world.staff('operator'), { status: 'suspended' })
  expect(await ask(two, ofX)).toBe('agent_suspended')
})

test('a persona that another PDP gave is known, and one that was taken again is the newest', async () => {
  const asTraveler: Ask = { subject: 'B', persona: 'traveler/family', action: 'read' }
  await world.grant({ from: 'A', to: 'B', actions: ['read'] })
  expect(await ask(two, asTraveler)).toBe('persona_unknown')
  await world.persona('B', 'traveler/family')
  expect(await ask(two, asTraveler)).toBe('delegated')
  await world.personaStatus('B', 'traveler/family', 'revoked')
  expect(await ask(two, asTraveler)).toBe('persona_unusable')
  await world.persona('B', 'traveler/family')
  expect(await ask(two, asTraveler)).toBe('delegated')
})

test('a trip that another PDP removed, or registered for somebody else, is not the old owner`s', async () => {
  const ofA: Ask = { subject: 'A', action: 'execute', item: 'flight' }
  const path = `/v1/resources/${world.scope('T').replace(':', '/')}`
  expect(await ask(two, ofA)).toBe('owner')
  await one.call('DELETE', path, { as: TRIPS })
  expect(await ask(two, ofA)).toBe('resource_unknown')
  await one.call('PUT', path, { as: TRIPS, body: { owner: world.ref('D'), owner_persona: 'traveler/family' } })
  expect(await ask(two, ofA)).toBe('no_grant')
  expect(await ask(two, { ...ofA, subject: 'D' })).toBe('owner')
})

test('a limit that another PDP set bites at once', async () => {
  await world.grant({ from: 'A', to: 'X2', actions: ['execute'], unattended: true })
  const ofX2: Ask = { ...FLIGHT, subject: 'X2' }
  expect(await ask(two, ofX2)).toBe('delegated')
  await world.autonomy('A', 'traveler/family', { consent: false })
  expect(await ask(two, ofX2)).toBe('no_consent')
})
