import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LruCache } from './lru-cache.ts'

test('the least recently used goes first', () => {
  const memory = new LruCache<number>(2)
  memory.set('a', 1)
  memory.set('b', 2)
  expect(memory.get('a')).toBe(1)
  memory.set('c', 3)
  expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, undefined, 3])
})

test('writing again is using, and takes no second place', () => {
  const memory = new LruCache<number>(2)
  memory.set('a', 1)
  memory.set('b', 2)
  memory.set('a', 3)
  memory.set('c', 4)
  expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([3, undefined, 4])
})

test('what is deleted is forgotten', () => {
  const memory = new LruCache<number>(2)
  memory.set('a', 1)
  memory.delete('a')
  memory.delete('never')
  expect(memory.get('a')).toBeUndefined()
})

test('any sequence of calls leaves what a list in the order of use leaves', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const call = fc.tuple(fc.constantFrom('get', 'set', 'delete'), key, fc.integer())
  fc.assert(
    fc.property(fc.array(call), (calls) => {
      const cache = new LruCache<number>(3)
      let inOrder: (readonly [string, number])[] = []
      for (const [kind, name, value] of calls) {
        const known = inOrder.find(([other]) => other === name)
        const rest = inOrder.filter((other) => other !== known)
        if (kind === 'get') expect(cache.get(name)).toBe(known?.[1])
        if (kind === 'set') cache.set(name, value)
        if (kind === 'delete') cache.delete(name)
        if (kind === 'set') inOrder = [...rest, [name, value] as const].slice(-3)
        else if (kind === 'delete') inOrder = rest
        else if (known) inOrder = [...rest, known]
      }
      for (const [name, value] of inOrder) expect(cache.get(name)).toBe(value)
    }),
  )
})
