import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RequestStatistics } from '../ports/request-statistics.ts'
import { isTouchedBy, queryText, type TupleQuery } from '../tuples/source.ts'
import type { Tuple } from '../tuples/tuples.ts'
import { MemoryView } from './memory-view.ts'
import { TupleMemory } from './tuple-memory.ts'

const name = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('a:b', 'a', '', '#', '","', 'via'))
const query: fc.Arbitrary<TupleQuery> = fc.oneof(
  fc.record({ kind: fc.constant('object'), object: name }),
  fc.record({ kind: fc.constant('relation'), object: name, relation: name }),
  fc.record({ kind: fc.constant('pair'), object: name, relation: name, user: name }),
  fc.record({ kind: fc.constant('reverse'), user: name, type: name, relation: name }),
) as fc.Arbitrary<TupleQuery>

test('queries of equal text are equal, whatever the names contain', () => {
  fc.assert(
    fc.property(query, query, (a, b) => {
      if (queryText(a) === queryText(b)) expect(a).toEqual(b)
    }),
    { numRuns: 2_000 },
  )
})

const tuple = (object: string, user: string, relation = 'reader'): Tuple => ({ object, relation, user })

function createMemory(
  tuples: readonly Tuple[],
  bounds: { readonly maxBytes?: number; readonly maxTuples?: number } = {},
) {
  const reads: TupleQuery[] = []
  let stamp = 0
  const memory = new TupleMemory({
    source: {
      readTuples: async (asked, most) => {
        reads.push(asked)
        const found = tuples.filter((one) => isTouchedBy(asked, one))
        return found.length > most ? undefined : found
      },
    },
    stamp: () => {
      stamp += 1
      return stamp
    },
    maxBytes: 1_000_000,
    ...bounds,
  })
  const statistics = new RequestStatistics()
  const view = new MemoryView(memory, statistics)
  /** Looks for a tuple, and fills what that takes. */
  const look = async (object: string, relation: string, user: string): Promise<Tuple | undefined> => {
    for (;;) {
      const found = view.tuple(object, relation, user)
      if (!found || !('kind' in found)) return found
      await memory.fill([view.queryFor(found)], statistics)
    }
  }
  return { memory, reads, view, look, statistics }
}

describe('what memory holds', () => {
  test('an object is read once, absence included', async () => {
    const { reads, look } = createMemory([tuple('doc:1', 'user:a')])
    expect(await look('doc:1', 'reader', 'user:a')).toBeDefined()
    expect(await look('doc:1', 'writer', 'user:a')).toBeUndefined()
    expect(await look('doc:1', 'reader', 'user:b')).toBeUndefined()
    expect(await look('doc:2', 'reader', 'user:a')).toBeUndefined()
    expect(await look('doc:2', 'reader', 'user:b')).toBeUndefined()
    expect(reads).toHaveLength(2)
  })

  test('the end of a change that was never announced here drops everything: a failover lost the announcement, and its keys', async () => {
    const { memory, reads, look } = createMemory([tuple('doc:1', 'user:a')])
    await look('doc:1', 'reader', 'user:a')
    memory.apply({ kind: 'close', seq: 1, token: '', change: 'lost' })
    expect(memory.entries).toBe(0)
    await look('doc:1', 'reader', 'user:a')
    expect(reads).toHaveLength(2)
  })

  test('a hub is asked by pair, its other relations are held whole, and a change of one pair leaves the others', async () => {
    const readers = Array.from({ length: 6 }, (_, index) => tuple('doc:1', `user:${index}`))
    const { memory, reads, view, look } = createMemory([...readers, tuple('doc:1', 'doc:0', 'parent')], {
      maxTuples: 5,
    })
    expect(await look('doc:1', 'reader', 'user:3')).toEqual(readers[3])
    expect(await look('doc:1', 'reader', 'user:x')).toBeUndefined()
    expect(view.all('doc:1', 'reader')).toBe('too many')
    expect(await look('doc:1', 'parent', 'doc:0')).toBeDefined()
    expect(reads.map(({ kind }) => kind)).toEqual(['object', 'relation', 'pair', 'pair', 'relation'])
    memory.apply({ kind: 'open', seq: 1, token: '', change: 'c', keys: [tuple('doc:1', 'user:3')] })
    memory.apply({ kind: 'close', seq: 2, token: '', change: 'c' })
    expect(await look('doc:1', 'reader', 'user:x')).toBeUndefined()
    expect(reads).toHaveLength(5)
    expect(await look('doc:1', 'reader', 'user:3')).toEqual(readers[3])
    expect(reads).toHaveLength(6)
  })

  test('beyond its bound, what was used longest ago goes first, and a decision that used it is told', async () => {
    const { memory, reads, look, statistics } = createMemory([], { maxBytes: 2_000 })
    for (const object of ['doc:1', 'doc:2', 'doc:3']) await look(object, 'reader', 'user:a')
    await look('doc:1', 'reader', 'user:a')
    expect(statistics.used.every(({ isCurrent }) => isCurrent)).toBe(true)
    await look('doc:4', 'reader', 'user:a')
    expect(statistics.used.map(({ isCurrent }) => isCurrent)).toEqual([true, false, true, true])
    expect(memory.counts.evictions).toBe(1)
    expect(memory.bytes).toBeLessThanOrEqual(2_000)
    await look('doc:1', 'reader', 'user:a')
    expect(reads).toHaveLength(4)
  })

  test('a pending tuple is not filled, and what has been pending for long is not waited for', async () => {
    const { memory, reads, statistics } = createMemory([])
    memory.apply({ kind: 'open', seq: 1, token: '', change: 'c', keys: [tuple('doc:1', 'user:3')] })
    const of = { kind: 'object', object: 'doc:1' } as const
    expect(await memory.fill([of], statistics)).toBe(false)
    expect(await memory.fill([of], statistics)).toBe(false)
    expect(reads).toHaveLength(0)
    memory.apply({ kind: 'close', seq: 2, token: '', change: 'c' })
    expect(await memory.fill([of], statistics)).toBe(true)
    expect(memory.object('doc:1')?.tuples).toEqual([])
  })
})
