import { describe, expect, it } from 'vitest'
import { ForeignChanges } from './foreign-changes.ts'
import type { StoredChange } from './store.ts'

const START = 1_000_000

const tuple = (object: string, at: string, relation = 'active'): StoredChange => ({
  key: { user: object, relation, object },
  at,
})
const marker = (id: string, at: string): StoredChange => tuple(`change:${id}`, at, 'applied')

/** Reads are scripted: each is a list of pages, or fails where there is none. */
function looking(...reads: (readonly (readonly StoredChange[])[])[]) {
  const seen = {
    since: [] as number[],
    found: [] as string[],
    announced: [] as string[],
    forgotten: 0,
    faults: 0,
    isStoreDown: false,
  }
  let now = START
  const foreign = new ForeignChanges({
    read: async function* (since) {
      seen.since.push(since - START)
      const pages = reads.shift()
      if (!pages) throw new Error('OpenFGA is away')
      yield* pages
    },
    journal: {
      begin: async ({ keys }) => {
        if (seen.isStoreDown) throw new Error('the database is away')
        seen.announced.push(...keys.map(({ object }) => object))
      },
      decided: async (id) => void seen.announced.push(id),
    },
    forgetAll: () => {
      seen.forgotten += 1
    },
    newId: () => 'end',
    clock: () => now,
    onFound: (changes) => seen.found.push(...changes.map(({ key }) => key.object)),
    onFault: () => {
      seen.faults += 1
    },
  })
  return { foreign, seen, advance: (ms: number) => (now += ms) }
}

describe('ForeignChanges', () => {
  it('finds a change without a marker of its Write, announces it, and reports it once', async () => {
    const pages = [[tuple('agent:own', '1'), marker('m', '1'), tuple('agent:foreign', '2')]]
    const { foreign, seen } = looking(pages, pages, pages)
    await foreign.look()
    await foreign.look()
    expect(seen.found).toEqual(['agent:foreign'])
    expect(seen.announced).toEqual(['agent:foreign', 'end'])
  })

  it('finds a second change of a tuple that it reported or a PDP wrote', async () => {
    const first = [tuple('agent:a', '1'), marker('m', '1'), tuple('agent:a', '2')]
    const both = [...first, tuple('agent:a', '3')]
    const { foreign, seen } = looking([first], [first], [both], [both])
    await foreign.look()
    await foreign.look()
    expect(seen.found).toEqual(['agent:a', 'agent:a'])
  })

  it('does not report a Write that it read in part, without its marker', async () => {
    const whole = [tuple('agent:a', '1'), marker('m', '1'), tuple('agent:b', '1')]
    const { foreign, seen } = looking([[tuple('agent:b', '1')]], [whole], [whole])
    await foreign.look()
    await foreign.look()
    expect(seen.found).toEqual([])
    expect(seen.since).toEqual([-10_000, -11_000, -10_000])
  })

  it('knows a Write by its marker on another page, before or after', async () => {
    const pages = [[tuple('agent:a', '1')], [marker('m', '1')], [tuple('agent:b', '1')]]
    const { foreign, seen } = looking(pages)
    await foreign.look()
    expect(seen.found).toEqual([])
  })

  it('ignores withdrawals, deletions of markers and claims', async () => {
    const { foreign, seen } = looking([
      [tuple('change:m', '1', 'withdrawn'), tuple('change:m', '2', 'applied'), tuple('mandate_pdp:store', '3')],
    ])
    await foreign.look()
    expect(seen.found).toEqual([])
  })

  it('looks again at the time of passes that failed', async () => {
    const { foreign, seen, advance } = looking([])
    await foreign.look()
    advance(60_000)
    await expect(foreign.look()).rejects.toThrow('away')
    advance(60_000)
    await expect(foreign.look()).rejects.toThrow('away')
    expect(seen.since).toEqual([-10_000, -10_000, -10_000])
  })

  it('moves on by what a pass covered, and leaves no gap when the clock goes back', async () => {
    const { foreign, seen, advance } = looking([], [], [])
    await foreign.look()
    advance(60_000)
    await foreign.look()
    advance(-90_000)
    await foreign.look()
    expect(seen.since).toEqual([-10_000, -10_000, -40_000])
  })

  it('drops all memory where the change cannot be announced, and reports it', async () => {
    const pages = [[tuple('agent:a', '1')]]
    const { foreign, seen } = looking(pages, pages)
    seen.isStoreDown = true
    await foreign.look()
    expect(seen).toMatchObject({ found: ['agent:a'], forgotten: 1 })
  })

  it('drops all memory where a whole store was restored, and stops reading', async () => {
    const page = (n: number) => Array.from({ length: 100 }, (_, i) => tuple(`agent:a${n}-${i}`, `${n}`))
    const pages = Array.from({ length: 200 }, (_, n) => page(n))
    const { foreign, seen } = looking(pages, pages)
    await foreign.look()
    expect(seen.found).toHaveLength(10_000)
    expect(seen.announced).toEqual([])
    expect(seen.forgotten).toBeGreaterThan(0)
  })
})
