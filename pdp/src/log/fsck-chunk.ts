/**
 * Compares one chunk of the index with the log's entries. Runs in several threads at once: this is where `fsck` spends its time.
 *
 * @module
 */
import { join } from 'node:path'
import {
  decodeBundle,
  type Entry,
  equalBytes,
  Fault,
  leafHash,
  type ProblemCode,
  rootOf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'
import { CHUNK_ENTRIES, encodePlaces, GrowingChunk } from './index-chunk.ts'
import { addTo, termKey } from './index-term.ts'

/** The index's rows of one chunk. */
export interface HeldChunk {
  /** How many entries the index held when it was read; a running PDP may add to it. */
  readonly next: number
  /** Entries by their index in the log. */
  readonly entries: ReadonlyMap<number, { readonly id: string; readonly bytes: Uint8Array }>
  /** Absent while the chunk is not full. */
  readonly span: { readonly minAt: number; readonly maxAt: number; readonly times: Uint8Array } | undefined
  /** Postings by term key, in hexadecimal. */
  readonly postings: ReadonlyMap<string, Uint8Array>
}

/** An index that `fsck` can read. */
export interface HeldIndex {
  /** How many entries the index holds. */
  indexed(): number | Promise<number>
  held(no: number): HeldChunk | Promise<HeldChunk>
}

/** A worker thread's answer to one {@link ChunkJob}: the checked chunk, or the fault that ended the check. */
export interface FsckAnswer {
  readonly chunk?: CheckedChunk
  readonly fault?: { readonly code: ProblemCode; readonly message: string }
}

/** One chunk to check. */
export interface ChunkJob {
  readonly no: number
  /** Absolute path of the log. */
  readonly dir: string
  /** Size of the published tree. */
  readonly size: number
  /** Entries of the chunk that are sequenced and not yet published. */
  readonly fresh: readonly Uint8Array[]
  /** Entries from this index on were logged after the log was read, and are not checked. */
  readonly known: number
}

export interface CheckedChunk {
  readonly no: number
  /** Merkle hash of the chunk's published leaves; `undefined` when it has none. */
  readonly root: Uint8Array | undefined
  readonly disagreements: readonly string[]
}

/** @throws Fault `log_unavailable` when the log itself cannot be read. */
export async function checkChunk(
  { no, dir, size, fresh, known }: ChunkJob,
  files: Files,
  held: HeldChunk,
): Promise<CheckedChunk> {
  const published = await readPublished(files, dir, no * CHUNK_ENTRIES, size)
  const leaves = published.map((bytes) => leafHash(sha256, bytes))
  return {
    no,
    // Copied, since small buffers of Node share one memory block, which would be sent to the other thread with them.
    root: leaves.length > 0 ? new Uint8Array(rootOf(sha256, leaves)) : undefined,
    disagreements: [...disagreementsIn(no, [...published, ...fresh], held, known)],
  }
}

/** Reads the published entries of a chunk. */
async function readPublished(files: Files, dir: string, first: number, size: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  const end = Math.min(first + CHUNK_ENTRIES, size)
  for (let tile = first / TILE_WIDTH; tile * TILE_WIDTH < end; tile += 1) {
    const width = tileWidth('entries', tile, size)
    const read = (wide: number) => files.read(join(dir, tilePath({ level: 'entries', index: tile, width: wide })))
    const bundle = decodeBundle((await read(width)) ?? (await read(TILE_WIDTH)) ?? new Uint8Array(0)).entries
    if (bundle.length < width)
      throw new Fault(
        'log_unavailable',
        `entry bundle ${tile} is missing or damaged, or archived: then restore it first (npm run log -- unseal)`,
      )
    entries.push(...bundle.slice(0, width))
  }
  return entries
}

/** Lists every difference between the index and the entries of one chunk. */
function* disagreementsIn(no: number, truth: readonly Uint8Array[], held: HeldChunk, known: number): Iterable<string> {
  const first = no * CHUNK_ENTRIES
  const isFull = first + CHUNK_ENTRIES <= held.next
  const chunk = new GrowingChunk(first)
  for (const [at, bytes] of truth.entries()) {
    const index = first + at
    // Postings exist for full chunks only: the growing chunk is built in memory at every opening.
    const entry = isFull ? readEntry(index, bytes, chunk) : undefined
    if (index >= held.next) continue
    const found = held.entries.get(index)
    if (found && entry?.id === found.id && Buffer.compare(found.bytes, bytes) === 0) continue
    const { id } = entry ?? readEntry(index, bytes)
    if (!found) yield `entry ${index} (${id}) is not in the index`
    else if (found.id !== id) yield `entry ${index} is ${id}, and ${found.id} in the index`
    else if (Buffer.compare(found.bytes, bytes) !== 0) yield `entry ${index} (${id}) is another one in the index`
  }
  for (const [index, { id }] of held.entries)
    if (index >= first + truth.length && index < known) yield `entry ${index} (${id}) of the index is not in the log`
  if (isFull && chunk.size === CHUNK_ENTRIES) yield* differencesOf(no, chunk, held)
  else if (!isFull && (held.span || held.postings.size > 0)) yield `chunk ${no} is stored and not full`
}

/**
 * Parses an entry without validating its schema: the entry was validated when it was logged, and the checkpoint's root covers it.
 *
 * @param chunk - The entry is added to it.
 */
function readEntry(index: number, bytes: Uint8Array, chunk?: GrowingChunk): Entry {
  try {
    const entry = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as Entry
    if (chunk) addTo(chunk, entry)
    return entry
  } catch (cause) {
    throw new Fault('log_unavailable', `entry ${index} of the log is no entry: \`mandate-audit verify\` says more`, {
      cause,
    })
  }
}

/** Compares a full chunk's times, and the postings of each term. */
function* differencesOf(no: number, chunk: GrowingChunk, { span, postings }: HeldChunk): Iterable<string> {
  const times = new Uint8Array(Float64Array.from(chunk.times()).buffer)
  if (!span) yield `chunk ${no} is not stored`
  else if (span.minAt !== chunk.minAt || span.maxAt !== chunk.maxAt || !equalBytes(span.times, times))
    yield `chunk ${no} has other times than its entries`
  const expected = new Map<string, string>()
  for (const [term] of chunk.terms()) expected.set(Buffer.from(termKey(term)).toString('hex'), term)
  for (const [key, term] of expected) {
    const places = postings.get(key)
    const named = term.replace('\n', ' ')
    if (!places) yield `chunk ${no} lists nothing under ${named}`
    else if (!equalBytes(places, encodePlaces(chunk.places(term) ?? [])))
      yield `chunk ${no} lists other entries under ${named}`
  }
  for (const key of postings.keys())
    if (!expected.has(key)) yield `chunk ${no} lists entries under a term that none has (${key})`
}
