/**
 * C2SP tlog-tiles: where the hashes and entries of a tree stand, and how they are laid out. Pure.
 *
 * @see {@link https://c2sp.org/tlog-tiles tlog-tiles}
 * @module
 */
import { HASH_BYTES, rootOf, type Sha256, type TreeNode } from './merkle.ts'

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
const MAX_LEVEL = 63
const MAX_PREFIXED_BYTES = 65_535
const PREFIX_BYTES = 2

/** A tile of hashes (`level` 0–63) or a bundle of entries. `width` 1–256; below 256 it is partial. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** Path below the log's prefix: `tile/0/x001/x234/067`, `tile/entries/000.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  let digits = String(index)
  digits = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = digits.match(/\d{3}/g) ?? []
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${number}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

const TILE_PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/u

/** The tile that a path names, or `undefined` for a path that tlog-tiles does not allow. */
export function parseTilePath(path: string): Tile | undefined {
  const [, levelText, number, widthText] = TILE_PATH.exec(path) ?? []
  if (levelText === undefined || number === undefined) return undefined
  const index = Number(number.replaceAll(/[x/]/g, ''))
  const tile: Tile = {
    level: levelText === 'entries' ? 'entries' : Number(levelText),
    index,
    width: widthText === undefined ? TILE_WIDTH : Number(widthText),
  }
  const fits = (tile.level === 'entries' || tile.level <= MAX_LEVEL) && Number.isSafeInteger(index)
  return fits && tilePath(tile) === path ? tile : undefined
}

/** How many hashes stand at a level of tiles in a tree of `size` entries: `floor(size / 256**level)`. */
export function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** How wide tile `index` of a level is in a tree of `size` entries: 0 (not there) to 256 (full). */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const hashes = hashesAtLevel(level === 'entries' ? 0 : level, size)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH))
}

/** The rightmost partial tile of each level that a tree of `size` entries has one of, lowest level first. */
export function partialTiles(size: number): readonly (Tile & { readonly level: number })[] {
  const tiles: (Tile & { readonly level: number })[] = []
  for (let level = 0; hashesAtLevel(level, size) > 0; level += 1) {
    const hashes = hashesAtLevel(level, size)
    const width = hashes % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: (hashes - width) / TILE_WIDTH, width })
  }
  return tiles
}

/** Splits a tile into its hashes, which are views into it. `undefined` unless it is exactly `width` hashes long. */
export function decodeTile(bytes: Uint8Array, width: number): readonly Uint8Array[] | undefined {
  if (bytes.length !== width * HASH_BYTES) return undefined
  const hashes: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES))
  return hashes
}

export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES)
  for (const [at, hash] of hashes.entries()) bytes.set(hash, at * HASH_BYTES)
  return bytes
}

/** Which hashes of which tile make up a complete subtree. */
export interface TileSlice {
  readonly level: number
  readonly index: number
  /** First hash in the tile, and how many: a power of two up to 128. */
  readonly start: number
  readonly count: number
}

/** Where the hash of a complete subtree is to be had: {@link nodeFromTile} of these hashes. */
export function tileSliceOf({ level, index }: TreeNode): TileSlice {
  const count = 2 ** (level % TILE_HEIGHT)
  const first = index * count
  const tile = Math.floor(first / TILE_WIDTH)
  return { level: Math.floor(level / TILE_HEIGHT), index: tile, start: first - tile * TILE_WIDTH, count }
}

/** The hash of a complete subtree, from the hashes of its tile. */
export function nodeFromTile(sha256: Sha256, hashes: readonly Uint8Array[], { start, count }: TileSlice): Uint8Array {
  return rootOf(sha256, hashes.slice(start, start + count))
}

/**
 * Lays entries out one after another, each behind its length in two bytes, big-endian.
 *
 * @throws RangeError for an entry above 65,535 bytes.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const entry of entries) length += PREFIX_BYTES + entry.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    if (entry.length > MAX_PREFIXED_BYTES) throw new RangeError(`an entry of ${entry.length} bytes fits no bundle`)
    bytes[at] = entry.length >> 8
    bytes[at + 1] = entry.length & 0xff
    bytes.set(entry, at + PREFIX_BYTES)
    at += PREFIX_BYTES + entry.length
  }
  return bytes
}

/** What could be read of a bundle. `rest` bytes at its end are no whole entry: 0 for a sound bundle. */
export interface DecodedBundle {
  readonly entries: readonly Uint8Array[]
  readonly rest: number
}

/** Splits a bundle into its entries, which are views into it. Never throws: damage is what an auditor looks for. */
export function decodeBundle(bytes: Uint8Array): DecodedBundle {
  const entries: Uint8Array[] = []
  let at = 0
  while (at + PREFIX_BYTES <= bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    const end = at + PREFIX_BYTES + length
    if (end > bytes.length) break
    entries.push(bytes.subarray(at + PREFIX_BYTES, end))
    at = end
  }
  return { entries, rest: bytes.length - at }
}
