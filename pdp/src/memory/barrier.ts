/**
 * The read barrier over an invalidation log. Callers that wait at the same time share one read; a call while a read is under way waits for the next
 * one, since that read may have begun before the caller's request arrived.
 *
 * @module
 */

import type { Awaitable } from '../ports/awaitable.ts'
import type {
  InvalidationEvent,
  InvalidationListener,
  InvalidationLog,
  LogPosition,
  ReadBarrier,
  Stamp,
} from '../ports/invalidations.ts'
import { currentSpan, traced } from '../ports/tracing.ts'

/** What a barrier reports, for metrics. */
export interface BarrierObserver {
  /** A caller has passed, or could not, after `ms` milliseconds. Not called for a log that is not shared. */
  readonly passed: (outcome: 'passed' | 'failed', ms: number) => void
  readonly applied: (event: InvalidationEvent) => void
  readonly reset: () => void
}

const NOBODY: BarrierObserver = { passed: () => undefined, applied: () => undefined, reset: () => undefined }

/** How far memory is behind with the barrier off: as systems are that read changes from time to time. */
const LATE_MS = 200

export class LogBarrier implements ReadBarrier {
  readonly #log: InvalidationLog
  readonly #observer: BarrierObserver
  readonly #listeners: InvalidationListener[] = []
  /** The last event that was applied. `undefined`: memory must be reset before it may be used. */
  #position: LogPosition | undefined
  /** Set apart from the position, which a read that is under way moves on. */
  #mustForget = false
  #stamp: Stamp = 0
  /** The read that has not begun; later callers share it. */
  #next: Promise<Stamp> | undefined
  #running: Promise<unknown> | undefined
  /** Events of a log that is not shared, committed while memory is being reset. */
  #early: InvalidationEvent[] | undefined

  readonly #isOff: boolean
  /** With the barrier off: the read that follows some time later. */
  #late: NodeJS.Timeout | undefined

  /** @param options - `isOff`: callers do not wait, and memory follows the log later. Only for a test that must find stale decisions. */
  constructor(log: InvalidationLog, observer: BarrierObserver = NOBODY, options: { readonly isOff?: boolean } = {}) {
    this.#log = log
    this.#observer = observer
    this.#isOff = options.isOff ?? false
    log.subscribe?.((event) => {
      if (this.#early) this.#early.push(event)
      else if (this.#position) this.#apply(event)
    })
  }

  stamp(): Stamp {
    this.#stamp += 1
    return this.#stamp
  }

  listen(listener: InvalidationListener): void {
    this.#listeners.push(listener)
    // The next barrier resets all memory, this one's too.
    this.#position = undefined
  }

  forgetAll(): void {
    this.#mustForget = true
  }

  pass(): Awaitable<Stamp> {
    const isCurrent = this.#position !== undefined && !this.#mustForget
    // Events of a log that is not shared are applied as they are committed.
    if (isCurrent && !this.#log.isShared) return this.stamp()
    if (isCurrent && this.#isOff) return this.#passLater()
    this.#next ??= this.#measured(this.#afterRunning())
    const passing = this.#next
    return traced(currentSpan(), 'read barrier', () => passing)
  }

  #passLater(): Stamp {
    this.#late ??= setTimeout(() => {
      this.#late = undefined
      const before = Promise.resolve(this.#running).catch(() => undefined)
      this.#running = before.then(() => this.#read()).catch(() => undefined)
    }, LATE_MS).unref()
    return this.stamp()
  }

  async #measured(passing: Promise<Stamp>): Promise<Stamp> {
    const arrived = performance.now()
    try {
      const stamp = await passing
      this.#observer.passed('passed', performance.now() - arrived)
      return stamp
    } catch (error) {
      this.#observer.passed('failed', performance.now() - arrived)
      throw error
    }
  }

  async #afterRunning(): Promise<Stamp> {
    // At least one turn of the microtask queue, so that callers of the same turn share the read.
    await this.#running?.catch(() => undefined)
    this.#next = undefined
    const began = this.stamp()
    const reading = this.#read()
    this.#running = reading
    try {
      await reading
    } finally {
      if (this.#running === reading) this.#running = undefined
    }
    return began
  }

  async #read(): Promise<void> {
    if (this.#mustForget) this.#position = undefined
    this.#mustForget = false
    const events = this.#position && (await this.#log.read(this.#position))
    if (events) for (const event of events) this.#apply(event)
    else await this.#restart()
    for (const listener of this.#listeners) if (listener.settle) await listener.settle()
  }

  #apply(event: InvalidationEvent): void {
    for (const listener of this.#listeners) listener.apply(event)
    this.#position = { seq: event.seq, token: event.token }
    this.#observer.applied(event)
  }

  async #restart(): Promise<void> {
    this.#position = undefined
    const early: InvalidationEvent[] = []
    this.#early = early
    try {
      const start = await this.#log.start()
      const loaded = await Promise.all(this.#listeners.map(async (listener) => listener.load?.()))
      for (const listener of this.#listeners) listener.reset(start)
      for (const put of loaded) put?.()
      this.#position = start.position
      this.#observer.reset()
    } finally {
      this.#early = undefined
    }
    for (const event of early) this.#apply(event)
  }
}
