import { leafHash, parseTilePath, rootOf, tilePath } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from './hash.ts'
import { EMPTY_TREE, grow, rootOfEdge, type TreeEdge } from './tree.ts'

const entriesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`))

/** Grows a tree in batches that end at these sizes, and keeps the files as a disk would. */
function grown(sizes: readonly number[]): { readonly edge: TreeEdge; readonly files: ReadonlyMap<string, Uint8Array> } {
  const entries = entriesOf(Math.max(0, ...sizes))
  const files = new Map<string, Uint8Array>()
  let edge = EMPTY_TREE
  for (const size of sizes) {
    const growth = grow(edge, entries.slice(edge.size, size))
    edge = growth.edge
    for (const [path, bytes] of growth.files) files.set(path, bytes)
    for (const path of files.keys()) if (growth.outgrown.some((gone) => path.startsWith(`${gone}/`))) files.delete(path)
  }
  return { edge, files }
}

test.each([0, 1, 2, 255, 256, 257, 511, 512, 600, 65_537])('the root of %i entries is that of RFC 6962', (size) => {
  const leaves = entriesOf(size).map((entry) => leafHash(sha256, entry))
  expect(Buffer.from(rootOfEdge(grown([size]).edge))).toEqual(Buffer.from(rootOf(sha256, leaves)))
})

test('the tree is the same however its entries came in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(700), { minLength: 1, maxLength: 6 }), (numbers) => {
      const sizes = numbers.toSorted((one, other) => one - other)
      const stepwise = grown(sizes)
      const atOnce = grown(sizes.slice(-1))
      expect(stepwise.edge).toEqual(atOnce.edge)
      for (const [path, bytes] of atOnce.files) expect(stepwise.files.get(path)).toEqual(bytes)
    }),
    { numRuns: 30 },
  )
})

test('every file of a tree is a tile of tlog-tiles, and none is empty', () => {
  const { files } = grown([300, 70_000])
  expect(files.size).toBeGreaterThan(0)
  for (const [path, bytes] of files) {
    const tile = parseTilePath(path)
    expect(tile && tilePath(tile)).toBe(path)
    expect(bytes.length).toBeGreaterThan(0)
  }
  expect([...files.keys()].filter((path) => path.includes('.p/')).sort()).toEqual([
    'tile/0/273.p/112',
    'tile/1/001.p/17',
    'tile/2/000.p/1',
    'tile/entries/273.p/112',
  ])
})
