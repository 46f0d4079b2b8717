/**
 * Holds the tree that the entries give against the tiles and the checkpoint, and says which of them is wrong.
 *
 * When the entries give the checkpoint's root they are all as they were signed, and a tile that says otherwise is damaged. When they do
 * not, the tiles are followed from the root downwards: a tile whose hash stands in a good tile above is good, and an entry that does not
 * hash to its leaf in a good tile is the bad one.
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
import type { TileCheck } from './check.ts'
import { readTile, sha256 } from './directory.ts'

/** Something wrong, with the first entry it concerns where that can be told. */
export interface Finding {
  readonly index: number | undefined
  readonly id: string | undefined
  readonly problem: string
}

type Known = Uint8Array | undefined

/** By level, from 1 on: the hashes in the tiles, and those that the entries give. */
export interface Levels {
  readonly stored: ReadonlyMap<number, readonly Known[]>
  readonly computed: ReadonlyMap<number, readonly Known[]>
}

/** A tree under examination. */
export interface Examined {
  readonly directory: string
  readonly size: number
  /** The checkpoint's. */
  readonly root: Uint8Array
  /** By tile of level 0. */
  readonly checks: readonly TileCheck[]
}

function isSame(one: Known, other: Known): boolean {
  return one !== undefined && other !== undefined && equalBytes(one, other)
}

/** The root over hashes that must all be known. */
export function rootOfKnown(hashes: readonly Known[]): Known {
  const known = hashes.filter((hash) => hash !== undefined)
  return known.length === hashes.length ? rootOf(sha256, known) : undefined
}

/** Reads the tiles above level 0 and computes what they should be. */
export async function readLevels({ directory, size, checks }: Examined): Promise<Levels> {
  const stored = new Map<number, readonly Known[]>()
  const computed = new Map<number, readonly Known[]>()
  let below: readonly Known[] = checks.map(({ fromEntries }) => fromEntries)
  for (let level = 1; hashesAtLevel(level, size) > 0; level += 1) {
    const count = hashesAtLevel(level, size)
    const hashes = level === 1 ? below.slice(0, count) : groupRoots(below, count)
    computed.set(level, hashes)
    stored.set(level, await readLevel(directory, level, size))
    below = hashes
  }
  return { stored, computed }
}

function groupRoots(hashes: readonly Known[], count: number): readonly Known[] {
  return Array.from({ length: count }, (_, at) => rootOfKnown(hashes.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH)))
}

async function readLevel(directory: string, level: number, size: number): Promise<readonly Known[]> {
  const hashes: Known[] = []
  for (let index = 0; tileWidth(level, index, size) > 0; index += 1) {
    const width = tileWidth(level, index, size)
    const bytes = await readTile(directory, level, index, size)
    const isSound = bytes && (bytes.length === width * HASH_BYTES || bytes.length === TILE_WIDTH * HASH_BYTES)
    const tile = isSound ? decodeTile(bytes.subarray(0, width * HASH_BYTES), width) : undefined
    for (let at = 0; at < width; at += 1) hashes.push(tile?.[at])
  }
  return hashes
}

/** The root that the entries give; `undefined` when some are missing. */
export function rootFromEntries(checks: readonly TileCheck[]): Known {
  return rootOfKnown(checks.map(({ fromEntries }) => fromEntries))
}

/** Everything that is wrong with the tree. */
export function judge(examined: Examined, levels: Levels): readonly Finding[] {
  const { checks, root } = examined
  const content = checks.flatMap(({ problems }) => problems.filter(({ kind }) => kind === 'content'))
  if (isSame(rootFromEntries(checks), root)) return [...content, ...damagedTiles(examined, levels)]
  const findings = [...content, ...badEntries(examined, levels)]
  if (findings.length > 0) return findings
  const problem = 'the entries and tiles do not give the root of the checkpoint: they were rewritten together'
  return [{ index: undefined, id: undefined, problem }]
}

/** The entries are good: whatever tile differs from them is not. */
function damagedTiles({ checks, size }: Examined, { stored, computed }: Levels): readonly Finding[] {
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
  stored: readonly Known[],
  good: readonly Known[],
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

/** The root that the rightmost tile of each level gives. */
function rootFromEdge({ checks, size }: Examined, stored: Levels['stored']): Known {
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

/** The entries are not all good: finds those that differ from tiles that are. */
function badEntries(examined: Examined, { stored }: Levels): readonly Finding[] {
  const { checks, size, root } = examined
  const isEdgeGood = isSame(rootFromEdge(examined, stored), root)
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

/** Of each level above 0, the tiles that hang on the checkpoint's root. */
function goodTiles(stored: Levels['stored'], isEdgeGood: boolean): ReadonlyMap<number, ReadonlySet<number>> {
  const good = new Map<number, Set<number>>()
  for (const [level, hashes] of [...stored].reverse()) {
    const tiles = new Set<number>()
    for (let tile = 0; tile * TILE_WIDTH < hashes.length; tile += 1) {
      const held = hashes.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH)
      const isHung = good.get(level + 1)?.has(Math.floor(tile / TILE_WIDTH)) ?? false
      const isFull = held.length === TILE_WIDTH
      if (isFull ? isHung && isSame(rootOfKnown(held), stored.get(level + 1)?.[tile]) : isEdgeGood) tiles.add(tile)
    }
    good.set(level, tiles)
  }
  return good
}

function entryFindings(tile: number, check: TileCheck, isTileGood: boolean, isAboveGood: boolean): readonly Finding[] {
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
