/**
 * Consistency check with earlier checkpoints, which the auditor or an anchor kept: the log must still contain the tree of each. Checking many takes
 * little longer than checking one.
 *
 * @module
 */
import {
  type Checkpoint,
  decodeBundle,
  equalBytes,
  foldNodes,
  leafHash,
  nodeHash,
  rootOf,
  TILE_WIDTH,
  tileWidth,
  type VerifierKey,
  verifyCheckpoint,
} from '@mandate/protocol'
import { readTile, sha256 } from './log-directory.ts'
import type { CheckedTree, Finding } from './tree-check.ts'

/** Where a checkpoint was kept, as findings call it: in the auditor's file (`--checkpoint`), or by an anchor (`--anchor`). */
type CheckpointOrigin = 'remembered' | 'anchored'

const general = (problem: string): Finding => ({ index: undefined, id: undefined, problem })

/**
 * Checks that the log is consistent with earlier checkpoints.
 *
 * @param written - Signed checkpoints, in any order.
 * @returns At most one finding: a fork is reported for the oldest inconsistent checkpoint, so the log was consistent up to the one before.
 */
export async function checkEarlierCheckpoints(
  kept: CheckpointOrigin,
  written: readonly string[],
  { keys, now, tree }: { keys: readonly VerifierKey[]; now: Checkpoint; tree: CheckedTree },
): Promise<readonly Finding[]> {
  const checkpoints: Checkpoint[] = []
  for (const note of written) {
    const verdict = await verifyCheckpoint(note, keys)
    if (!verdict.ok) return [general(`the ${kept} checkpoint does not verify: ${verdict.objection}`)]
    if (verdict.checkpoint.origin !== now.origin)
      return [general(`the ${kept} checkpoint is of ${verdict.checkpoint.origin}`)]
    checkpoints.push(verdict.checkpoint)
  }
  checkpoints.sort((one, other) => one.size - other.size)
  const largest = checkpoints.at(-1)
  if (largest && largest.size > tree.size) {
    const problem = `the log was truncated: it had ${largest.size} entries and now has ${tree.size}`
    return [{ index: tree.size, id: undefined, problem }]
  }
  const roots = new EarlierRoots(tree)
  for (const { size, root } of checkpoints) {
    const computed = await roots.at(size)
    if (computed && equalBytes(computed, root)) continue
    return [general(`the log was forked: its first ${size} entries are not those of the ${kept} checkpoint`)]
  }
  return []
}

/** Splits an anchor's file (`PDP_ANCHOR_FILE`) into signed notes, which end in an empty line. An incomplete last note is dropped. */
export function splitNotes(anchor: string): readonly string[] {
  const notes = anchor.split(/(?<=\n— [^\n]+\n)\n/u)
  return notes.filter((note) => /\n\n(?:— [^\n]+\n)+$/u.test(note))
}

/** Computes roots of earlier trees. Sizes must be requested in ascending order, so that complete subtrees are hashed once. */
class EarlierRoots {
  readonly #tree: CheckedTree
  /** Complete subtrees, left to right and decreasing in size: hash, and number of bundles. */
  readonly #complete: { readonly hash: Uint8Array; readonly bundles: number }[] = []
  #bundles = 0
  #last: { readonly index: number; readonly leaves: readonly Uint8Array[] } | undefined

  constructor(tree: CheckedTree) {
    this.#tree = tree
  }

  /** Root of the tree with `size` entries; `undefined` when a bundle is damaged, which the tree check reports. */
  async at(size: number): Promise<Uint8Array | undefined> {
    const whole = Math.floor(size / TILE_WIDTH)
    for (; this.#bundles < whole; this.#bundles += 1) {
      const hash = this.#tree.checks[this.#bundles]?.fromEntries
      if (!hash) return undefined
      this.#grow(hash)
    }
    const hashes = this.#complete.map(({ hash }) => hash)
    if (size % TILE_WIDTH === 0) return foldNodes(sha256, hashes)
    const leaves = (await this.#leavesOf(whole)).slice(0, tileWidth('entries', whole, size))
    return leaves.length === size % TILE_WIDTH ? foldNodes(sha256, [...hashes, rootOf(sha256, leaves)]) : undefined
  }

  #grow(hash: Uint8Array): void {
    let grown = { hash, bundles: 1 }
    for (let left = this.#complete.at(-1); left?.bundles === grown.bundles; left = this.#complete.at(-1)) {
      this.#complete.pop()
      grown = { hash: nodeHash(sha256, left.hash, grown.hash), bundles: grown.bundles * 2 }
    }
    this.#complete.push(grown)
  }

  async #leavesOf(index: number): Promise<readonly Uint8Array[]> {
    if (this.#last?.index === index) return this.#last.leaves
    const { directory, size } = this.#tree
    const { entries } = decodeBundle((await readTile(directory, 'entries', index, size)) ?? new Uint8Array(0))
    const leaves = entries.map((entry) => leafHash(sha256, entry))
    this.#last = { index, leaves }
    return leaves
  }
}
