import { expect, test } from 'vitest'
import type { Lane, Workload } from '../ports/workload.ts'
import { FairSlots, type SlotOptions } from './slots.ts'

/** Slots whose every question ends when the test says so. */
function slots(options: SlotOptions = {}) {
  let now = 0
  const fair = new FairSlots({
    asks: 2,
    asksOfOne: 1,
    bulk: 2,
    bulkBeside: 1,
    administration: 1,
    now: () => now,
    ...options,
  })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const take = (name: string, caller: string, lane: Lane, signal?: AbortSignal): Promise<void> => {
    const work: Workload = { caller, lane }
    return fair.take(work, signal).then((end) => {
      begun.push(name)
      ends.set(name, end)
    })
  }
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await settled()
  }
  const later = (ms: number): void => {
    now += ms
  }
  return { begun, take, end, later }
}
/** Every promise that can settle has. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('callers that wait take turns, however many questions one of them has', async () => {
  const { begun, take, end } = slots({ asks: 1 })
  for (const name of ['s1', 's2', 's3', 's4']) void take(name, 'sam', 'ask')
  void take('c1', 'carlo', 'ask')
  void take('p1', 'petra', 'ask')
  await settled()
  for (const name of ['s1', 's2', 'c1', 'p1', 's3']) await end(name)
  expect(begun).toEqual(['s1', 's2', 'c1', 'p1', 's3', 's4'])
})

test('one caller never has all slots', async () => {
  const { begun, take } = slots()
  for (const name of ['s1', 's2', 's3']) void take(name, 'sam', 'ask')
  void take('c1', 'carlo', 'ask')
  await settled()
  expect(begun).toEqual(['s1', 'c1'])
})

test('a change of authority begins while batches and questions wait', async () => {
  const { begun, take } = slots()
  for (const name of ['b1', 'b2', 'b3', 'b4']) void take(name, 'sam', 'bulk')
  for (const name of ['s1', 's2', 's3']) void take(name, 'sam', 'ask')
  void take('revocation', 'carlo', 'administer')
  await settled()
  expect(begun).toContain('revocation')
  expect(begun).not.toContain('b3')
})

test('a question begins while batches fill their lane, and the batches get fewer slots for as long as somebody asks', async () => {
  const { begun, take, end, later } = slots()
  for (const name of ['b1', 'b2', 'b3', 'b4', 'b5']) void take(name, 'sam', 'bulk')
  void take('c1', 'carlo', 'ask')
  await settled()
  expect(begun).toEqual(['b1', 'b2', 'c1'])
  await end('b1')
  expect(begun).toHaveLength(3)
  await end('b2')
  expect(begun.slice(3)).toEqual(['b3'])
  await end('c1')
  later(1_001)
  await end('b3')
  expect(begun.slice(4)).toEqual(['b4', 'b5'])
})

test("a caller's own questions do not slow its batches", async () => {
  const { begun, take } = slots()
  void take('s1', 'sam', 'ask')
  for (const name of ['b1', 'b2']) void take(name, 'sam', 'bulk')
  await settled()
  expect(begun).toEqual(['s1', 'b1', 'b2'])
})

test('who gives up waiting leaves the queue, and takes no slot from the next', async () => {
  const { begun, take, end } = slots({ asks: 1 })
  const hasty = new AbortController()
  void take('s1', 'sam', 'ask')
  const given = take('c1', 'carlo', 'ask', hasty.signal)
  void take('p1', 'petra', 'ask')
  hasty.abort(new Error('too late'))
  await expect(given).rejects.toThrow('too late')
  await end('s1')
  expect(begun).toEqual(['s1', 'p1'])
})
