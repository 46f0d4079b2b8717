/**
 * Compares the tree computed from the entries with the stored tiles and the checkpoint, and finds out which of them is wrong.
 *
 * When the entries give the checkpoint's root, all entries are authentic, and a tile that differs is damaged. When they do not, the tiles are verified
 * from the root downwards: a tile whose hash is in a verified tile above is authentic, and an entry that does not hash to its leaf in an authentic
 * tile is the damaged one.
 *
 * @module
 */
import {
  decodeTile,
  equalBytes,
  HASH_BYTES,
  hashesAtLevel,
  rootOf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@mandate/protocol'
import type { BundleCheck } from './bundle-check.ts'
import { readTile, sha256 } from './log-directory.ts'

/** A problem found by the verification, with the first affected entry where known. */
export interface Finding {
  readonly index: number | undefined
  readonly id: string | undefined
  readonly problem: string
}

/** A hash, or `undefined` when it is unknown: its tile or entries are missing. */
type MaybeHash = Uint8Array | undefined

/** Hashes of the tile levels from 1 upwards, by level: as stored in the tiles, and as computed from the entries. */
export interface Levels {
  readonly stored: ReadonlyMap<number, readonly MaybeHash[]>
  readonly computed: ReadonlyMap<number, readonly MaybeHash[]>
}

/** The tree to verify. */
export interface CheckedTree {
  readonly directory: string
  readonly size: number
  /** Root in the checkpoint. */
  readonly root: Uint8Array
  /** Results for the bundles, by index of the tile of level 0. */
  readonly checks: readonly BundleCheck[]
}

function isSame(one: MaybeHash, other: MaybeHash): boolean {
  return one !== undefined && other !== undefined && equalBytes(one, other)
}

/** Root over hashes; `undefined` when any of them is unknown. */
export function rootOfKnown(hashes: readonly MaybeHash[]): MaybeHash {
  const known = hashes.filter((hash) => hash !== undefined)
  return known.length === hashes.length ? rootOf(sha256, known) : undefined
}

/** Reads the tiles above level 0, and computes their hashes from the entries. */
export async function readLevels({ directory, size, checks }: CheckedTree): Promise<Levels> {
  const stored = new Map<number, readonly MaybeHash[]>()
  const computed = new Map<number, readonly MaybeHash[]>()
  let below: readonly MaybeHash[] = checks.map(({ fromEntries }) => fromEntries)
  for (let level = 1; hashesAtLevel(level, size) > 0; level += 1) {
    const count = hashesAtLevel(level, size)
    const hashes = level === 1 ? below.slice(0, count) : groupRoots(below, count)
    computed.set(level, hashes)
    stored.set(level, await readLevel(directory, level, size))
    below = hashes
  }
  return { stored, computed }
}

function groupRoots(hashes: readonly MaybeHash[], count: number): readonly MaybeHash[] {
  return Array.from({ length: count }, (_, at) => rootOfKnown(hashes.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH)))
}

async function readLevel(directory: string, level: number, size: number): Promise<readonly MaybeHash[]> {
  const hashes: MaybeHash[] = []
  for (let index = 0; tileWidth(level, index, size) > 0; index += 1) {
    const width = tileWidth(level, index, size)
    const bytes = await readTile(directory, level, index, size)
    const isSound = bytes && (bytes.length === width * HASH_BYTES || bytes.length === TILE_WIDTH * HASH_BYTES)
    const tile = isSound ? decodeTile(bytes.subarray(0, width * HASH_BYTES), width) : undefined
    for (let at = 0; at < width; at += 1) hashes.push(tile?.[at])
  }
  return hashes
}

/** Root computed from the entries; `undefined` when some are missing. */
export function rootFromEntries(checks: readonly BundleCheck[]): MaybeHash {
  return rootOfKnown(checks.map(({ fromEntries }) => fromEntries))
}

/** Compares entries, tiles and checkpoint. Empty: they are consistent, and all entries are valid. */
export function findTreeProblems(tree: CheckedTree, levels: Levels): readonly Finding[] {
  const { checks, root } = tree
  const content = checks.flatMap(({ problems }) => problems.filter(({ kind }) => kind === 'content'))
  if (isSame(rootFromEntries(checks), root)) return [...content, ...damagedTiles(tree, levels)]
  const findings = [...content, ...badEntries(tree, levels)]
  if (findings.length > 0) return findings
  const problem = 'the entries and tiles do not give the root of the checkpoint: they were rewritten together'
  return [{ index: undefined, id: undefined, problem }]
}

/** Findings when the entries are authentic: every tile that differs from them is damaged. */
function damagedTiles({ checks, size }: CheckedTree, { stored, computed }: Levels): readonly Finding[] {
  const findings: Finding[] = []
  for (const [tile, { fromEntries, fromTile, problems }] of checks.entries()) {
    if (isSame(fromEntries, fromTile)) continue
    const leaf = problems.find(({ kind }) => kind === 'leaf')
    const path = tilePath({ level: 0, index: tile, width: tileWidth(0, tile, size) })
    const index = leaf?.index ?? tile * TILE_WIDTH
    findings.push({ index, id: leaf?.id, problem: `${path} is damaged: its hash for the entry is not the entry's` })
  }
  for (const [level, hashes] of stored) findings.push(...damagedHashes(level, hashes, computed.get(level) ?? [], size))
  return findings
}

/** The first wrong hash of every tile of a level above 0. */
function damagedHashes(
  level: number,
  stored: readonly MaybeHash[],
  good: readonly MaybeHash[],
  size: number,
): readonly Finding[] {
  const findings = new Map<number, Finding>()
  for (const [at, hash] of stored.entries()) {
    const tile = Math.floor(at / TILE_WIDTH)
    if (isSame(hash, good[at]) || findings.has(tile)) continue
    const path = tilePath({ level, index: tile, width: tileWidth(level, tile, size) })
    const span = TILE_WIDTH ** level
    const problem = `${path} is ${hash ? 'damaged' : 'missing or cut short'}: it covers entries ${at * span} to ${(at + 1) * span - 1}`
    findings.set(tile, { index: at * span, id: undefined, problem })
  }
  return [...findings.values()]
}

/** Root computed from the rightmost tiles of all levels. */
function rootFromEdge({ checks, size }: CheckedTree, stored: Levels['stored']): MaybeHash {
  let root = size % TILE_WIDTH > 0 ? checks.at(-1)?.fromTile : undefined
  if (size % TILE_WIDTH > 0 && !root) return undefined
  for (const hashes of stored.values()) {
    const edge = hashes.slice(hashes.length - (hashes.length % TILE_WIDTH))
    if (edge.length === 0) continue
    root = rootOfKnown(root ? [...edge, root] : edge)
    if (!root) return undefined
  }
  return root
}

/** Findings when some entry is not authentic: those that differ from authentic tiles. */
function badEntries(tree: CheckedTree, { stored }: Levels): readonly Finding[] {
  const { checks, size, root } = tree
  const isEdgeGood = isSame(rootFromEdge(tree, stored), root)
  const good = goodTiles(stored, isEdgeGood)
  const findings: Finding[] = []
  for (const [tile, check] of checks.entries()) {
    const isPartial = tileWidth(0, tile, size) < TILE_WIDTH
    const above = good.get(1)?.has(Math.floor(tile / TILE_WIDTH)) ? stored.get(1)?.[tile] : undefined
    if (!isPartial && isSame(check.fromEntries, above)) continue
    const isGood = isPartial ? isEdgeGood : isSame(check.fromTile, above)
    findings.push(...entryFindings(tile, check, isGood, !isPartial && above !== undefined))
  }
  return findings
}

/** Authentic tiles of each level above 0: those connected to the checkpoint's root by hashes. */
function goodTiles(stored: Levels['stored'], isEdgeGood: boolean): ReadonlyMap<number, ReadonlySet<number>> {
  const good = new Map<number, Set<number>>()
  for (const [level, hashes] of [...stored].reverse()) {
    const tiles = new Set<number>()
    for (let tile = 0; tile * TILE_WIDTH < hashes.length; tile += 1) {
      const held = hashes.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH)
      const isAuthenticAbove = good.get(level + 1)?.has(Math.floor(tile / TILE_WIDTH)) ?? false
      const isFull = held.length === TILE_WIDTH
      if (isFull ? isAuthenticAbove && isSame(rootOfKnown(held), stored.get(level + 1)?.[tile]) : isEdgeGood)
        tiles.add(tile)
    }
    good.set(level, tiles)
  }
  return good
}

function entryFindings(
  tile: number,
  check: BundleCheck,
  isTileGood: boolean,
  isAboveGood: boolean,
): readonly Finding[] {
  const differing = check.problems.filter(({ kind }) => kind !== 'content')
  if (differing.length > 0) {
    const doubt = isTileGood ? '' : ' (its tile is damaged too, so another entry of the tile may be the first)'
    return differing.map(({ index, id, problem }) => ({ index, id, problem: `${problem}${doubt}` }))
  }
  if (isTileGood || !isAboveGood) return []
  const first = tile * TILE_WIDTH
  const problem = `entries ${first} to ${first + TILE_WIDTH - 1} and their tile were rewritten together`
  return [{ index: first, id: undefined, problem }]
}
