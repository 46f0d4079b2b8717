import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHUNK_ENTRIES, encodePlaces, GrowingChunk, matchesIn, PlaceSet } from './index-chunk.ts'

const aPlace = fc.nat(CHUNK_ENTRIES - 1)
const ascending = (places: readonly number[]): number[] => [...new Set(places)].sort((one, other) => one - other)
const all = (set: PlaceSet): number[] => [...set.descending(CHUNK_ENTRIES)].reverse()
const stored = (places: readonly number[]): number[] => {
  const set = new PlaceSet(CHUNK_ENTRIES)
  set.keep([encodePlaces(places)])
  return all(set)
}

test('places come out as they were stored, few or many', () => {
  fc.assert(
    fc.property(fc.array(aPlace, { maxLength: 50 }), (numbers) => {
      expect(stored(ascending(numbers))).toEqual(ascending(numbers))
    }),
  )
  const odd = Array.from({ length: CHUNK_ENTRIES / 2 }, (_, at) => at * 2 + 1)
  for (const count of [1022, 1023, 1024, 1025, odd.length])
    expect(stored(odd.slice(0, count))).toEqual(odd.slice(0, count))
  expect(stored(odd.map((place) => place - 1))).toHaveLength(odd.length)
})

test('a set holds what both hold, counts it, and gives it newest first', () => {
  fc.assert(
    fc.property(fc.array(aPlace), fc.array(aPlace), aPlace, (one, other, before) => {
      const set = new PlaceSet(CHUNK_ENTRIES)
      set.keep([ascending(one)])
      set.keep([encodePlaces(ascending(other))])
      const both = ascending(one).filter((place) => other.includes(place))
      expect(set.count).toBe(both.length)
      expect([...set.descending(before)]).toEqual(both.filter((place) => place < before).reverse())
    }),
  )
})

test.each([0, 1, 31, 32, 33, 16_383, 16_384])('the first %i places are so many', (size) => {
  expect(new PlaceSet(size).count).toBe(size)
})

test('times bound a chunk: from is included, to is not, and out of order is fine', () => {
  const chunk = new GrowingChunk(0)
  for (const at of [10, 30, 20, 40]) chunk.add(at, [])
  const found = (from?: number, to?: number): number[] => {
    const matches = matchesIn(chunk, [], from, to)
    return matches ? all(matches) : []
  }
  expect(found()).toEqual([0, 1, 2, 3])
  expect(found(20, 40)).toEqual([1, 2])
  expect(found(41)).toEqual([])
  expect(found(undefined, 10)).toEqual([])
})
