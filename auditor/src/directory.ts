/**
 * A log on disk, as an auditor reads it: the live directory or a copy, never written to. `docs/log-format.md` has the layout.
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

/** Node's SHA-256. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = Buffer.allocUnsafe(HASH_BYTES)
  // A string of bytes into a buffer we have takes half the time of an ArrayBuffer of its own.
  digest.write(hash('sha256', data, 'binary'), 'latin1')
  return digest
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** The whole file, or `undefined` when there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** The signed checkpoint of a log, as it stands in the file. */
export async function readCheckpoint(directory: string): Promise<string | undefined> {
  const bytes = await readIfThere(join(directory, 'checkpoint'))
  return bytes && new TextDecoder().decode(bytes)
}

/**
 * A tile or bundle as a tree of `size` entries needs it: the partial one, or the full one that has replaced it.
 *
 * @returns `undefined` when neither is there. A full one in place of a partial one is longer than asked.
 */
export async function readTile(
  directory: string,
  level: number | 'entries',
  index: number,
  size: number,
): Promise<Uint8Array | undefined> {
  const width = tileWidth(level, index, size)
  const found = await readIfThere(join(directory, tilePath({ level, index, width })))
  if (found || width === TILE_WIDTH) return found
  return readIfThere(join(directory, tilePath({ level, index, width: TILE_WIDTH })))
}

/** How many of the log's first entries are sealed: in an archive, and not here. */
export async function sealedEntries(directory: string): Promise<number> {
  const bytes = await readIfThere(join(directory, 'sealed'))
  return bytes ? (parseArchivedSize(new TextDecoder().decode(bytes)) ?? 0) : 0
}

/** Paths below the log's directory of all files under `tile/`, in no order. */
export async function* tileFiles(directory: string): AsyncGenerator<string> {
  try {
    for await (const found of await opendir(join(directory, 'tile'), { recursive: true })) {
      if (!found.isDirectory()) yield relative(directory, join(found.parentPath, found.name))
    }
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/** A segment of the journal with its name, and the bytes behind its last whole record. */
export interface NamedSegment extends Segment {
  readonly name: string
  readonly rest: Uint8Array
}

/** The journal as it stands. */
export async function readJournal(directory: string): Promise<readonly NamedSegment[]> {
  const names = await readdir(join(directory, 'journal')).catch((error: unknown) => {
    if (isAbsent(error)) return []
    throw error
  })
  const segments: NamedSegment[] = []
  for (const name of names.filter((found) => SEGMENT_NAME.test(found)).sort()) {
    const bytes = await readIfThere(join(directory, 'journal', name))
    if (!bytes) continue
    const segment = readSegment(sha256, bytes)
    segments.push({ ...segment, name, rest: bytes.subarray(segment.whole) })
  }
  return segments
}

/** The entries above the published tree. */
export function unpublished(segments: readonly Segment[], published: number): JournalEntries {
  return joinSegments(segments, published)
}

/** An entry's canonical bytes and its place in the log. */
export interface PlacedEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

/**
 * All entries, newest first: those of the journal, then those in tiles. One bundle is held at a time. Nothing is verified here.
 *
 * @param size - Of the tree, from the checkpoint.
 */
export async function* entriesBackwards(directory: string, size: number): AsyncGenerator<PlacedEntry> {
  const { entries } = unpublished(await readJournal(directory), size)
  for (const [at, bytes] of [...entries.entries()].reverse()) yield { index: size + at, bytes }
  for (let bundle = Math.ceil(size / TILE_WIDTH) - 1; bundle >= 0; bundle -= 1) {
    const bytes = await readTile(directory, 'entries', bundle, size)
    const held = bytes ? decodeBundle(bytes).entries.slice(0, tileWidth('entries', bundle, size)) : []
    for (const [at, entry] of [...held.entries()].reverse()) yield { index: bundle * TILE_WIDTH + at, bytes: entry }
  }
}
