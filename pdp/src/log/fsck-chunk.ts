/**
 * One chunk of the index against the log's own entries. What `fsck` spends its time on; it runs in several threads at once.
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
  rootOf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'
import { CHUNK_ENTRIES, encodePlaces, GrowingChunk } from './index-chunk.ts'
import { addTo, termKey } from './index-term.ts'

/** What an index holds of one chunk. */
export interface HeldChunk {
  /** How many entries the index held when this was read: a PDP may feed it meanwhile. */
  readonly next: number
  /** By index in the log. */
  readonly entries: ReadonlyMap<number, { readonly id: string; readonly bytes: Uint8Array }>
  /** Absent while the chunk grows. */
  readonly span: { readonly minAt: number; readonly maxAt: number; readonly times: Uint8Array } | undefined
  /** By term key, in hexadecimal. */
  readonly postings: ReadonlyMap<string, Uint8Array>
}

/** A chunk to be checked. */
export interface ChunkJob {
  readonly no: number
  /** Absolute path of the log. */
  readonly dir: string
  /** Of the published tree. */
  readonly size: number
  /** The chunk's entries that are sequenced and not yet published. */
  readonly fresh: readonly Uint8Array[]
  /** Entries at or above it came after the log was read: they are left for the next time. */
  readonly known: number
}

export interface CheckedChunk {
  readonly no: number
  /** Over its published leaves; `undefined` when it has none. */
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
    // A copy: small buffers of Node's share their memory, which a message to another thread would carry.
    root: leaves.length > 0 ? new Uint8Array(rootOf(sha256, leaves)) : undefined,
    disagreements: [...disagreementsIn(no, [...published, ...fresh], held, known)],
  }
}

/** The published entries of a chunk. */
async function readPublished(files: Files, dir: string, first: number, size: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  const end = Math.min(first + CHUNK_ENTRIES, size)
  for (let tile = first / TILE_WIDTH; tile * TILE_WIDTH < end; tile += 1) {
    const width = tileWidth('entries', tile, size)
    const read = (wide: number) => files.read(join(dir, tilePath({ level: 'entries', index: tile, width: wide })))
    const bundle = decodeBundle((await read(width)) ?? (await read(TILE_WIDTH)) ?? new Uint8Array(0)).entries
    if (bundle.length < width)
      throw new Fault('log_unavailable', `entry bundle ${tile} is missing or damaged, or sealed: then unseal first`)
    entries.push(...bundle.slice(0, width))
  }
  return entries
}

/** Every way in which the index differs from the entries of one chunk. */
function* disagreementsIn(no: number, truth: readonly Uint8Array[], held: HeldChunk, known: number): Iterable<string> {
  const first = no * CHUNK_ENTRIES
  const isFull = first + CHUNK_ENTRIES <= held.next
  const chunk = new GrowingChunk(first)
  for (const [at, bytes] of truth.entries()) {
    const index = first + at
    // Only a stored chunk lists its entries: the growing one is made anew at every opening.
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
 * An entry, without its schema: the checkpoint's root says that it was an entry when it was logged.
 *
 * @param chunk - Takes it in.
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

/** A full chunk: its times, and for each term where it stands. */
function* differencesOf(no: number, chunk: GrowingChunk, { span, postings }: HeldChunk): Iterable<string> {
  const times = new Uint8Array(Float64Array.from(chunk.times()).buffer)
  if (!span) yield `chunk ${no} is not stored`
  else if (span.minAt !== chunk.minAt || span.maxAt !== chunk.maxAt || !equalBytes(span.times, times))
    yield `chunk ${no} has other times than its entries`
  const expected = new Map<string, string>()
  for (const term of chunk.terms.keys()) expected.set(Buffer.from(termKey(term)).toString('hex'), term)
  for (const [key, term] of expected) {
    const places = postings.get(key)
    const named = term.replace('\n', ' ')
    if (!places) yield `chunk ${no} lists nothing under ${named}`
    else if (!equalBytes(places, encodePlaces(chunk.terms.get(term) ?? [])))
      yield `chunk ${no} lists other entries under ${named}`
  }
  for (const key of postings.keys())
    if (!expected.has(key)) yield `chunk ${no} lists entries under a term that none has (${key})`
}
