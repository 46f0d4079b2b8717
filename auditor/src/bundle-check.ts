/**
 * Checks entry bundles against the hash tiles of level 0. The expensive part of a verification: it runs in several threads ({@link checkAllBundles}).
 *
 * @module
 */
import { join } from 'node:path'
import {
  archivedBundlePath,
  type DecodedBundle,
  decodeBundle,
  decodeTile,
  decryptBundle,
  entrySchema,
  equalBytes,
  HASH_BYTES,
  leafHash,
  rootOf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@mandate/protocol'
import { matchesEntryPattern } from './entry-pattern.ts'
import { decodeText, findId } from './entry-text.ts'
import { addEntry, emptyTimeline, type GrantTimeline } from './grant-timeline.ts'
import { readFileIfExists, readTile, sha256 } from './log-directory.ts'

/** A job: check the bundles `begin` (included) to `end` (excluded) of a tree of `size` entries. */
export interface CheckJob {
  readonly directory: string
  readonly size: number
  readonly begin: number
  readonly end: number
  readonly archived?: ArchivedPrefix | undefined
}

/** The first entries of a log, when they were moved to an archive. */
export interface ArchivedPrefix {
  /** Number of archived entries. */
  readonly entries: number
  /** The archive to read them from. Without it, only their hashes in the tiles are verified. */
  readonly archive?:
    | { readonly folder: string; readonly key: Uint8Array<ArrayBuffer>; readonly origin: string }
    | undefined
}

/** A problem with one entry. */
export interface EntryProblem {
  readonly index: number
  readonly id: string | undefined
  /** `leaf`: the entry's hash differs from its leaf hash in the tile; either may be the wrong one. `content`: not a valid entry. `missing`: absent. */
  readonly kind: 'leaf' | 'content' | 'missing'
  readonly problem: string
}

/** Result for one bundle and its tile. Roots cover the leaves that the tree has in this tile. */
export interface BundleCheck {
  /** Root computed from the entries; `undefined` when some are missing. */
  readonly fromEntries: Uint8Array | undefined
  /** Root computed from the hashes in the tile; `undefined` when the tile is missing or has the wrong length. */
  readonly fromTile: Uint8Array | undefined
  /** The first problem of each kind. */
  readonly problems: readonly EntryProblem[]
  readonly timeline: GrantTimeline
}

/** Validates the text of an entry. Returns what is wrong, or `undefined`. */
export function contentObjection(text: string): string | undefined {
  if (matchesEntryPattern(text)) return undefined
  try {
    const parsed = entrySchema.safeParse(JSON.parse(text))
    if (parsed.success) return undefined
    return `is no entry: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`
  } catch {
    return 'is not JSON'
  }
}

/** Runs one job. Rejects only when a file exists and cannot be read. */
export async function checkBundles({
  directory,
  size,
  begin,
  end,
  archived,
}: CheckJob): Promise<readonly BundleCheck[]> {
  const checks: BundleCheck[] = []
  for (let index = begin; index < end; index += 1) {
    const isArchived = archived !== undefined && index * TILE_WIDTH < archived.entries
    const own = await readTile(directory, 'entries', index, size)
    const bundle = own ?? (isArchived ? await readArchivedBundle(archived, index) : undefined)
    const tile = await readTile(directory, 0, index, size)
    if (isArchived && !bundle && !archived.archive) checks.push(checkWithoutEntries(tile))
    else checks.push(checkBundle(index, tileWidth(0, index, size), bundle, tile))
  }
  return checks
}

/** Result for an archived bundle that is not read: its root comes from the tile, which is then verified against the checkpoint like any other. */
function checkWithoutEntries(tile: Uint8Array | undefined): BundleCheck {
  const leaves = tile && decodeTile(tile, TILE_WIDTH)
  const fromTile = leaves && ownCopy(rootOf(sha256, leaves))
  return { fromEntries: fromTile, fromTile, problems: [], timeline: emptyTimeline() }
}

async function readArchivedBundle({ archive }: ArchivedPrefix, index: number): Promise<Uint8Array | undefined> {
  if (!archive) return undefined
  const bytes = await readFileIfExists(join(archive.folder, archivedBundlePath(index)))
  return bytes && decryptBundle(archive.key, archive.origin, index, new Uint8Array(bytes))
}

function checkBundle(
  index: number,
  width: number,
  bundle: Uint8Array | undefined,
  tile: Uint8Array | undefined,
): BundleCheck {
  const decoded = decodeBundle(bundle ?? new Uint8Array(0))
  const leaves = tile && decodeTile(tile.subarray(0, width * HASH_BYTES), width)
  const isTileIntact = leaves && (tile.length === width * HASH_BYTES || tile.length === TILE_WIDTH * HASH_BYTES)
  const { hashes, problems, timeline } = checkEntries(index, decoded.entries.slice(0, width), leaves)
  const isBundleIntact = isIntact(decoded, width)
  const missing = missingProblem(index, width, bundle, decoded)
  if (missing) problems.push(missing)
  const isSame = isTileIntact && !problems.some(({ kind }) => kind === 'leaf')
  const fromTile = isTileIntact ? ownCopy(rootOf(sha256, leaves)) : undefined
  const fromEntries = isSame ? fromTile : ownCopy(rootOf(sha256, hashes))
  const isComplete = hashes.length === width && isBundleIntact
  return { fromEntries: isComplete ? fromEntries : undefined, fromTile, problems, timeline }
}

/** Hashes and validates the entries of one bundle. @param leaves - Leaf hashes in the tile, when the tile can be read. */
function checkEntries(bundle: number, entries: readonly Uint8Array[], leaves: readonly Uint8Array[] | undefined) {
  const problems: EntryProblem[] = []
  const hashes: Uint8Array[] = []
  const timeline = emptyTimeline()
  const note = (index: number, text: string, kind: EntryProblem['kind'], problem: string): void => {
    if (!problems.some((known) => known.kind === kind)) problems.push({ index, id: findId(text), kind, problem })
  }
  for (const [at, entry] of entries.entries()) {
    const index = bundle * TILE_WIDTH + at
    const hash = leafHash(sha256, entry)
    hashes.push(hash)
    const leaf = leaves?.[at]
    const text = decodeText(entry)
    if (leaf && !equalBytes(hash, leaf)) note(index, text, 'leaf', 'does not hash to its leaf')
    const objection = contentObjection(text)
    if (objection) note(index, text, 'content', objection)
    else addEntry(timeline, index, text)
  }
  return { hashes, problems, timeline }
}

/** Whether a bundle ends after a whole entry and has as many entries as the tree has there, or is the full bundle that replaced a partial one. */
const isIntact = ({ entries, rest }: DecodedBundle, width: number): boolean =>
  (entries.length === width || entries.length === TILE_WIDTH) && rest === 0

function missingProblem(
  index: number,
  width: number,
  bundle: Uint8Array | undefined,
  decoded: DecodedBundle,
): EntryProblem | undefined {
  if (bundle && isIntact(decoded, width)) return undefined
  const path = tilePath({ level: 'entries', index, width })
  const whole = decoded.entries.length
  const problem = bundle ? `${path} holds ${whole} whole entries, not ${width}` : `${path} is missing`
  return { index: index * TILE_WIDTH + Math.min(whole, width - 1), id: undefined, kind: 'missing', problem }
}

/** Copies a hash. Node's small buffers share a pool, and a message to another thread would copy the whole pool. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
