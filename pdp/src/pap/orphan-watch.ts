/**
 * Looks for changes of PDPs that died or were cut off, so that this PDP finishes or undoes them.
 *
 * @module
 */
import type { Leases } from '../ports/leases.ts'

/** Interval, in milliseconds. One query each time. */
const LOOK_EVERY_MS = 1_000

export interface OrphanWatchOptions {
  readonly leases: Pick<Leases, 'orphans'>
  /** Called each time there are some. */
  readonly onOrphans: () => void
}

export class OrphanWatch {
  readonly #options: OrphanWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: OrphanWatchOptions) {
    this.#options = options
    this.#wait()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  async #look(): Promise<void> {
    try {
      if ((await this.#options.leases.orphans()).length > 0) this.#options.onOrphans()
    } catch {
      // The database does not answer: readiness and requests say so.
    }
    if (!this.#isClosed) this.#wait()
  }
}
