/**
 * Integrates sequenced entries into tiles and publishes signed checkpoints, one at a time and at least every `checkpointEveryMs` while entries
 * arrive. While no entries arrive, a checkpoint is sent again to witnesses that have not cosigned it. Write order: tiles, their directories,
 * checkpoint, its directory; only then journal segments are removed.
 *
 * @module
 */
import { dirname, join } from 'node:path'
import { Fault, signCheckpoint } from '@mandate/protocol'
import type { RawEntry } from '../ports/log.ts'
import type { Files } from './files.ts'
import type { Published } from './recover.ts'
import type { LogSigner } from './signer.ts'
import { grow, rootOfEdge, type TreeEdge } from './tree.ts'
import type { Cosign } from './witnesses.ts'

/** Most entries integrated at once: bounds memory and the duration of one publication. */
const MAX_BATCH = 8192
const WRITES_AT_ONCE = 8
const RETRY_MS = 250

export interface PublisherOptions {
  readonly files: Files
  /** Absolute path of the log. */
  readonly directory: string
  readonly signer: LogSigner
  readonly checkpointEveryMs: number
  /** Adds cosignatures before a checkpoint is published, when its tiles are durable. Never rejects. */
  readonly cosign?: Cosign | undefined
  /** Called with every durable checkpoint. Must return at once. */
  readonly onCheckpoint?: ((checkpoint: string) => void) | undefined
  /** Called with the tree's size when a publication is durable. */
  readonly onPublished: (size: number) => Promise<void>
  readonly onFault: (error: unknown) => void
}

export class Publisher {
  readonly #options: PublisherOptions
  #edge: TreeEdge
  #checkpoint: string | undefined
  /** Entries sequenced and not yet published; the first has index `#edge.size`. */
  #backlog: Uint8Array[] = []
  #backlogBytes = 0
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Timer that runs while a cosignature is missing on the newest checkpoint. */
  #witnessTimer: NodeJS.Timeout | undefined
  #lastStart = Number.NEGATIVE_INFINITY
  #temporary = 0
  #isFailing = false
  #isClosed = false
  /** A request for missing cosignatures in flight, outside of a publication. */
  #isShowing = false
  /** Callers that wait for the end of a publication, successful or not. */
  #waiting: (() => void)[] = []

  constructor(options: PublisherOptions, { edge, checkpoint }: Published) {
    this.#options = options
    this.#edge = edge
    this.#checkpoint = checkpoint
  }

  get checkpoint(): string | undefined {
    return this.#checkpoint
  }

  get edge(): TreeEdge {
    return this.#edge
  }

  get isFailing(): boolean {
    return this.#isFailing
  }

  /** Bytes of the unpublished entries. */
  get backlogBytes(): number {
    return this.#backlogBytes
  }

  /** Queues entries that are durable in the journal. They must follow the queued ones. */
  add(entries: readonly Uint8Array[]): void {
    for (const entry of entries) {
      this.#backlog.push(entry)
      this.#backlogBytes += entry.length
    }
    this.#schedule()
  }

  /** Entries from index `from` on that are in no full bundle on disk. */
  fromMemory(from: number, limit: number): readonly RawEntry[] {
    const { size, bundle } = this.#edge
    const start = size - bundle.length
    const inBundle = bundle.slice(Math.max(0, from - start), Math.max(0, from - start) + limit)
    const at = Math.max(0, from - size)
    const entries = [...inBundle, ...this.#backlog.slice(at, at + limit - inBundle.length)]
    return entries.map((bytes, offset) => ({ index: Math.max(from, start) + offset, bytes }))
  }

  /** Resolves when the current publication, or else the next one, has ended, successful or not. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /**
   * Resolves when the published checkpoint covers `size` entries, which must be sequenced. Publishes at once if it does not yet.
   *
   * @throws Fault `log_unavailable` when publishing fails or the log is closed.
   */
  async cover(size: number): Promise<void> {
    while (this.#edge.size < size) {
      if (this.#isClosed) throw new Fault('log_unavailable', 'the log is closed')
      this.#schedule(0)
      await this.ended()
      if (this.#isFailing) throw new Fault('log_unavailable', 'no checkpoint can be published')
    }
  }

  /** Asks every witness for a missing cosignature of the newest checkpoint, now and until it has one; also after a restart. */
  showToWitnesses(): void {
    this.#isShowing = true
    this.#cosignAgain(0)
  }

  /** Publishes every sequenced entry. Rejects on failure; the entries stay in the journal. */
  async flush(): Promise<void> {
    await this.#running?.catch(() => undefined)
    do await this.#publish()
    while (this.#backlog.length > 0)
  }

  /** Publishes every sequenced entry and stops accepting more. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#witnessTimer)
    try {
      await this.flush()
    } finally {
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Stops without publishing: unpublished entries stay in the journal. */
  abandon(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#witnessTimer)
  }

  /** Schedules the next publication: at the next checkpoint's time, at once when a full batch waits, after `delayMs` following a failure. */
  #schedule(delayMs?: number): void {
    if (this.#running || this.#isClosed || this.#backlog.length === 0) return
    const isFull = this.#backlog.length >= MAX_BATCH && !this.#isFailing
    if (this.#timer && !isFull && delayMs !== 0) return
    clearTimeout(this.#timer)
    const untilDue = isFull ? 0 : this.#lastStart + this.#options.checkpointEveryMs - performance.now()
    this.#timer = setTimeout(() => this.#run(), Math.max(0, delayMs ?? untilDue))
  }

  #run(): void {
    this.#timer = undefined
    this.#running = this.#publish().then(
      () => this.#settle(),
      (error: unknown) => {
        this.#options.onFault(error)
        this.#settle(RETRY_MS)
      },
    )
  }

  /** @param delayMs - Absent when no cosignature is missing. */
  #cosignAgain(delayMs: number | undefined): void {
    clearTimeout(this.#witnessTimer)
    if (delayMs === undefined || !this.#isShowing || this.#isClosed || !this.#options.cosign) return
    this.#witnessTimer = setTimeout(() => this.#runCosigning(), delayMs)
  }

  /** Not during a publication, which asks all witnesses for a newer checkpoint. */
  #runCosigning(): void {
    const checkpoint = this.#checkpoint
    if (checkpoint === undefined) return
    if (this.#running || this.#backlog.length > 0) {
      this.#cosignAgain(RETRY_MS)
      return
    }
    this.#running = this.#cosigned(this.#edge, checkpoint)
      .then(async (cosigned) => {
        if (cosigned !== checkpoint) this.#checkpoint = await this.#replaceCheckpoint(cosigned)
      })
      .then(
        () => this.#settle(),
        (error: unknown) => {
          this.#options.onFault(error)
          this.#cosignAgain(RETRY_MS)
          this.#settle()
        },
      )
  }

  #settle(delayMs?: number): void {
    this.#running = undefined
    this.#schedule(delayMs)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #publish(): Promise<void> {
    if (this.#backlog.length === 0 && this.#checkpoint !== undefined) return
    this.#lastStart = performance.now()
    const batch = this.#backlog.slice(0, MAX_BATCH)
    const { edge, files, outgrown } = grow(this.#edge, batch)
    try {
      await this.#writeTiles(files)
      this.#checkpoint = await this.#writeCheckpoint(edge)
      this.#isFailing = false
    } catch (error) {
      this.#isFailing = true
      throw error
    }
    this.#edge = edge
    this.#backlog = this.#backlog.slice(batch.length)
    for (const entry of batch) this.#backlogBytes -= entry.length
    await this.#tidy(outgrown)
  }

  async #writeCheckpoint(edge: TreeEdge): Promise<string> {
    const { signer } = this.#options
    const head = { origin: signer.name, size: edge.size, root: rootOfEdge(edge), extensions: [] }
    const own = await signCheckpoint(head, signer, ...(signer.older ?? []))
    return await this.#replaceCheckpoint(await this.#cosigned(edge, own))
  }

  async #cosigned(edge: TreeEdge, checkpoint: string): Promise<string> {
    const { directory, files, cosign } = this.#options
    if (!cosign) return checkpoint
    const cosigned = await cosign({ files, dir: directory, edge, checkpoint })
    this.#cosignAgain(cosigned.againInMs)
    return cosigned.checkpoint
  }

  async #replaceCheckpoint(checkpoint: string): Promise<string> {
    const { directory, files, onCheckpoint } = this.#options
    await this.#replace('checkpoint', new TextEncoder().encode(checkpoint))
    await files.syncDirectory(directory)
    onCheckpoint?.(checkpoint)
    return checkpoint
  }

  /** Removes partial tiles that full tiles replaced. A file that cannot be removed does no harm. */
  async #tidy(outgrown: readonly string[]): Promise<void> {
    const { directory, files, onFault, onPublished } = this.#options
    try {
      for (const path of outgrown) await files.remove(join(directory, path))
      await onPublished(this.#edge.size)
    } catch (error) {
      onFault(error)
    }
  }

  async #writeTiles(tiles: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const { directory, files } = this.#options
    const parents = new Set([...tiles.keys()].map((path) => join(directory, dirname(path))))
    for (const parent of parents) await files.makeDirectory(parent)
    const left = [...tiles]
    const work = async (): Promise<void> => {
      for (let tile = left.pop(); tile; tile = left.pop()) await this.#replace(tile[0], tile[1])
    }
    const writers = Array.from({ length: WRITES_AT_ONCE }, work)
    await Promise.allSettled(writers)
    await Promise.all(writers)
    for (const parent of parents) await files.syncDirectory(parent)
  }

  #replace(path: string, bytes: Uint8Array): Promise<void> {
    const { directory, files } = this.#options
    this.#temporary += 1
    return files.replace(join(directory, path), bytes, join(directory, 'tmp', String(this.#temporary)))
  }
}
