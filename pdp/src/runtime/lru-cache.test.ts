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
