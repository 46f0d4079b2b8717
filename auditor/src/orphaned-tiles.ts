/**
 * Orphaned tiles: files under `tile/` that are not part of the checkpoint's tree. Allowed are partial tiles of earlier checkpoints, and tiles of the next
 * checkpoint that the writer has not published yet; anything else is a finding.
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
import { decodeText, findId } from './entry-text.ts'
import { readFileIfExists, readTile, sha256, tileFiles } from './log-directory.ts'
import type { Finding } from './tree-check.ts'

/** The verified log that orphaned tiles are compared with. */
export interface TreeReference {
  readonly directory: string
  /** Size of the verified tree. */
  readonly size: number
  /** Size of the newest checkpoint, which the writer may have published during the verification. */
  readonly published: number
  /** Leaf hash of an entry at or above `published`, from the journal. */
  readonly pending: (index: number) => Uint8Array | undefined
}

/** Lists the files that are not part of the tree of `size` entries, by path below the log's directory. */
export async function findOrphanedTiles(directory: string, size: number): Promise<readonly string[]> {
  const orphans: string[] = []
  for await (const path of tileFiles(directory)) {
    const tile = parseTilePath(path)
    if (!tile || tile.width !== tileWidth(tile.level, tile.index, size)) orphans.push(path)
  }
  return orphans
}

/** Checks orphaned tiles. An earlier partial tile must be a prefix of the tile that replaced it. */
export async function checkOrphanedTiles(
  paths: readonly string[],
  reference: TreeReference,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const path of paths) {
    const tile = parseTilePath(path)
    const bytes = tile && (await readFileIfExists(join(reference.directory, path)))
    if (!tile) findings.push({ index: undefined, id: undefined, problem: `${path} does not belong there` })
    else if (bytes) findings.push(...(await checkOrphanedTile(path, tile, bytes, reference)))
  }
  return findings
}

async function checkOrphanedTile(
  path: string,
  tile: Tile,
  bytes: Uint8Array,
  reference: TreeReference,
): Promise<readonly Finding[]> {
  const entries = tile.level === 'entries' ? decodeBundle(bytes) : undefined
  const hashes = entries ? entries.entries.map((entry) => leafHash(sha256, entry)) : decodeTile(bytes, tile.width)
  const span = tile.level === 'entries' ? 1 : TILE_WIDTH ** tile.level
  const first = tile.index * TILE_WIDTH * span
  if (!hashes || hashes.length !== tile.width || entries?.rest) {
    return [{ index: first, id: undefined, problem: `${path} is not ${tile.width} wide` }]
  }
  const level = tile.level === 'entries' ? 0 : tile.level
  const good = await verifiedHashes(level, tile.index, reference)
  for (const [at, hash] of hashes.entries()) {
    const index = first + at * span
    const expected = good[at] ?? (level === 0 ? reference.pending(index) : undefined)
    const isUnknown = index + span > reference.size && (index < reference.published || (level > 0 && !expected))
    if (expected ? equalBytes(expected, hash) : isUnknown) continue
    const problem = expected
      ? `${path} is damaged: it differs from the tree`
      : `${path} holds entries that neither checkpoint nor journal account for: the checkpoint is older than the tiles`
    const entry = entries?.entries[at]
    return [{ index, id: entry && findId(decodeText(entry)), problem }]
  }
  return []
}

/** The hashes of a tile in the verified tree; empty when the tree has no such tile. */
async function verifiedHashes(
  level: number,
  index: number,
  { directory, size }: TreeReference,
): Promise<readonly Uint8Array[]> {
  const width = tileWidth(level, index, size)
  const bytes = width > 0 ? await readTile(directory, level, index, size) : undefined
  return (bytes && decodeTile(bytes.subarray(0, width * HASH_BYTES), width)) ?? []
}
