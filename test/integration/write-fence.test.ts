/**
 * The fence on the database that the run is about: a Write and its withdrawal at the same moment, and one of the two wins (ADR 0068).
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { type Change, compileModel, examinePolicies, FencedWriter, FgaStore, readSources } from '@mandate/pdp'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { memoryJournal } from '../fixtures/memory-journal.ts'

const ROUNDS = 200

let store: FgaStore
let modelId: string
beforeAll(async () => {
  const { url, apiToken } = inject('openFga')
  store = await FgaStore.open({ url, apiToken, name: `fence-${randomUUID()}` })
  const sources = await readSources(new URL('../../pdp/policies/', import.meta.url).pathname)
  const { policies } = examinePolicies(sources, compileModel)
  modelId = await store.writeModel(policies?.program ?? expect.fail('the shipped policies do not compile'))
})

const activeTuple = (agent: string) => ({ user: `agent:${agent}`, relation: 'active', object: `agent:${agent}` })
const isActive = async (agent: string): Promise<boolean> => (await store.read(`agent:${agent}`, 'active')).length > 0
const newId = (): string => randomUUID()

/** A writer whose first Write is sent and not waited for, as one whose answer never comes. */
async function writerWithLostAnswer(): Promise<{
  readonly writer: FencedWriter
  readonly sent: () => Promise<boolean>
}> {
  let sent: Promise<boolean> | undefined
  const writer = await FencedWriter.open({
    store: {
      read: (object, relation, user) => store.read(object, relation, user),
      write: async (change: Change, model, options) => {
        if (sent) return store.write(change, model, options)
        sent = store.write(change, model, options).catch(() => false)
        return false
      },
    },
    journal: memoryJournal(),
    modelId: () => modelId,
    newId,
    clock: Date.now,
  })
  return { writer, sent: () => sent ?? Promise.resolve(false) }
}

describe('a Write against its own withdrawal', () => {
  test(`${ROUNDS} races: the answer is what is stored, and stays so`, async () => {
    const outcomes = { applied: 0, withdrawn: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const agent = `race-${randomUUID()}`
      const { writer, sent } = await writerWithLostAnswer()
      const said = await writer.write({ writes: [activeTuple(agent)], deletes: [] }).catch(() => undefined)
      const landed = await sent()
      const stored = await isActive(agent)
      if (said !== undefined) expect(stored, `round ${round}`).toBe(said)
      expect(stored, `round ${round}`).toBe(landed)
      outcomes[stored ? 'applied' : 'withdrawn'] += 1
    }
    expect(outcomes.applied + outcomes.withdrawn).toBe(ROUNDS)
  })

  test('their markers are deleted in the end, and what they wrote stays', async () => {
    const journal = memoryJournal()
    const writer = await FencedWriter.open({ store, journal, modelId: () => modelId, newId, clock: Date.now })
    const agents = Array.from({ length: 60 }, () => `swept-${randomUUID()}`)
    for (const agent of agents) await writer.write({ writes: [activeTuple(agent)], deletes: [] })
    const changes = await journal.decidedBefore(Date.now(), 100)
    expect(changes).toHaveLength(agents.length)
    expect(await store.read(`change:${changes[0]}`)).toHaveLength(1)
    await writer.sweepMarkers(Date.now())
    expect(await journal.decidedBefore(Date.now(), 100)).toEqual([])
    for (const id of changes) expect(await store.read(`change:${id}`)).toEqual([])
    for (const agent of agents) expect(await isActive(agent)).toBe(true)
  })

  test('without the marker a late Write takes effect after it was given up', async () => {
    const agent = `late-${randomUUID()}`
    const late = { writes: [activeTuple(agent)], deletes: [] }
    // The caller gave up, looked, found nothing and went on.
    expect(await isActive(agent)).toBe(false)
    await store.write(late, modelId, { missing: 'refuse', timeoutMs: 3_000 })
    expect(await isActive(agent)).toBe(true)
  })

  test('with it the late Write is refused', async () => {
    const agent = `late-${randomUUID()}`
    let late: (() => Promise<boolean>) | undefined
    const writer = await FencedWriter.open({
      store: {
        read: (object, relation, user) => store.read(object, relation, user),
        write: async (change, model, options) => {
          if (late) return store.write(change, model, options)
          late = () => store.write(change, model, options)
          return false
        },
      },
      journal: memoryJournal(),
      modelId: () => modelId,
      newId,
      clock: Date.now,
    })
    expect(await writer.write({ writes: [activeTuple(agent)], deletes: [] })).toBe(false)
    expect(await late?.()).toBe(false)
    expect(await isActive(agent)).toBe(false)
  })
})
