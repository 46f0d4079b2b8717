import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CallerQueues } from './caller-queues.ts'

const filled = (items: readonly string[], weightOf?: (caller: string) => number): CallerQueues<string> => {
  const queues = new CallerQueues<string>(weightOf)
  for (const item of items) queues.push(item.slice(0, 1), item)
  return queues
}

const drained = (queues: CallerQueues<string>): readonly string[] => {
  const taken: string[] = []
  for (let next = queues.take(); next; next = queues.take()) taken.push(next.item)
  return taken
}

test('callers take turns, each with its oldest item', () => {
  expect(drained(filled(['a1', 'a2', 'a3', 'b1', 'c1', 'c2']))).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
})

test('a caller of weight two has two items in its turn', () => {
  const weightOf = (caller: string): number => (caller === 'a' ? 2 : 1)
  expect(drained(filled(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'], weightOf))).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'b3'])
})

test('a caller that may not be served now keeps its place', () => {
  const queues = filled(['a1', 'b1', 'b2'])
  expect(queues.take((caller) => caller !== 'a')?.item).toBe('b1')
  expect(queues.take()?.item).toBe('a1')
})

test('what makes place is the newest of the caller with the most', () => {
  const queues = filled(['a1', 'b1', 'b2', 'b3', 'c1'])
  expect(queues.dropFromLongest()).toEqual({ caller: 'b', item: 'b3' })
  expect([queues.size, queues.sizeOf('b')]).toEqual([4, 2])
})

test('an item that has gone is not served', () => {
  const queues = filled(['a1', 'b1'])
  expect([queues.delete('a', 'a1'), queues.delete('a', 'a1'), queues.delete('z', 'z1')]).toEqual([true, false, false])
  expect(drained(queues)).toEqual(['b1'])
  expect(queues.dropFromLongest()).toBeUndefined()
})

test('every item is served once, and nobody waits for more than one item of each other caller', () => {
  const manyCallers = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 })
  fc.assert(
    fc.property(manyCallers, (callers) => {
      const items = callers.map((caller, at) => `${caller}${at}`)
      const taken = drained(filled(items))
      expect(taken.toSorted()).toEqual(items.toSorted())
      const lastOf = new Map<string, number>()
      for (const [at, item] of taken.entries()) {
        const caller = item.slice(0, 1)
        const since = taken.slice((lastOf.get(caller) ?? -1) + 1, at)
        expect(new Set(since.map((one) => one.slice(0, 1))).size).toBe(since.length)
        lastOf.set(caller, at)
      }
    }),
  )
})
