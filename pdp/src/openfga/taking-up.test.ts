import { expect, test } from 'vitest'
import type { ChangeJournal, OpenChange } from '../ports/stores.ts'
import { FencedWriter } from './writer.ts'

const TUPLE = { user: 'user:a', relation: 'owner', object: 'deed:1' }

test('a Write that is answered while changes are taken up is not in doubt', async () => {
  const rows = new Map<string, OpenChange>()
  const read = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const sent = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<boolean>()
  const journal: ChangeJournal = {
    isShared: false,
    begin: async (change) => void rows.set(change.id, change),
    beginUnrecorded: () => undefined,
    decided: async (id) => void rows.delete(id),
    takeUndecided: async () => {
      const found = [...rows.values()]
      if (found.length > 0) {
        read.resolve()
        await answered.promise
      }
      return found
    },
    takeOrphans: async () => [],
    decidedBefore: async () => [],
    forget: async () => {},
  }
  const store = {
    write: () => {
      sent.resolve()
      return answer.promise
    },
    read: async () => [],
  }
  const writer = await FencedWriter.open({ store, journal, modelId: () => 'm', newId: () => 'c1', clock: () => 1 })
  const written = writer.write({ writes: [TUPLE], deletes: [] })
  await sent.promise
  // Reads the change while it is under way.
  const decided = writer.decideAll(() => {})
  await read.promise
  answer.resolve(true)
  expect(await written).toBe(true)
  answered.resolve()
  await Promise.resolve()
  const doubts: boolean[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    doubts.push(writer.isInDoubt(TUPLE))
    await Promise.resolve()
  }
  expect(doubts).not.toContain(true)
  expect(await decided).toBe(0)
})

test('an outcome that a shared journal could not record is recorded by the next decideAll, once', async () => {
  const recorded: string[] = []
  let isThere = false
  const journal: ChangeJournal = {
    isShared: true,
    begin: async () => undefined,
    beginUnrecorded: () => undefined,
    decided: async (id) => {
      if (!isThere) throw new Error('the database does not answer')
      recorded.push(id)
    },
    // The database failed over, and lost the change.
    takeUndecided: async () => [],
    takeOrphans: async () => [],
    decidedBefore: async () => [],
    forget: async () => {},
  }
  const store = { write: async () => true, read: async () => [] }
  const writer = await FencedWriter.open({ store, journal, modelId: () => 'm', newId: () => 'c1', clock: () => 1 })
  let doubts = 0
  writer.whenInDoubt(() => {
    doubts += 1
  })
  expect(await writer.write({ writes: [TUPLE], deletes: [] })).toBe(true)
  expect([doubts, await writer.decideAll(() => undefined)]).toEqual([1, 1])
  isThere = true
  expect([await writer.decideAll(() => undefined), await writer.decideAll(() => undefined)]).toEqual([0, 0])
  expect(recorded).toEqual(['c1'])
})
