/**
 * C2SP tlog-tiles: paths and encoding of a tree's hash tiles and entry bundles. Pure.
 *
 * @see {@link https://c2sp.org/tlog-tiles tlog-tiles}
 * @module
 */
import { HASH_BYTES, rootOf, type Sha256, type TreeNode } from './merkle.ts'

/** Number of hashes in a full tile, and of entries in a full bundle. */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
const MAX_LEVEL = 63
const MAX_PREFIXED_BYTES = 65_535
const PREFIX_BYTES = 2

/** A hash tile (`level` 0–63) or an entry bundle. `width`: number of hashes or entries, 1–256; a tile with less than 256 is partial. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** Path of a tile below the log's prefix: `tile/0/x001/x234/067`, `tile/entries/000.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  let digits = String(index)
  digits = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = digits.match(/\d{3}/g) ?? []
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${number}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

const TILE_PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/u

/** Parses a tile's path. `undefined` for a path that tlog-tiles does not allow; never throws. */
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

/** Number of hashes in all tiles of a level, in a tree of `size` entries: `floor(size / 256**level)`. */
export function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** Width of tile `index` of a level, in a tree of `size` entries: 0 (no such tile) to 256 (full). */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const hashes = hashesAtLevel(level === 'entries' ? 0 : level, size)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH))
}

/** The partial tiles of a tree of `size` entries, at most one per level, lowest level first. */
export function partialTiles(size: number): readonly (Tile & { readonly level: number })[] {
  const tiles: (Tile & { readonly level: number })[] = []
  for (let level = 0; hashesAtLevel(level, size) > 0; level += 1) {
    const hashes = hashesAtLevel(level, size)
    const width = hashes % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: (hashes - width) / TILE_WIDTH, width })
  }
  return tiles
}

/** Splits a tile into its hashes, as views of `bytes`. `undefined` unless the tile has exactly `width` hashes. */
export function decodeTile(bytes: Uint8Array, width: number): readonly Uint8Array[] | undefined {
  if (bytes.length !== width * HASH_BYTES) return undefined
  const hashes: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES))
  return hashes
}

/** Encodes a tile: its 32-byte hashes, concatenated. */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES)
  for (const [at, hash] of hashes.entries()) bytes.set(hash, at * HASH_BYTES)
  return bytes
}

/** The hashes of a tile that a complete subtree is computed from. */
export interface TileSlice {
  readonly level: number
  readonly index: number
  /** Position in the tile of the first hash. */
  readonly start: number
  /** Number of hashes: a power of two up to 128. */
  readonly count: number
}

/** Finds the tile and the hashes in it from which {@link nodeFromTile} computes a complete subtree's hash. */
export function tileSliceOf({ level, index }: TreeNode): TileSlice {
  const count = 2 ** (level % TILE_HEIGHT)
  const first = index * count
  const tile = Math.floor(first / TILE_WIDTH)
  return { level: Math.floor(level / TILE_HEIGHT), index: tile, start: first - tile * TILE_WIDTH, count }
}

/** Computes the hash of a complete subtree from the hashes of its tile. */
export function nodeFromTile(sha256: Sha256, hashes: readonly Uint8Array[], { start, count }: TileSlice): Uint8Array {
  return rootOf(sha256, hashes.slice(start, start + count))
}

/**
 * Encodes an entry bundle: each entry after its length as 16 bits, big-endian.
 *
 * @param entries - Canonical JSON bytes, at most {@link TILE_WIDTH} entries.
 * @throws RangeError for an entry above 65,535 bytes.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bundleLength(entries))
  writeBundle(entries, bytes, 0)
  return bytes
}

/** Size of a bundle of these entries, in bytes. */
export function bundleLength(entries: readonly Uint8Array[]): number {
  let length = 0
  for (const entry of entries) length += PREFIX_BYTES + entry.length
  return length
}

/** Writes a bundle into `target` from `offset` on, so that what contains it is encoded without a copy. Throws as {@link encodeBundle} does. */
export function writeBundle(entries: readonly Uint8Array[], target: Uint8Array, offset: number): void {
  let at = offset
  for (const entry of entries) {
    if (entry.length > MAX_PREFIXED_BYTES)
      throw new RangeError(`an entry of ${entry.length} bytes is too large for a bundle`)
    target[at] = entry.length >> 8
    target[at + 1] = entry.length & 0xff
    target.set(entry, at + PREFIX_BYTES)
    at += PREFIX_BYTES + entry.length
  }
}

/** A decoded bundle. `rest`: number of bytes at the end that are not a complete entry; 0 in an intact bundle. */
export interface DecodedBundle {
  readonly entries: readonly Uint8Array[]
  readonly rest: number
}

/** Splits a bundle into its entries, as views of `bytes`. Never throws: a damaged bundle is reported in `rest`. */
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
