/**
 * Inclusion and consistency proofs from hash tiles: three or four files for an entry of a log of any size.
 *
 * @module
 */
import { join } from 'node:path'
import {
  consistencyRanges,
  decodeTile,
  equalBytes,
  Fault,
  foldNodes,
  formatLogProof,
  inclusionRanges,
  nodeFromTile,
  nodeHash,
  rangeNodes,
  TILE_WIDTH,
  type TreeNode,
  tilePath,
  tileSliceOf,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'
import { rootOfEdge, type TreeEdge } from './tree.ts'

export interface ProvenTree {
  readonly files: Files
  /** Absolute path of the log. */
  readonly dir: string
  /** Size and root of the tree that the checkpoint signs. */
  readonly edge: TreeEdge
  readonly checkpoint: string
}

/**
 * Makes the C2SP tlog-proof of an entry of a published tree. The proof is verified against the tree's root before it is returned.
 *
 * @throws Fault `log_unavailable` when a tile is missing or damaged.
 */
export async function proveInclusion(tree: ProvenTree, index: number): Promise<string> {
  const { edge, checkpoint } = tree
  const ranges = inclusionRanges(index, edge.size)
  const tiles = new TileReader(tree)
  const hashes: Uint8Array[] = []
  for (const range of ranges) hashes.push(foldNodes(sha256, await tiles.nodes(rangeNodes(range))))
  const [leaf = new Uint8Array(0)] = await tiles.nodes([{ level: 0, index }])
  let root = leaf
  for (const [at, range] of ranges.entries()) {
    const sibling = hashes[at] ?? leaf
    root = range.begin > index ? nodeHash(sha256, root, sibling) : nodeHash(sha256, sibling, root)
  }
  if (!equalBytes(root, rootOfEdge(edge)))
    throw new Fault('log_unavailable', `the tiles above entry ${index} do not give the root of the checkpoint`)
  return formatLogProof({ index, hashes, checkpoint })
}

/**
 * Makes the consistency proof from a tree of `from` entries. Empty when `from` is 0 or the whole tree.
 *
 * @throws Fault `log_unavailable` when a tile is missing or damaged.
 */
export async function proveConsistency(tree: ProvenTree, from: number): Promise<readonly Uint8Array[]> {
  const tiles = new TileReader(tree)
  const hashes: Uint8Array[] = []
  for (const range of consistencyRanges(from, tree.edge.size))
    hashes.push(foldNodes(sha256, await tiles.nodes(rangeNodes(range))))
  return hashes
}

/** Reads each tile once. The rightmost tiles come from the tree's edge in memory, since partial tiles are replaced as the log grows. */
class TileReader {
  readonly #tree: ProvenTree
  readonly #read = new Map<string, readonly Uint8Array[]>()

  constructor(tree: ProvenTree) {
    this.#tree = tree
  }

  async nodes(nodes: readonly TreeNode[]): Promise<readonly Uint8Array[]> {
    const hashes: Uint8Array[] = []
    for (const node of nodes) {
      const slice = tileSliceOf(node)
      hashes.push(nodeFromTile(sha256, await this.#tile(slice.level, slice.index), slice))
    }
    return hashes
  }

  async #tile(level: number, index: number): Promise<readonly Uint8Array[]> {
    const { files, dir, edge } = this.#tree
    if (index === Math.floor(edge.size / TILE_WIDTH ** (level + 1))) return edge.levels[level] ?? []
    const path = tilePath({ level, index, width: TILE_WIDTH })
    const known = this.#read.get(path)
    if (known) return known
    const hashes = decodeTile((await files.read(join(dir, path))) ?? new Uint8Array(0), TILE_WIDTH)
    if (!hashes) throw new Fault('log_unavailable', `${path} is missing or damaged`)
    this.#read.set(path, hashes)
    return hashes
  }
}
