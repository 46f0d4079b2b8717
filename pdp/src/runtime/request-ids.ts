/**
 * Ids of requests that came without one. The PDP remembers which it made: a random id of its own is no person's sub and needs no look-up.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'

/** Ids in a generation; the last two generations are remembered. A request under way for longer has its id looked up, like those of callers. */
const GENERATION = 8_192

/** Makes request ids and remembers the newest. */
export class RequestIds {
  #young = new Set<string>()
  #old: ReadonlySet<string> = new Set()

  /** Makes an id: a random UUID. */
  create(): string {
    const id = randomUUID()
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Set()
    }
    this.#young.add(id)
    return id
  }

  /** Whether the id is one of the newest that were made here. */
  isOwn(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }
}

/** The request ids of this process. */
export const requestIds = new RequestIds()
