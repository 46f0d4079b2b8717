/**
 * Checkpoints from before, which somebody kept: the log must hold what it held when each was signed. Any number of them, as an anchor gathers them, for
 * little more than one.
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
import { readTile, sha256 } from './directory.ts'
import type { Examined, Finding } from './tree.ts'

/** What one is called in a finding. */
type Kept = 'remembered' | 'anchored'

const general = (problem: string): Finding => ({ index: undefined, id: undefined, problem })

/** @param written - Signed notes, in any order. Of those that do not fit, the oldest is named: up to the one before it all was well. */
export async function checkKept(
  kept: Kept,
  written: readonly string[],
  { keys, now, examined }: { keys: readonly VerifierKey[]; now: Checkpoint; examined: Examined },
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
  if (largest && largest.size > examined.size) {
    const problem = `the log was truncated: it had ${largest.size} entries and now has ${examined.size}`
    return [{ index: examined.size, id: undefined, problem }]
  }
  const roots = new EarlierRoots(examined)
  for (const { size, root } of checkpoints) {
    const computed = await roots.at(size)
    if (computed && equalBytes(computed, root)) continue
    return [general(`the log was forked: its first ${size} entries are not those of the ${kept} checkpoint`)]
  }
  return []
}

/** The notes of an anchor's file, each with an empty line behind it. A last one that was not written whole is left out. */
export function notesIn(anchor: string): readonly string[] {
  const notes = anchor.split(/(?<=\n— [^\n]+\n)\n/u)
  return notes.filter((note) => /\n\n(?:— [^\n]+\n)+$/u.test(note))
}

/** Roots of the tree as it was, asked for in growing sizes: what is complete is hashed once. */
class EarlierRoots {
  readonly #examined: Examined
  /** Complete subtrees from the left, each smaller than the one before: hash, and how many bundles. */
  readonly #complete: { readonly hash: Uint8Array; readonly bundles: number }[] = []
  #bundles = 0
  #last: { readonly index: number; readonly leaves: readonly Uint8Array[] } | undefined

  constructor(examined: Examined) {
    this.#examined = examined
  }

  /** `undefined` when a bundle is damaged: then something else is wrong too. */
  async at(size: number): Promise<Uint8Array | undefined> {
    const whole = Math.floor(size / TILE_WIDTH)
    for (; this.#bundles < whole; this.#bundles += 1) {
      const hash = this.#examined.checks[this.#bundles]?.fromEntries
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
    const { directory, size } = this.#examined
    const { entries } = decodeBundle((await readTile(directory, 'entries', index, size)) ?? new Uint8Array(0))
    const leaves = entries.map((entry) => leafHash(sha256, entry))
    this.#last = { index, leaves }
    return leaves
  }
}
