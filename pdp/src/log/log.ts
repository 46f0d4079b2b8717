/**
 * The decision log (rules L1 to L11): entries are sequenced in the journal before a request is answered, then integrated into C2SP tiles and
 * published in a signed checkpoint. Layout: `docs/log-format.md`.
 *
 * @module
 */
import { join } from 'node:path'
import {
  decodeBundle,
  type Entry,
  type EpochMillis,
  entryTime,
  Fault,
  MAX_ENTRY_BYTES,
  parseLogEntry,
  refuse,
  serializeEntry,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tileWidth,
} from '@mandate/protocol'
import { z } from 'zod'
import type { DecisionLog, LogReader, RawEntry } from '../ports/log.ts'
import { archivedEntries } from './archive.ts'
import { type Files, nodeFiles } from './files.ts'
import { JournalWriter, segmentPath } from './journal.ts'
import { proveInclusion } from './prove.ts'
import { Publisher } from './publisher.ts'
import { loadJournal, loadPublished, refuseRolledBack } from './recover.ts'
import { Sequencer } from './sequencer.ts'
import type { LogSigner } from './signer.ts'
import type { Cosign } from './witnesses.ts'

const MAX_BACKLOG_BYTES = 64 * 1024 * 1024
const MAX_WAITING_BYTES = 16 * 1024 * 1024
const MAX_WAIT_MS = 1_000

export interface LogOptions {
  /** Absolute path of the log's directory, made when absent. */
  readonly dir: string
  /** Name of the log: host and path without scheme, `pdp.example.com/log`. It never changes. */
  readonly origin: string
  /** Signing keys, whose name must be the origin. */
  readonly signer: LogSigner
  /** Asks witnesses for cosignatures, and mirrors checkpoints to anchors. */
  readonly cosign?: Cosign
  readonly onCheckpoint?: (checkpoint: string) => void
  readonly files?: Files
  /**
   * While the log cannot be written: `deny` rejects every append at once; `buffer` lets appends wait for up to a second and 16 MiB, then rejects.
   * Neither resolves before the entries are durable. @default 'deny'
   */
  readonly onFailure?: 'deny' | 'buffer'
  /** @default 1000 */
  readonly checkpointEveryMs?: number
  /** Called for every failed write, and for an incomplete record that was truncated at opening. */
  readonly onFault?: (error: unknown) => void
}

/** A log that is open for writing and reading. */
export type OpenLog = DecisionLog & LogReader

/**
 * Opens a log and recovers it: entries that only the journal holds are integrated and published first.
 *
 * @throws Fault `log_unavailable` when another process writes this log, when it is damaged, or when it cannot be written.
 */
export async function openLog(options: LogOptions): Promise<OpenLog> {
  const { dir, origin, signer, files = nodeFiles() } = options
  if (signer.name !== origin) throw new TypeError(`the signer is ${signer.name}, the origin ${origin}`)
  await attempt(`${dir} cannot be made`, () => files.makeDirectory(join(dir, 'journal')))
  const unlock = await attempt(`${dir} cannot be locked, as when another process writes it`, () =>
    files.lock(join(dir, 'lock')),
  )
  try {
    return await attempt(`${dir} cannot be opened`, () => recover(options, files, unlock))
  } catch (error) {
    unlock()
    throw error
  }
}

/** Turns any other error into Fault `log_unavailable` with that error as its cause. */
async function attempt<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('log_unavailable', message, { cause: error })
  }
}

async function recover(options: LogOptions, files: Files, unlock: () => void): Promise<OpenLog> {
  const { dir, origin, signer, onFault = () => undefined, checkpointEveryMs = 1_000, onFailure = 'deny' } = options
  await files.remove(join(dir, 'tmp'))
  await files.makeDirectory(join(dir, 'tmp'))
  const published = await loadPublished(files, dir, signer)
  const found = await loadJournal(files, join(dir, 'journal'), origin, published.edge.size)
  const next = published.edge.size + found.entries.length
  await refuseRolledBack(files, dir, next)
  if (found.cut > 0) onFault(new Error(`${found.cut} bytes of an unanswered record cut off the journal`))
  const journal = new JournalWriter(files, join(dir, 'journal'), origin, Math.max(0, ...found.segments) + 1)
  const onPublished = (size: number): Promise<void> => journal.trim(size)
  const { cosign, onCheckpoint } = options
  const publishing = { files, directory: dir, signer, checkpointEveryMs, cosign, onCheckpoint, onPublished, onFault }
  const publisher = new Publisher(publishing, published)
  try {
    publisher.add(found.entries)
    await publisher.flush()
    await journal.begin(next)
  } catch (error) {
    // Otherwise it would retry and keep the process alive although opening failed.
    publisher.abandon()
    throw error
  }
  // Every entry in them is published, so a file that cannot be removed does no harm.
  for (const number of found.segments) await files.remove(segmentPath(join(dir, 'journal'), number)).catch(onFault)
  const log = new Log({ ...options, dir, files, journal, publisher, unlock, onFailure, onFault, next })
  await log.readNewest()
  publisher.showToWitnesses()
  return log
}

interface LogParts {
  readonly dir: string
  readonly origin: string
  readonly files: Files
  readonly journal: JournalWriter
  readonly publisher: Publisher
  readonly unlock: () => void
  readonly onFailure: 'deny' | 'buffer'
  readonly onFault: (error: unknown) => void
  readonly next: number
}

class Log implements OpenLog {
  readonly origin: string
  readonly #parts: LogParts
  readonly #sequencer: Sequencer
  readonly #listeners = new Set<() => void>()
  #newestAt: EpochMillis | undefined
  #closing: Promise<void> | undefined

  constructor(parts: LogParts) {
    this.origin = parts.origin
    this.#parts = parts
    this.#sequencer = new Sequencer({
      ...parts,
      maxWaitingBytes: MAX_WAITING_BYTES,
      maxWaitMs: MAX_WAIT_MS,
      onSequenced: (entries, bytes) => this.#onSequenced(entries, bytes),
    })
  }

  get sequenced(): number {
    return this.#sequencer.next
  }

  get published(): number {
    return this.#parts.publisher.edge.size
  }

  get healthy(): boolean {
    return this.#sequencer.isHealthy && !(this.#parts.publisher.isFailing || this.#closing || this.#isBehind())
  }

  async append(entries: readonly Entry[]): ReturnType<DecisionLog['append']> {
    const bytes = entries.map(encode)
    if (this.#isBehind()) await this.#keepUp()
    return this.#sequencer.append(entries, bytes)
  }

  newestAt(): EpochMillis | undefined {
    return this.#newestAt
  }

  checkpoint(): Promise<string | undefined> {
    return Promise.resolve(this.#parts.publisher.checkpoint)
  }

  async tile(tile: Tile): Promise<Uint8Array | undefined> {
    const { dir, files, publisher } = this.#parts
    if (tile.width > tileWidth(tile.level, tile.index, publisher.edge.size)) return undefined
    return files.read(join(dir, tilePath(tile)))
  }

  async prove(index: number): Promise<string> {
    const { dir, files, publisher } = this.#parts
    if (!(index >= 0 && index < this.sequenced)) throw new RangeError(`there is no entry ${index}`)
    await publisher.cover(index + 1)
    const { edge, checkpoint } = publisher
    if (checkpoint === undefined) throw new Fault('log_unavailable', 'there is no checkpoint')
    return proveInclusion({ dir, files, edge, checkpoint }, index)
  }

  async read(from: number): Promise<readonly RawEntry[]> {
    const { dir, files, publisher } = this.#parts
    const inMemory = publisher.fromMemory(from, TILE_WIDTH)
    if (inMemory[0]?.index === from || from >= this.sequenced) return inMemory
    const index = Math.floor(from / TILE_WIDTH)
    const bundle = await files.read(join(dir, tilePath({ level: 'entries', index, width: TILE_WIDTH })))
    const first = index * TILE_WIDTH
    const entries = bundle ? decodeBundle(bundle).entries : []
    if (entries.length !== TILE_WIDTH)
      throw new Fault(
        'log_unavailable',
        `entry bundle ${index} is missing or damaged, or archived: then restore it first (npm run log -- unseal)`,
      )
    return entries.map((bytes, offset) => ({ index: first + offset, bytes })).slice(from - first)
  }

  archived(): Promise<number> {
    return archivedEntries(this.#parts.files, this.#parts.dir)
  }

  onSequenced(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Reads the times of the newest entries: those in the last bundle. */
  async readNewest(): Promise<void> {
    const last = this.sequenced - 1
    if (last < 0) return
    for (const { bytes } of await this.read(Math.floor(last / TILE_WIDTH) * TILE_WIDTH)) {
      const entry = parseLogEntry(JSON.parse(new TextDecoder().decode(bytes)))
      if (entry.success) this.#notice(entry.data)
    }
  }

  async #close(): Promise<void> {
    const { journal, publisher, unlock } = this.#parts
    try {
      await this.#sequencer.close()
      await attempt('the last checkpoint could not be published', () => publisher.close())
    } finally {
      const closed = attempt('the journal could not be closed', () =>
        journal.close(this.sequenced, publisher.edge.size),
      )
      await closed.finally(unlock)
    }
  }

  #onSequenced(entries: readonly Entry[], bytes: readonly Uint8Array[]): void {
    this.#parts.publisher.add(bytes)
    for (const entry of entries) this.#notice(entry)
    for (const listener of this.#listeners) listener()
  }

  /** Only entries from the newest `clock_accepted` on count: there an operator accepted an earlier time. */
  #notice(entry: Entry): void {
    if (entry.kind === 'clock_accepted') this.#newestAt = undefined
    this.#newestAt = Math.max(this.#newestAt ?? Number.NEGATIVE_INFINITY, entryTime(entry))
  }

  /** Waits for publication to catch up, since unpublished entries are held in memory. */
  async #keepUp(): Promise<void> {
    const deadline = performance.now() + MAX_WAIT_MS
    while (this.#isBehind()) {
      if (performance.now() >= deadline) throw new Fault('log_unavailable', 'too many entries wait to be published')
      await this.#parts.publisher.ended()
    }
  }

  #isBehind(): boolean {
    return this.#parts.publisher.backlogBytes > MAX_BACKLOG_BYTES
  }
}

/** Validates an entry as `verify` does, so that no other entry gets into the log, and encodes it. */
function encode(entry: Entry, position: number): Uint8Array {
  const serialized = serializeEntry(entry)
  if (!serialized.success)
    throw new Fault('internal', `entry ${position} is none: ${z.prettifyError(serialized.error)}`)
  const bytes = Buffer.from(serialized.text, 'utf8')
  if (bytes.length <= MAX_ENTRY_BYTES) return bytes
  throw refuse(
    'payload_too_large',
    `Entry ${position} (${entry.id}) is ${bytes.length} bytes; an entry is at most ${MAX_ENTRY_BYTES}.`,
    { entry: entry.id },
  )
}
