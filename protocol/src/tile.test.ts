import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leafHash, rootOf } from './merkle.ts'
import {
  decodeBundle,
  decodeTile,
  encodeBundle,
  encodeTile,
  hashesAtLevel,
  nodeFromTile,
  parseTilePath,
  partialTiles,
  TILE_WIDTH,
  tilePath,
  tileSliceOf,
  tileWidth,
} from './tile.ts'

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()

test.each([
  [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
  [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
  [{ level: 0, index: 273, width: 112 }, 'tile/0/273.p/112'],
  [{ level: 63, index: 999, width: 1 }, 'tile/63/999.p/1'],
  [{ level: 'entries', index: 1000, width: 255 }, 'tile/entries/x001/000.p/255'],
] as const)('%o stands at %s', (tile, path) => {
  expect(tilePath(tile)).toBe(path)
  expect(parseTilePath(path)).toEqual(tile)
})

test.each([
  'tile/64/000',
  'tile/00/000',
  'tile/0/0',
  'tile/0/x000/001',
  'tile/0/1000',
  'tile/0/x001/x02/003',
  'tile/0/000.p/0',
  'tile/0/000.p/256',
  'tile/0/000.p/01',
  'tile/-1/000',
  'tile/0/000/',
  'tile/../000',
  'checkpoint',
])('%s is no path of a tile', (path) => {
  expect(parseTilePath(path)).toBeUndefined()
})

test('a tree of 70,000 entries has the tiles that the specification counts', () => {
  expect(hashesAtLevel(0, 70_000)).toBe(273 * TILE_WIDTH + 112)
  expect(partialTiles(70_000)).toEqual([
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ])
  expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }])
  expect(partialTiles(0)).toEqual([])
})

test('a tile is as wide as the tree fills it', () => {
  expect([0, 272, 273, 274].map((index) => tileWidth(0, index, 70_000))).toEqual([256, 256, 112, 0])
  expect(tileWidth('entries', 273, 70_000)).toBe(112)
})

test('hashes come out of a tile as they went in', () => {
  const hashes = [sha256(Buffer.from('a')), sha256(Buffer.from('b'))]
  expect(decodeTile(encodeTile(hashes), 2)?.map((hash) => Buffer.from(hash))).toEqual(hashes)
  expect(decodeTile(encodeTile(hashes), 3)).toBeUndefined()
})

test('entries come out of a bundle as they went in, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
      const { entries: read, rest } = decodeBundle(encodeBundle(entries))
      expect(read.map((entry) => [...entry])).toEqual(entries.map((entry) => [...entry]))
      expect(rest).toBe(0)
    }),
  )
})

test('a bundle takes 65,535 bytes and no more', () => {
  expect(decodeBundle(encodeBundle([new Uint8Array(65_535)])).entries[0]?.length).toBe(65_535)
  expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError)
})

test('a bundle that is cut short says how much of it is no entry', () => {
  const bundle = encodeBundle([Buffer.from('first'), Buffer.from('second')])
  expect(decodeBundle(bundle.subarray(0, -1))).toMatchObject({ rest: 7 })
})

test('the hash of any complete subtree is had from its tile', () => {
  const leaves = Array.from({ length: 600 }, (_, at) => leafHash(sha256, Buffer.from(`entry ${at}`)))
  const read = (level: number, index: number): Uint8Array => {
    const slice = tileSliceOf({ level, index })
    const span = TILE_WIDTH ** slice.level
    const tile = Array.from({ length: TILE_WIDTH }, (_, at) => {
      const begin = (slice.index * TILE_WIDTH + at) * span
      return rootOf(sha256, leaves.slice(begin, begin + span))
    })
    return nodeFromTile(sha256, tile, slice)
  }
  for (const [level, index] of [
    [0, 599],
    [3, 70],
    [7, 3],
    [8, 1],
    [9, 0],
  ] as const) {
    const width = 2 ** level
    expect(read(level, index)).toEqual(rootOf(sha256, leaves.slice(index * width, (index + 1) * width)))
  }
})
