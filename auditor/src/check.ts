/**
 * Checks runs of entry bundles against their tiles. What the verifier spends its time on; it runs in several threads at once.
 *
 * @module
 */
import { join } from 'node:path'
import {
  archivedBundlePath,
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
import { readIfThere, readTile, sha256 } from './directory.ts'
import { idIn, textOf } from './entry-text.ts'
import { addToOrder, newOrder, type Order } from './order.ts'
import { isPlainEntry } from './plain.ts'

/** The bundles `begin` to `end`, `end` not included, of a tree of `size` entries. */
export interface CheckJob {
  readonly directory: string
  readonly size: number
  readonly begin: number
  readonly end: number
  readonly sealed?: Sealed | undefined
}

/** The beginning of a log that is in an archive. */
export interface Sealed {
  /** How many of the first entries. */
  readonly entries: number
  /** Where to read them; otherwise their hashes stand for them. */
  readonly archive?:
    | { readonly folder: string; readonly key: Uint8Array<ArrayBuffer>; readonly origin: string }
    | undefined
}

/** Something wrong with one entry. */
export interface EntryProblem {
  readonly index: number
  readonly id: string | undefined
  /** `leaf`: the entry and its leaf hash in the tile differ, and it is not yet known which is right. `content`: it is no entry. */
  readonly kind: 'leaf' | 'content' | 'missing'
  readonly problem: string
}

/** One bundle and its tile. Roots are over as many leaves as the tree has there. */
export interface TileCheck {
  /** From the entries; `undefined` when some are missing. */
  readonly fromEntries: Uint8Array | undefined
  /** From the hashes in the tile; `undefined` when it is missing or of the wrong length. */
  readonly fromTile: Uint8Array | undefined
  /** The first of each kind. */
  readonly problems: readonly EntryProblem[]
  readonly order: Order
}

/** Why a text is no entry, or `undefined`. */
export function contentObjection(text: string): string | undefined {
  if (isPlainEntry(text)) return undefined
  try {
    const parsed = entrySchema.safeParse(JSON.parse(text))
    if (parsed.success) return undefined
    return `is no entry: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`
  } catch {
    return 'is not JSON'
  }
}

/** Checks a run of bundles. */
export async function checkTiles({ directory, size, begin, end, sealed }: CheckJob): Promise<readonly TileCheck[]> {
  const checks: TileCheck[] = []
  for (let index = begin; index < end; index += 1) {
    const isSealed = sealed !== undefined && index * TILE_WIDTH < sealed.entries
    const own = await readTile(directory, 'entries', index, size)
    const bundle = own ?? (isSealed ? await fromArchive(sealed, index) : undefined)
    const tile = await readTile(directory, 0, index, size)
    if (isSealed && !bundle && !sealed.archive) {
      checks.push(sealedCheck(tile))
      continue
    }
    checks.push(checkTile(index, tileWidth(0, index, size), bundle, tile))
  }
  return checks
}

/** Of a bundle that nobody reads, the tile's hashes are all there is; they are held against the root like any. */
function sealedCheck(tile: Uint8Array | undefined): TileCheck {
  const leaves = tile && decodeTile(tile, TILE_WIDTH)
  const fromTile = leaves && ownCopy(rootOf(sha256, leaves))
  return { fromEntries: fromTile, fromTile, problems: [], order: newOrder() }
}

async function fromArchive({ archive }: Sealed, index: number): Promise<Uint8Array | undefined> {
  if (!archive) return undefined
  const bytes = await readIfThere(join(archive.folder, archivedBundlePath(index)))
  return bytes && decryptBundle(archive.key, archive.origin, index, new Uint8Array(bytes))
}

function checkTile(
  index: number,
  width: number,
  bundle: Uint8Array | undefined,
  tile: Uint8Array | undefined,
): TileCheck {
  const problems: EntryProblem[] = []
  const note = (at: number, bytes: Uint8Array | undefined, kind: EntryProblem['kind'], problem: string): void => {
    if (problems.some((known) => known.kind === kind)) return
    problems.push({ index: index * TILE_WIDTH + at, id: bytes && idIn(textOf(bytes)), kind, problem })
  }
  const { entries, rest } = decodeBundle(bundle ?? new Uint8Array(0))
  const isWhole = entries.length === width || entries.length === TILE_WIDTH
  const leaves = tile && decodeTile(tile.subarray(0, width * HASH_BYTES), width)
  const isTile = leaves && (tile.length === width * HASH_BYTES || tile.length === TILE_WIDTH * HASH_BYTES)
  const hashes: Uint8Array[] = []
  const order = newOrder()
  for (const [at, entry] of entries.slice(0, width).entries()) {
    const hash = leafHash(sha256, entry)
    hashes.push(hash)
    const leaf = leaves?.[at]
    if (leaf && !equalBytes(hash, leaf)) note(at, entry, 'leaf', 'does not hash to its leaf')
    const text = textOf(entry)
    const objection = contentObjection(text)
    if (objection) note(at, entry, 'content', objection)
    else addToOrder(order, index * TILE_WIDTH + at, text)
  }
  const path = tilePath({ level: 'entries', index, width })
  if (!bundle) note(0, undefined, 'missing', `${path} is missing`)
  else if (!isWhole || rest > 0) {
    note(
      Math.min(entries.length, width - 1),
      undefined,
      'missing',
      `${path} holds ${entries.length} whole entries, not ${width}`,
    )
  }
  const isSame = isTile && !problems.some(({ kind }) => kind === 'leaf')
  const fromTile = isTile ? ownCopy(rootOf(sha256, leaves)) : undefined
  const fromEntries = isSame ? fromTile : ownCopy(rootOf(sha256, hashes))
  const isComplete = hashes.length === width && isWhole && rest === 0
  return { fromEntries: isComplete ? fromEntries : undefined, fromTile, problems, order }
}

/** Small buffers of Node's share their memory, all of which a message to another thread would carry. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
