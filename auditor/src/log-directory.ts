/**
 * Read access to a log directory, live or copied. Never writes. `docs/log-format.md` has the layout.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { opendir, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import {
  decodeBundle,
  HASH_BYTES,
  type JournalEntries,
  joinSegments,
  parseArchivedSize,
  readSegment,
  SEGMENT_NAME,
  type Segment,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@mandate/protocol'

/** SHA-256, by Node's one-shot `hash`. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = Buffer.allocUnsafe(HASH_BYTES)
  // Writing a binary string into a pooled buffer takes half the time of the API that allocates an ArrayBuffer.
  digest.write(hash('sha256', data, 'binary'), 'latin1')
  return digest
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** Content of a file; `undefined` when it does not exist. */
export async function readFileIfExists(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** The log's signed checkpoint, unverified; `undefined` when there is none. */
export async function readCheckpoint(directory: string): Promise<string | undefined> {
  const bytes = await readFileIfExists(join(directory, 'checkpoint'))
  return bytes && new TextDecoder().decode(bytes)
}

/**
 * Reads a tile or entry bundle of a tree with `size` entries. Where a full tile has replaced the partial tile, reads the full one.
 *
 * @returns `undefined` when neither exists. A full tile in place of a partial one has more hashes than the tree: the caller cuts it.
 */
export async function readTile(
  directory: string,
  level: number | 'entries',
  index: number,
  size: number,
): Promise<Uint8Array | undefined> {
  const width = tileWidth(level, index, size)
  const found = await readFileIfExists(join(directory, tilePath({ level, index, width })))
  if (found || width === TILE_WIDTH) return found
  return readFileIfExists(join(directory, tilePath({ level, index, width: TILE_WIDTH })))
}

/** Number of the log's first entries that were moved to an archive (content of the `sealed` file). */
export async function archivedEntryCount(directory: string): Promise<number> {
  const bytes = await readFileIfExists(join(directory, 'sealed'))
  return bytes ? (parseArchivedSize(new TextDecoder().decode(bytes)) ?? 0) : 0
}

/** Paths of all files under `tile/`, relative to the log's directory, unordered. */
export async function* tileFiles(directory: string): AsyncGenerator<string> {
  try {
    for await (const found of await opendir(join(directory, 'tile'), { recursive: true })) {
      if (!found.isDirectory()) yield relative(directory, join(found.parentPath, found.name))
    }
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/** A journal segment with its file name, and the bytes after its last valid record. */
export interface NamedSegment extends Segment {
  readonly name: string
  readonly rest: Uint8Array
}

/** Reads all segments of the journal, oldest first. */
export async function readJournal(directory: string): Promise<readonly NamedSegment[]> {
  const names = await readdir(join(directory, 'journal')).catch((error: unknown) => {
    if (isAbsent(error)) return []
    throw error
  })
  const segments: NamedSegment[] = []
  for (const name of names.filter((found) => SEGMENT_NAME.test(found)).sort()) {
    const bytes = await readFileIfExists(join(directory, 'journal', name))
    if (!bytes) continue
    const segment = readSegment(sha256, bytes)
    segments.push({ ...segment, name, rest: bytes.subarray(segment.whole) })
  }
  return segments
}

/** Entries of the journal that are not in the published tree yet. @param published - Size of that tree. */
export function unpublishedEntries(segments: readonly Segment[], published: number): JournalEntries {
  return joinSegments(segments, published)
}

/** An entry's canonical bytes and its index in the log. */
export interface IndexedEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

/**
 * Yields all entries, newest first: from the journal, then from the tiles. Holds one bundle in memory. Verifies nothing.
 *
 * @param size - Size of the tree, from the checkpoint.
 */
export async function* entriesBackwards(directory: string, size: number): AsyncGenerator<IndexedEntry> {
  const { entries } = unpublishedEntries(await readJournal(directory), size)
  for (const [at, bytes] of [...entries.entries()].reverse()) yield { index: size + at, bytes }
  for (let bundle = Math.ceil(size / TILE_WIDTH) - 1; bundle >= 0; bundle -= 1) {
    const bytes = await readTile(directory, 'entries', bundle, size)
    const held = bytes ? decodeBundle(bytes).entries.slice(0, tileWidth('entries', bundle, size)) : []
    for (const [at, entry] of [...held.entries()].reverse()) yield { index: bundle * TILE_WIDTH + at, bytes: entry }
  }
}
