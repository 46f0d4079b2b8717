/**
 * The read barrier over an invalidation log. Callers that wait at the same time share one read; a call while a read is under way waits for the next
 * one, since that read may have begun before the caller's request arrived.
 *
 * @module
 */
import type { InvalidationListener, InvalidationLog, LogPosition, ReadBarrier, Stamp } from '../ports/invalidations.ts'

export class LogBarrier implements ReadBarrier {
  readonly #log: InvalidationLog
  readonly #listeners: InvalidationListener[] = []
  #position: LogPosition | undefined
  #stamp: Stamp = 0
  /** The read that has not begun; later callers share it. */
  #next: Promise<Stamp> | undefined
  #running: Promise<unknown> | undefined

  constructor(log: InvalidationLog) {
    this.#log = log
  }

  stamp(): Stamp {
    this.#stamp += 1
    return this.#stamp
  }

  listen(listener: InvalidationListener): void {
    this.#listeners.push(listener)
  }

  pass(): Promise<Stamp> {
    this.#next ??= this.#afterRunning()
    return this.#next
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
    if (!this.#position) return this.#restart()
    const events = await this.#log.read(this.#position)
    if (!events) return this.#restart()
    for (const event of events) {
      for (const listener of this.#listeners) listener.apply(event)
      this.#position = { seq: event.seq, token: event.token }
    }
  }

  async #restart(): Promise<void> {
    const start = await this.#log.start()
    for (const listener of this.#listeners) listener.reset(start)
    this.#position = start.position
  }
}
