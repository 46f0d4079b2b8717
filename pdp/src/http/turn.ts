/**
 * Share of the event loop that one request may take at a time.
 *
 * @module
 */

/** Longest turn, in milliseconds: other callers' requests wait so long at most. */
const MOST_MS = 2

/** A turn of the event loop. Work that never waits for input or output would otherwise keep every other request waiting. */
export class Turn {
  #since = performance.now()
  #yielding: Promise<void> | undefined

  /** Whether other requests must be let in now. */
  get isOver(): boolean {
    return performance.now() - this.#since > MOST_MS
  }

  /** Lets other requests in. Everything that shares the turn goes on together. */
  yield(): Promise<void> {
    this.#yielding ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#since = performance.now()
        this.#yielding = undefined
        resolve()
      }),
    )
    return this.#yielding
  }
}
