/**
 * Changes of tuples by another program than a PDP: found within seconds, dropped from memory, counted and logged. What PDPs write is never taken for one.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { FencedWriter, FgaStore } from '@mandate/pdp'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { memoryJournal } from '../fixtures/memory-journal.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { startSeveral } from '../fixtures/several.ts'
import { type Ask, World } from '../fixtures/world.ts'

const OF_AGENT: Ask = { subject: 'X', action: 'execute', item: 'flight' }
const FOUND = 'tuples were changed in OpenFGA by another program than a PDP'
/** Of both PDPs together. */
const OWN_CHANGES = 200

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
})

async function start(env: Readonly<Record<string, string>>): Promise<TestPdp> {
  const tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  running.push(tpdp)
  return tpdp
}

/** The store of a PDP, as another program uses it. */
const storeOf = ({ config }: TestPdp): Promise<FgaStore> =>
  FgaStore.open({ url: config.OPENFGA_URL, apiToken: String(config.OPENFGA_API_TOKEN), name: config.OPENFGA_STORE })

/** Any model with agents: OpenFGA checks the form of a tuple by it. */
async function modelOf(store: FgaStore): Promise<string> {
  const own = { directly_related_user_types: [{ type: 'agent' }] }
  const mark = { directly_related_user_types: [{ type: 'change' }] }
  return store.writeModel({
    schema_version: '1.1',
    type_definitions: [
      { type: 'agent', relations: { active: { this: {} } }, metadata: { relations: { active: own } } },
      {
        type: 'change',
        relations: { applied: { this: {} }, withdrawn: { this: {} } },
        metadata: { relations: { applied: mark, withdrawn: mark } },
      },
    ],
  })
}

const activeTuple = (agent: string) => ({ user: `agent:${agent}`, relation: 'active', object: `agent:${agent}` })

async function counted(tpdp: TestPdp): Promise<number> {
  const { text } = await tpdp.call('GET', '/metrics')
  return Number(/^mandate_foreign_changes_total (\d+)$/mu.exec(text)?.[1])
}

const logged = ({ operations }: TestPdp) =>
  operations.map((line) => JSON.parse(line)).filter(({ level, msg }) => level === 50 && msg === FOUND)

/** A world in which an agent acts for A, and a PDP that has decided so. */
async function begin(tpdp: TestPdp): Promise<{ readonly world: World; readonly reason: () => Promise<string> }> {
  const world = new World(tpdp)
  await world.begin()
  expect((await world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true })).status).toBe(201)
  const reason = async () => (await world.ask(OF_AGENT)).body.context.reason
  expect(await reason()).toBe('delegated')
  return { world, reason }
}

describe('a tuple that another program changes', () => {
  test('deleted or written: the next decision after one pass reflects it, and it is counted and logged', async () => {
    const tpdp = await start({ PDP_FOREIGN_CHANGES_EVERY_SECONDS: '1' })
    const { world, reason } = await begin(tpdp)
    const store = await storeOf(tpdp)
    const model = await modelOf(store)
    const tuple = activeTuple(world.id('X'))
    await store.write({ writes: [], deletes: [tuple] }, model)
    await expect.poll(() => counted(tpdp)).toBe(1)
    expect(await reason()).toBe('agent_suspended')
    await store.write({ writes: [tuple], deletes: [] }, model)
    await expect.poll(() => counted(tpdp)).toBe(2)
    expect(await reason()).toBe('delegated')
    expect(logged(tpdp)).toMatchObject([
      { tuples: 1, kinds: ['agent#active'] },
      { tuples: 1, kinds: ['agent#active'] },
    ])
  })

  test('is not found without passes: memory holds the old state', async () => {
    const tpdp = await start({ PDP_FOREIGN_CHANGES_EVERY_SECONDS: '0' })
    const { world, reason } = await begin(tpdp)
    const store = await storeOf(tpdp)
    await store.write({ writes: [], deletes: [activeTuple(world.id('X'))] }, await modelOf(store))
    expect(await reason()).toBe('delegated')
    expect(await counted(tpdp)).toBe(0)
  })

  test('is counted and logged also where nothing is in memory', async () => {
    const tpdp = await start({ PDP_FOREIGN_CHANGES_EVERY_SECONDS: '1', ENGINE: 'openfga' })
    const { world, reason } = await begin(tpdp)
    const store = await storeOf(tpdp)
    await store.write({ writes: [], deletes: [activeTuple(world.id('X'))] }, await modelOf(store))
    expect(await reason()).toBe('agent_suspended')
    await expect.poll(() => counted(tpdp)).toBe(1)
    expect(logged(tpdp)).toHaveLength(1)
  })
})

/** A Write that OpenFGA carries out late, and one that was withdrawn before. */
async function writeLate(store: FgaStore, model: string): Promise<void> {
  const held: (() => Promise<unknown>)[] = []
  const writer = await FencedWriter.open({
    store: {
      read: (object, relation, user) => store.read(object, relation, user),
      write: async (change, modelId, options) => {
        const isWithdrawal = change.writes.some(({ relation }) => relation === 'withdrawn')
        if (isWithdrawal) return store.write(change, modelId, options)
        held.push(() => store.write(change, modelId, options))
        return false
      },
    },
    journal: memoryJournal(),
    modelId: () => model,
    newId: randomUUID,
    clock: Date.now,
  })
  expect(await writer.write({ writes: [activeTuple(`late-${randomUUID()}`)], deletes: [] })).toBe(false)
  for (const send of held) expect(await send()).toBe(false)
}

test(`${OWN_CHANGES} changes by two PDPs, withdrawals and late Writes are not taken for foreign`, {
  timeout: 120_000,
}, async () => {
  const several = await startSeveral()
  running.push(several)
  const env = { PDP_FOREIGN_CHANGES_EVERY_SECONDS: '1' }
  const one = await several.start('one', { env })
  const { world } = await begin(one)
  const store = await storeOf(one)
  const model = await modelOf(store)
  // The second one starts when there are changes that it never heard of.
  const two = await several.start('two', { env })
  const pdps = [one, two]
  const change = async (n: number) => {
    const path = `/v1/resources/workflow/foreign-${world.tag}-${n}`
    const body = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    const as = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
    expect((await pdps[n % 2]?.call('PUT', path, { as, body }))?.status).toBeLessThan(300)
  }
  const rounds = Array.from({ length: OWN_CHANGES }, (_, n) => n)
  while (rounds.length > 0) {
    await Promise.all(rounds.splice(0, 8).map(change))
    if (rounds.length % 40 === 0) await writeLate(store, model)
  }
  // Passes have looked at all of it when they have found this one.
  await store.write({ writes: [activeTuple(`fence-${randomUUID()}`)], deletes: [] }, model)
  for (const pdp of pdps) {
    await expect.poll(() => counted(pdp)).toBeGreaterThan(0)
    expect(await counted(pdp)).toBe(1)
    expect(logged(pdp)).toHaveLength(1)
  }
})
