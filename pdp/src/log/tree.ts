/**
 * The right edge of the Merkle tree, and the tiles and bundles that a batch of entries adds. Pure except for the hash function: a failed write leaves
 * the old edge valid.
 *
 * @module
 */
import {
  encodeBundle,
  encodeTile,
  hashesAtLevel,
  leafHash,
  partialTiles,
  rootOf,
  TILE_WIDTH,
  tilePath,
} from '@mandate/protocol'
import { sha256 } from './hash.ts'

/** The state of a tree that appending depends on. */
export interface TreeEdge {
  readonly size: number
  /** Hashes of the rightmost partial tile, by level: fewer than 256 each, empty where there is no partial tile. */
  readonly levels: readonly (readonly Uint8Array[])[]
  /** Entries of the rightmost partial bundle: as many as `levels[0]`. */
  readonly bundle: readonly Uint8Array[]
}

export const EMPTY_TREE: TreeEdge = { size: 0, levels: [], bundle: [] }

/** Result of appending a batch: new edge, files to write, and partial tiles that are replaced. */
export interface Growth {
  readonly edge: TreeEdge
  /** Files to write, by path below the log's directory. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Directories of partial tiles that the new full tiles replace. */
  readonly outgrown: readonly string[]
}

/** Computes the root of the tree from its edge (RFC 6962, section 2.1). */
export function rootOfEdge({ levels }: TreeEdge): Uint8Array {
  let root: Uint8Array | undefined
  for (const hashes of levels) {
    if (hashes.length > 0 || root) root = rootOf(sha256, root ? [...hashes, root] : hashes)
  }
  return root ?? rootOf(sha256, [])
}

/** Appends entries to a tree. Deterministic, so that an interrupted publication can be repeated. */
export function grow(edge: TreeEdge, entries: readonly Uint8Array[]): Growth {
  const levels = edge.levels.map((hashes) => [...hashes])
  let bundle = [...edge.bundle]
  let size = edge.size
  const files = new Map<string, Uint8Array>()
  const outgrown: string[] = []
  const putFull = (level: number | 'entries', index: number, bytes: Uint8Array): void => {
    const path = tilePath({ level, index, width: TILE_WIDTH })
    files.set(path, bytes)
    outgrown.push(`${path}.p`)
  }
  for (const entry of entries) {
    bundle.push(entry)
    size += 1
    pushHash(levels, 0, leafHash(sha256, entry), size, putFull)
    if (bundle.length < TILE_WIDTH) continue
    putFull('entries', size / TILE_WIDTH - 1, encodeBundle(bundle))
    bundle = []
  }
  for (const tile of partialTiles(size)) files.set(tilePath(tile), encodeTile(levels[tile.level] ?? []))
  if (bundle.length > 0) {
    const index = Math.floor(size / TILE_WIDTH)
    files.set(tilePath({ level: 'entries', index, width: bundle.length }), encodeBundle(bundle))
  }
  return { edge: { size, levels, bundle }, files, outgrown }
}

/** Adds a hash to a level. A tile that becomes full is written, and its root is added to the next level. */
function pushHash(
  levels: Uint8Array[][],
  level: number,
  hash: Uint8Array,
  size: number,
  putFull: (level: number, index: number, bytes: Uint8Array) => void,
): void {
  const hashes = levels[level] ?? []
  levels[level] = hashes
  hashes.push(hash)
  if (hashes.length < TILE_WIDTH) return
  putFull(level, hashesAtLevel(level + 1, size) - 1, encodeTile(hashes))
  levels[level] = []
  pushHash(levels, level + 1, rootOf(sha256, hashes), size, putFull)
}
