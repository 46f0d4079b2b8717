/**
 * The right edge of the tree, and what a batch of entries turns into: tiles and bundles to write. Pure but for the hash; a failed write
 * leaves the old edge standing.
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

/** Everything of a tree that its growth depends on. */
export interface TreeEdge {
  readonly size: number
  /** By level: the hashes of the rightmost partial tile. Fewer than 256 each, none where the tile would be empty. */
  readonly levels: readonly (readonly Uint8Array[])[]
  /** The entries of the rightmost partial bundle: as many as `levels[0]`. */
  readonly bundle: readonly Uint8Array[]
}

export const EMPTY_TREE: TreeEdge = { size: 0, levels: [], bundle: [] }

/** What a batch did: the new edge, the files that hold it, and what the new full tiles make superfluous. */
export interface Growth {
  readonly edge: TreeEdge
  /** Paths below the log's directory, each once. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Directories of partial tiles whose full tile is among the files. */
  readonly outgrown: readonly string[]
}

/** The tree's root. Each level's hashes with the root of all that is right of them as a last one. */
export function rootOfEdge({ levels }: TreeEdge): Uint8Array {
  let root: Uint8Array | undefined
  for (const hashes of levels) {
    if (hashes.length > 0 || root) root = rootOf(sha256, root ? [...hashes, root] : hashes)
  }
  return root ?? rootOf(sha256, [])
}

/** Appends entries to a tree. The same entries always give the same files, so that an interrupted growth can be repeated. */
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

/** Adds a hash to a level; a tile that it fills is put away and its root goes to the level above. */
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
