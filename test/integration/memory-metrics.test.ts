/**
 * What `/metrics` says of the tuple memory, and that it keeps its bound.
 *
 * @module
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openConfiguredEngine } from '../../pdp/src/open-engine.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

const FLIGHT: Ask = { subject: 'B', action: 'execute', item: 'flight' }
/** Room for some decisions of the test; the configuration does not allow as little. */
const BOUND_BYTES = 24 * 1024

let tpdp: TestPdp
let world: World
beforeAll(async () => {
  tpdp = await startTestPdp({
    openFga: inject('openFga'),
    openEngine: (deps, closing) =>
      openConfiguredEngine(
        { ...deps, config: { ...deps.config, PDP_ENGINE_MEMORY_MB: BOUND_BYTES / 2 ** 20 } },
        closing,
      ),
  })
  world = new World(tpdp)
  await world.begin()
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
})
afterAll(() => tpdp?.stop())

async function read(): Promise<Readonly<Record<string, number>>> {
  const { text } = await tpdp.call('GET', '/metrics')
  const found = [...text.matchAll(/^mandate_memory_(\w+)(?:\{what="(\w+)"\})? ([\d.]+)$/gmu)]
  return Object.fromEntries(found.map(([, name, what, value]) => [what ?? name, Number(value)]))
}
const reason = async (question: Ask = FLIGHT) => (await world.ask(question)).body.context.reason

test('a first decision fills memory, a second one hits it', async () => {
  const before = await read()
  expect(await reason()).toBe('delegated')
  const first = await read()
  expect(first['fills']).toBeGreaterThan(before['fills'] ?? 0)
  expect(first['entries']).toBeGreaterThan(before['entries'] ?? 0)
  expect(first['bytes']).toBeGreaterThan(before['bytes'] ?? 0)
  expect(await reason()).toBe('delegated')
  const second = await read()
  expect(second['hits']).toBeGreaterThan(first['hits'] ?? 0)
  expect(second['fills']).toBe(first['fills'])
})

test('a change drops what it touches, and the next decision fills it again', async () => {
  await reason()
  const before = await read()
  expect(await reason()).toBe('delegated')
  expect((await read())['fills']).toBe(before['fills'])
  await world.revoke('ab', 'A')
  // Dropped at the latest by this decision: with stores in PostgreSQL a PDP learns of its own changes, as of those of others, when a decision asks for the position.
  expect(await reason()).toBe('grant_revoked')
  expect((await read())['fills']).toBeGreaterThan(before['fills'] ?? 0)
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
})

test('more than the bound: what was used longest ago is evicted, and decisions stay right', async () => {
  const trips = Array.from({ length: 30 }, (_, index) => `trip ${index}`)
  for (const trip of trips) await world.trip(trip, 'A', 'traveler/family')
  for (let round = 0; round < 2; round += 1)
    for (const trip of trips)
      expect(await reason({ subject: 'A', action: 'execute', item: 'flight', trip })).toBe('owner')
  const { evictions, bytes } = await read()
  expect(evictions).toBeGreaterThan(0)
  expect(bytes).toBeLessThanOrEqual(BOUND_BYTES)
  expect(await reason()).toBe('delegated')
})
