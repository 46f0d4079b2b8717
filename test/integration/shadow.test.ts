/**
 * Shadow mode (`PDP_SHADOW_EVERY`): a decision from memory that OpenFGA would make otherwise is counted and logged. The wrong tuple in memory is one that
 * another program deleted in OpenFGA, with the search for such changes switched off.
 *
 * @module
 */
import { FgaStore } from '@mandate/pdp'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

const OF_AGENT: Ask = { subject: 'X', action: 'execute', item: 'flight' }
const OF_OWNER: Ask = { subject: 'A', action: 'execute', item: 'flight' }
const DIFFERS = 'a decision from memory differs from that of the relationship store'

let line: BadLine
let tpdp: TestPdp
let world: World
beforeAll(async () => {
  const { url, apiToken } = inject('openFga')
  line = await startBadLine(url)
  tpdp = await startTestPdp({
    openFga: { ...inject('openFga'), url: line.url, apiToken },
    env: { PDP_SHADOW_EVERY: '1', PDP_FOREIGN_CHANGES_EVERY_SECONDS: '0', OPENFGA_DEADLINE_MS: '2000' },
  })
  world = new World(tpdp)
  await world.begin()
  expect((await world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true })).status).toBe(201)
})
afterAll(async () => {
  line?.behave(() => 'pass')
  await tpdp?.stop()
  await line?.stop()
})

async function count(name: string, label = ''): Promise<number> {
  const { text } = await tpdp.call('GET', '/metrics')
  const lines = text.split('\n').filter((one) => one.startsWith(name) && one.includes(label))
  return lines.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0)
}
const compared = (outcome: string) => count('mandate_shadow_comparisons_total', `outcome="${outcome}"`)
const differences = () => count('mandate_shadow_differences_total')
const logged = () => tpdp.operations.map((text) => JSON.parse(text)).filter(({ msg }) => msg === DIFFERS)
const reason = async (question: Ask) => (await world.ask(question)).body.context.reason

/** The outcome of the next comparison: one at a time is made, so the one before must have ended. */
async function outcomeOf(question: Ask): Promise<{ readonly reason: string; readonly outcome: string }> {
  const outcomes = ['equal', 'unknown', 'different']
  const before = await Promise.all(outcomes.map(compared))
  const given = await reason(question)
  let found: string | undefined
  await expect
    .poll(async () => {
      for (const [index, outcome] of outcomes.entries())
        if ((await compared(outcome)) > (before[index] ?? 0)) found = outcome
      return found
    })
    .toBeDefined()
  return { reason: given, outcome: found ?? '' }
}

test('decisions that agree, permits and denials, are counted as equal', async () => {
  expect(await outcomeOf(OF_AGENT)).toEqual({ reason: 'delegated', outcome: 'equal' })
  expect(await outcomeOf({ ...OF_AGENT, subject: 'S' })).toEqual({ reason: 'no_grant', outcome: 'equal' })
  expect([await differences(), logged()]).toEqual([0, []])
})

describe('while OpenFGA does not answer', () => {
  test('decisions from memory do not wait for the comparison, and no second one is made meanwhile', async () => {
    expect(await outcomeOf(OF_OWNER)).toMatchObject({ outcome: 'equal' })
    line.behave(() => 'hold')
    const before = await compared('equal')
    for (let n = 0; n < 5; n += 1) expect(await reason(OF_OWNER)).toBe('owner')
    await expect.poll(() => line.held).toBeGreaterThan(0)
    expect(await compared('equal')).toBe(before)
    line.behave(() => 'pass')
    await line.deliver()
  })

  test('a comparison without an answer is unknown, and no difference', async () => {
    // The comparison of the test before ends with its deadline.
    await expect.poll(() => compared('unknown'), { timeout: 20_000 }).toBeGreaterThan(0)
    line.behave((path) => (path.endsWith('/batch-check') || path.endsWith('/read') ? 'refuse' : 'pass'))
    expect(await outcomeOf(OF_OWNER)).toEqual({ reason: 'owner', outcome: 'unknown' })
    line.behave(() => 'pass')
    await expect.poll(async () => (await outcomeOf(OF_OWNER)).outcome, { timeout: 20_000 }).toBe('equal')
    expect([await differences(), logged()]).toEqual([0, []])
  })
})

test('a wrong tuple in memory: the answer is that of memory, the difference is counted, and logged as an error', async () => {
  expect(await outcomeOf(OF_AGENT)).toEqual({ reason: 'delegated', outcome: 'equal' })
  await deleteActive(world.id('X'))
  expect(await outcomeOf(OF_AGENT)).toEqual({ reason: 'delegated', outcome: 'different' })
  expect(await differences()).toBe(1)
  expect(logged()).toMatchObject([
    {
      level: 50,
      members: expect.arrayContaining(['decision', 'reasons']),
      memory: { decision: true },
      store: { decision: false, reasons: [{ code: 'agent_suspended' }] },
    },
  ])
})

/** Deletes the tuple that says that an agent is active, as another program would. */
async function deleteActive(agent: string): Promise<void> {
  const { config } = tpdp
  const server = { url: config.OPENFGA_URL, apiToken: String(config.OPENFGA_API_TOKEN), name: config.OPENFGA_STORE }
  const store = await FgaStore.open(server)
  const own = { directly_related_user_types: [{ type: 'agent' }] }
  const model = await store.writeModel({
    schema_version: '1.1',
    type_definitions: [
      { type: 'agent', relations: { active: { this: {} } }, metadata: { relations: { active: own } } },
    ],
  })
  const tuple = { user: `agent:${agent}`, relation: 'active', object: `agent:${agent}` }
  await store.write({ writes: [], deletes: [tuple] }, model)
}
