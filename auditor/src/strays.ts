/**
 * Files under `tile/` beside those that the checkpoint's tree consists of: partial tiles of earlier checkpoints, tiles on their way to the
 * next one, and what does not belong there.
 *
 * @module
 */
import { join } from 'node:path'
import {
  decodeBundle,
  decodeTile,
  equalBytes,
  HASH_BYTES,
  leafHash,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  tileWidth,
} from '@mandate/protocol'
import { readIfThere, readTile, sha256, tileFiles } from './directory.ts'
import { idIn, textOf } from './entry-text.ts'
import type { Finding } from './tree.ts'

/** What strays are held against. */
export interface Grounds {
  readonly directory: string
  /** Of the tree that was verified, its tiles included. */
  readonly size: number
  /** Of the newest checkpoint: the writer may have published meanwhile. */
  readonly published: number
  /** Leaf hash of an entry at or above `published`, from the journal. */
  readonly pending: (index: number) => Uint8Array | undefined
}

/** The files that are not of the tree of `size` entries. */
export async function strayFiles(directory: string, size: number): Promise<readonly string[]> {
  const strays: string[] = []
  for await (const path of tileFiles(directory)) {
    const tile = parseTilePath(path)
    if (!tile || tile.width !== tileWidth(tile.level, tile.index, size)) strays.push(path)
  }
  return strays
}

/** What is wrong with stray files. Earlier partial tiles must be the beginning of what has become of them. */
export async function judgeStrays(paths: readonly string[], grounds: Grounds): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const path of paths) {
    const tile = parseTilePath(path)
    const bytes = tile && (await readIfThere(join(grounds.directory, path)))
    if (!tile) findings.push({ index: undefined, id: undefined, problem: `${path} does not belong there` })
    else if (bytes) findings.push(...(await judgeStray(path, tile, bytes, grounds)))
  }
  return findings
}

async function judgeStray(path: string, tile: Tile, bytes: Uint8Array, grounds: Grounds): Promise<readonly Finding[]> {
  const entries = tile.level === 'entries' ? decodeBundle(bytes) : undefined
  const hashes = entries ? entries.entries.map((entry) => leafHash(sha256, entry)) : decodeTile(bytes, tile.width)
  const span = tile.level === 'entries' ? 1 : TILE_WIDTH ** tile.level
  const first = tile.index * TILE_WIDTH * span
  if (!hashes || hashes.length !== tile.width || entries?.rest) {
    return [{ index: first, id: undefined, problem: `${path} is not ${tile.width} wide` }]
  }
  const level = tile.level === 'entries' ? 0 : tile.level
  const good = await goodHashes(level, tile.index, grounds)
  for (const [at, hash] of hashes.entries()) {
    const index = first + at * span
    const expected = good[at] ?? (level === 0 ? grounds.pending(index) : undefined)
    const isUnknown = index + span > grounds.size && (index < grounds.published || (level > 0 && !expected))
    if (expected ? equalBytes(expected, hash) : isUnknown) continue
    const problem = expected
      ? `${path} is damaged: it differs from the tree`
      : `${path} holds entries that neither checkpoint nor journal account for: the checkpoint is older than the tiles`
    const entry = entries?.entries[at]
    return [{ index, id: entry && idIn(textOf(entry)), problem }]
  }
  return []
}

/** The hashes of a tile of the verified tree. */
async function goodHashes(level: number, index: number, { directory, size }: Grounds): Promise<readonly Uint8Array[]> {
  const width = tileWidth(level, index, size)
  const bytes = width > 0 ? await readTile(directory, level, index, size) : undefined
  return (bytes && decodeTile(bytes.subarray(0, width * HASH_BYTES), width)) ?? []
}
