/**
 * The index against the tree: every entry, every set of entries and every chunk that the index holds, compared with what the log's own entries
 * give. The entries are held against the signed checkpoint first: an index that agrees with a damaged log proves nothing.
 *
 * @module
 */
import { join } from 'node:path'
import {
  decodeBundle,
  equalBytes,
  Fault,
  leafHash,
  parseVerifierKey,
  rootOf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
  verifyCheckpoint,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'
import { CHUNK_ENTRIES, encodePlaces, GrowingChunk } from './index-chunk.ts'
import { addTo, parseEntry, termKey } from './index-term.ts'
import { loadJournal } from './recover.ts'

/** What an index holds of one chunk. */
export interface HeldChunk {
  /** By index in the log. */
  readonly entries: ReadonlyMap<number, { readonly id: string; readonly bytes: Uint8Array }>
  /** Absent while the chunk grows. */
  readonly span: { readonly minAt: number; readonly maxAt: number; readonly times: Uint8Array } | undefined
  /** By term key, in hexadecimal. */
  readonly postings: ReadonlyMap<string, Uint8Array>
}

/** An index that can be looked through. */
export interface HeldIndex {
  next(): number | Promise<number>
  held(no: number): HeldChunk | Promise<HeldChunk>
}

export interface FsckOptions {
  readonly files: Files
  /** Absolute path of the log, and of the directory with its `log.vkey`. */
  readonly dir: string
  readonly keys: string
  readonly origin: string
  readonly index: HeldIndex
  /** Told of each disagreement as it is found. */
  readonly onDisagreement: (disagreement: string) => void
}

export interface FsckReport {
  /** Entries of the log, and of the index. */
  readonly entries: number
  readonly indexed: number
  readonly disagreements: number
}

/**
 * Compares all of it. The log may be written meanwhile.
 *
 * @throws Fault `log_unavailable` when the log itself cannot be read or is damaged.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { files, dir, index, onDisagreement } = options
  // First the index, which follows the log: so whatever it has is in the log.
  const indexed = await index.next()
  const { size, root, journal } = await readLog(options)
  let disagreements = 0
  const tell = (disagreement: string): void => {
    disagreements += 1
    onDisagreement(disagreement)
  }
  const entries = size + journal.length
  if (indexed > entries) tell(`the index holds ${indexed} entries, the log ${entries}`)
  const roots: Uint8Array[] = []
  for (let no = 0; no * CHUNK_ENTRIES < Math.max(indexed, size); no += 1) {
    const first = no * CHUNK_ENTRIES
    const published = await readPublished(files, dir, first, size)
    if (published.length > 0)
      roots.push(
        rootOf(
          sha256,
          published.map((bytes) => leafHash(sha256, bytes)),
        ),
      )
    const fresh = journal.slice(Math.max(0, first - size), Math.max(0, first + CHUNK_ENTRIES - size))
    const truth = [...published, ...fresh]
    for (const disagreement of disagreementsIn(no, truth, await index.held(no), indexed)) tell(disagreement)
  }
  if (!equalBytes(rootOf(sha256, roots), root))
    throw new Fault(
      'log_unavailable',
      'the entries do not give the root of the checkpoint: `mandate-audit verify` says which',
    )
  return { entries, indexed, disagreements }
}

interface ReadLog {
  readonly size: number
  readonly root: Uint8Array
  /** What is sequenced and not yet published. */
  readonly journal: readonly Uint8Array[]
}

/** A PDP that publishes meanwhile may take from the journal what the checkpoint just read does not cover: then both are read again. */
async function readLog(options: FsckOptions, attempts = 5): Promise<ReadLog> {
  const { size, root } = await headOf(options)
  try {
    const { entries } = await loadJournal(options.files, join(options.dir, 'journal'), options.origin, size)
    return { size, root, journal: entries }
  } catch (error) {
    if (attempts <= 1) throw error
    return readLog(options, attempts - 1)
  }
}

async function headOf({
  files,
  dir,
  keys,
}: FsckOptions): Promise<{ readonly size: number; readonly root: Uint8Array }> {
  const [vkey, written] = await Promise.all([files.read(join(keys, 'log.vkey')), files.read(join(dir, 'checkpoint'))])
  if (!vkey || !written) throw new Fault('log_unavailable', `${dir} holds no checkpoint, or ${keys} no log.vkey`)
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
  const verdict = await verifyCheckpoint(
    text(written),
    await Promise.all(text(vkey).trim().split('\n').map(parseVerifierKey)),
  )
  if (!verdict.ok) throw new Fault('log_unavailable', `the checkpoint does not verify: ${verdict.objection}`)
  return verdict.checkpoint
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
function* disagreementsIn(
  no: number,
  truth: readonly Uint8Array[],
  held: HeldChunk,
  indexed: number,
): Iterable<string> {
  const first = no * CHUNK_ENTRIES
  const chunk = new GrowingChunk(first)
  for (const [at, bytes] of truth.entries()) {
    const index = first + at
    const entry = parseEntry(bytes)
    addTo(chunk, entry)
    if (index >= indexed) continue
    const found = held.entries.get(index)
    if (!found) yield `entry ${index} (${entry.id}) is not in the index`
    else if (found.id !== entry.id) yield `entry ${index} is ${entry.id}, and ${found.id} in the index`
    else if (!equalBytes(found.bytes, bytes)) yield `entry ${index} (${entry.id}) is another one in the index`
  }
  for (const [index, { id }] of held.entries)
    if (index >= first + truth.length) yield `entry ${index} (${id}) of the index is not in the log`
  if (first + CHUNK_ENTRIES <= indexed && chunk.size === CHUNK_ENTRIES) yield* differencesOf(no, chunk, held)
  else if (held.span || held.postings.size > 0) yield `chunk ${no} is stored and not full`
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
