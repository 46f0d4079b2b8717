/**
 * What a decision asks of OpenFGA: requests one after another, as every entry records them. A restart is what makes a memory cold.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

describe.for([
  ['memory', 'READ_BARRIER', 0],
  ['openfga', 'HIGHER_CONSISTENCY', 1],
] as const)('ENGINE=%s', ([engine, consistency, warm]) => {
  // Memory reads in turn: the part, its topmost resource, the seats, the grants, the personas. What is under way at the same time counts once.
  const most = (openFga: number, memory: number) => (engine === 'memory' ? memory : openFga)

  let tpdp: TestPdp
  let world: World
  beforeAll(async () => {
    tpdp = await startTestPdp({ openFga: inject('openFga'), env: { ENGINE: engine } })
    world = new World(tpdp)
    await world.begin()
    await world.grant({
      from: 'A',
      to: 'B',
      actions: ['read', 'execute'],
      redelegations: 2,
      seconds: 9_000,
      name: 'ab',
    })
    await world.grant({
      from: 'B',
      to: 'M2',
      actions: ['execute'],
      redelegations: 1,
      seconds: 8_000,
      parent: 'ab',
      name: 'bm',
    })
    await world.grant({ from: 'M2', to: 'X', actions: ['execute'], seconds: 7_000, parent: 'bm' })
  })
  afterAll(() => tpdp?.stop())
  beforeEach(() => tpdp.restart())

  async function roundTrips(ask: Ask, decision: boolean): Promise<number> {
    const { body } = await world.ask(ask)
    expect(body.decision, JSON.stringify(body)).toBe(decision)
    const entry = await tpdp.call('GET', `/v1/decisions/${body.context.evaluation_id}`, { as: world.staff('auditor') })
    expect(entry.body.consistency).toBe(consistency)
    return entry.body.round_trips
  }

  test.for([
    ['the owner in person', { subject: 'A', action: 'execute', item: 'flight' }, most(2, 3)],
    ['a chain of one', { subject: 'B', action: 'execute', item: 'flight' }, most(3, 5)],
    [
      'an agent at the end of three links, every gate',
      { subject: 'M2', actor: 'X', action: 'execute', item: 'flight' },
      most(3, 5),
    ],
  ] as const)('a permit for %s needs few requests cold', async ([, ask, cold]) => {
    const first = await roundTrips(ask, true)
    expect(first).toBeLessThanOrEqual(cold)
    expect(first).toBeGreaterThan(warm)
    expect(await roundTrips(ask, true)).toBe(warm)
    expect(await roundTrips(ask, true)).toBe(warm)
  })

  test.for([
    ['a gate', { subject: 'M2', actor: 'X', action: 'execute', item: 'hotel', attributes: { risk: 6 } }, most(4, 5), 2],
    ['no grant at all', { subject: 'S', action: 'read' }, most(3, 4), 2],
  ] as const)('a denial for %s costs one request more', async ([, ask, cold, again]) => {
    const first = await roundTrips(ask, false)
    expect(first).toBeLessThanOrEqual(cold)
    expect(first).toBeGreaterThan(warm)
    expect(await roundTrips(ask, false)).toBe(warm && again)
  })
})
