/**
 * Assigns indexes to entries and makes them durable by group commit: one write and one sync for all waiting appends. While one group is being
 * written the next one collects; no append waits for a timer.
 *
 * @module
 */
import { type Entry, Fault } from '@mandate/protocol'
import type { Sequenced } from '../ports/log.ts'
import type { Span } from '../ports/span.ts'
import { currentSpan } from '../ports/tracing.ts'
import type { JournalWriter } from './journal.ts'

const MAX_GROUP_BYTES = 1024 * 1024
/** Interval between retries while the log cannot be written, in milliseconds. */
const HEAL_EVERY_MS = 250

/** A pending append: canonical bytes of its entries, appended all or none. */
interface Waiting {
  readonly entries: readonly Entry[]
  readonly bytes: readonly Uint8Array[]
  readonly size: number
  /** The span of its request. */
  readonly span: Span | undefined
  /** `performance.now()` at which it is rejected if it still waits. */
  readonly deadline: number
  readonly resolve: (sequenced: readonly Sequenced[]) => void
  readonly reject: (fault: Fault) => void
}

export interface SequencerOptions {
  readonly journal: JournalWriter
  /** Index of the next entry. */
  readonly next: number
  readonly onFailure: 'deny' | 'buffer'
  /** Most bytes that may wait, in either mode. */
  readonly maxWaitingBytes: number
  /** Longest wait of an append, in milliseconds: for a slow write before it and, in mode `buffer`, for a log that cannot be written. */
  readonly maxWaitMs: number
  readonly onSequenced: (entries: readonly Entry[], bytes: readonly Uint8Array[]) => void
  readonly onFault: (error: unknown) => void
}

type State = 'open' | 'broken' | 'closed'

export class Sequencer {
  readonly #options: SequencerOptions
  #state: State = 'open'
  #next: number
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** `performance.now()` at which the write in progress began. */
  #writingSince: number | undefined
  #draining: Promise<void> | undefined
  #healing: Promise<void> | undefined
  #isClosing = false
  #timer: NodeJS.Timeout | undefined
  #cause: unknown

  constructor(options: SequencerOptions) {
    this.#options = options
    this.#next = options.next
  }

  /** Index of the next entry. */
  get next(): number {
    return this.#next
  }

  /** Whether writes succeed within their time limit. */
  get isHealthy(): boolean {
    const since = this.#writingSince ?? Number.POSITIVE_INFINITY
    return this.#state === 'open' && performance.now() - since < this.#options.maxWaitMs
  }

  append(entries: readonly Entry[], bytes: readonly Uint8Array[]): Promise<readonly Sequenced[]> {
    if (entries.length === 0) return Promise.resolve([])
    let size = 0
    for (const entry of bytes) size += entry.length
    const objection = this.#objection(size)
    if (objection) return Promise.reject(unavailable(objection, this.#cause))
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#options.maxWaitMs
      this.#waiting.push({ entries, bytes, size, deadline, resolve, reject, span: currentSpan() })
      this.#waitingBytes += size
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when every waiting append is durable or rejected; no further writes. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#state === 'broken') this.#refuse(this.#waiting, unavailable('the log is closed', this.#cause))
    await this.#draining
    clearTimeout(this.#timer)
    await this.#healing
    this.#refuse(this.#waiting, unavailable('the log is closed', this.#cause))
    this.#state = 'closed'
  }

  #objection(size: number): string | undefined {
    if (this.#isClosing) return 'the log is closed'
    if (this.#state === 'broken' && this.#options.onFailure === 'deny') return 'the log cannot be written'
    return this.#waitingBytes + size > this.#options.maxWaitingBytes ? 'too much waits for the log' : undefined
  }

  /** Writes groups until no append waits. Appends of the same event-loop turn share a group. Never rejects. */
  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0 && this.#state === 'open') await this.#write(this.#takeGroup())
    this.#draining = undefined
  }

  #takeGroup(): readonly Waiting[] {
    let bytes = 0
    let count = 0
    for (const { size } of this.#waiting) {
      if (count > 0 && bytes + size > MAX_GROUP_BYTES) break
      bytes += size
      count += 1
    }
    const group = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    return group
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const bytes = group.flatMap((append) => append.bytes)
    const watch = setInterval(() => this.#refuseLate(), this.#options.maxWaitMs / 4)
    this.#writingSince = performance.now()
    const sync = syncSpanOf(group)
    try {
      await this.#options.journal.append(this.#next, bytes)
      sync?.end({ 'mandate.entries': bytes.length })
    } catch (error) {
      sync?.end({ 'mandate.entries': bytes.length, 'error.type': 'log_unavailable' })
      this.#break(group, error)
      return
    } finally {
      clearInterval(watch)
      this.#writingSince = undefined
    }
    this.#answer(group, bytes)
  }

  #answer(group: readonly Waiting[], bytes: readonly Uint8Array[]): void {
    let index = this.#next
    this.#next += bytes.length
    this.#options.onSequenced(
      group.flatMap(({ entries }) => entries),
      bytes,
    )
    for (const { entries, resolve, size } of group) {
      const first = index
      this.#waitingBytes -= size
      resolve(entries.map(({ id }, offset) => ({ index: first + offset, id })))
      index += entries.length
    }
  }

  /** Handles a failed journal write: rejects waiting appends, or keeps them waiting in mode `buffer`. */
  #break(group: readonly Waiting[], cause: unknown): void {
    this.#state = 'broken'
    this.#cause = cause
    this.#waiting = [...group, ...this.#waiting]
    this.#options.onFault(cause)
    if (this.#options.onFailure === 'deny') this.#refuse(this.#waiting, unavailable('the log cannot be written', cause))
    this.#healLater()
  }

  #healLater(): void {
    if (this.#isClosing) return
    this.#timer = setTimeout(() => {
      this.#healing = this.#heal()
    }, HEAL_EVERY_MS)
  }

  /** Begins a new segment; once that is durable, writing resumes. Retried while the log is open. */
  async #heal(): Promise<void> {
    this.#refuseLate()
    try {
      await this.#options.journal.begin(this.#next)
    } catch (error) {
      this.#cause = error
      this.#healLater()
      return
    }
    this.#state = 'open'
    this.#cause = undefined
    if (this.#waiting.length > 0) this.#draining ??= this.#drain()
  }

  /** Rejects appends that waited too long and are not being written. */
  #refuseLate(): void {
    const now = performance.now()
    const late = this.#waiting.filter(({ deadline }) => deadline <= now)
    if (late.length > 0) this.#refuse(late, unavailable('the log did not take it in time', this.#cause))
  }

  #refuse(appends: readonly Waiting[], fault: Fault): void {
    const gone = new Set(appends)
    this.#waiting = this.#waiting.filter((append) => !gone.has(append))
    for (const { reject, size } of appends) {
      this.#waitingBytes -= size
      reject(fault)
    }
  }
}

/** One write and sync, below the span of the first request in its group and linked to those of all. */
function syncSpanOf(group: readonly Waiting[]): Span | undefined {
  const spans = group.flatMap(({ span }) => span ?? [])
  return spans[0]?.shared('log sync', spans.slice(1))
}

function unavailable(message: string, cause?: unknown): Fault {
  return new Fault('log_unavailable', message, cause === undefined ? {} : { cause })
}
