/**
 * Reads a shared invalidation log also while no request comes, so that what ends without one ends everywhere: open streams of an ended session, memory
 * of what was changed. Trims the log.
 *
 * @module
 */
import type { ReadBarrier } from '../ports/invalidations.ts'

export interface LogTailOptions {
  readonly barrier: Pick<ReadBarrier, 'pass'>
  /** Deletes old events. */
  readonly trim: () => Promise<void>
  readonly onFault: (error: unknown) => void
  /** Intervals in milliseconds. */
  readonly readEvery?: number
  readonly trimEvery?: number
}

const READ_EVERY_MS = 1_000
const TRIM_EVERY_MS = 60_000

export class LogTail {
  readonly #options: LogTailOptions
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #running = new Set<Promise<unknown>>()
  /** One message for each time that the log cannot be read, not one for each read. */
  #isFailing = false

  constructor(options: LogTailOptions) {
    this.#options = options
    const { readEvery = READ_EVERY_MS, trimEvery = TRIM_EVERY_MS } = options
    this.#timers = [
      setInterval(() => this.#run(async () => options.barrier.pass()), readEvery).unref(),
      setInterval(() => this.#run(options.trim), trimEvery).unref(),
    ]
  }

  #run(task: () => Promise<unknown>): void {
    const running = task()
      .then(() => {
        this.#isFailing = false
      })
      .catch((error: unknown) => {
        if (!this.#isFailing) this.#options.onFault(error)
        this.#isFailing = true
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#running)
  }
}
