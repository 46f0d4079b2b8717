/**
 * Queues by caller that are served in turn: weighted round robin. Whoever has many items waiting delays the others by one turn at most.
 *
 * @module
 */

/** An item that waits, and whose it is. */
export interface Queued<T> {
  readonly caller: string
  readonly item: T
}

export class CallerQueues<T> {
  /** Items by caller, oldest first. Callers in the order in which they are served; one without items is not in it. */
  readonly #queues = new Map<string, Set<T>>()
  readonly #weightOf: (caller: string) => number
  #size = 0
  /** Items that the caller at the head may still have before the next one's turn. */
  #credit = 0

  /** @param weightOf - Items that a caller gets in one turn, at least 1. @default 1 */
  constructor(weightOf: (caller: string) => number = () => 1) {
    this.#weightOf = weightOf
  }

  /** Number of items of all callers. */
  get size(): number {
    return this.#size
  }

  sizeOf(caller: string): number {
    return this.#queues.get(caller)?.size ?? 0
  }

  push(caller: string, item: T): void {
    const queue = this.#queues.get(caller)
    if (queue) queue.add(item)
    else this.#queues.set(caller, new Set([item]))
    this.#size += 1
  }

  /** @returns whether it was waiting. */
  delete(caller: string, item: T): boolean {
    const queue = this.#queues.get(caller)
    if (!queue?.delete(item)) return false
    this.#size -= 1
    if (queue.size === 0) this.#queues.delete(caller)
    return true
  }

  /**
   * Takes the oldest item of the caller whose turn it is.
   *
   * @param isFree - Whether a caller may have an item now; the others keep their places.
   */
  take(isFree: (caller: string) => boolean = () => true): Queued<T> | undefined {
    for (const [caller, queue] of this.#queues) {
      if (!isFree(caller)) continue
      const [item] = queue
      if (item === undefined) continue
      this.delete(caller, item)
      this.#pass(caller, queue)
      return { caller, item }
    }
    return undefined
  }

  /** Removes the newest item of the caller with the most items. */
  dropFromLongest(): Queued<T> | undefined {
    let longest: readonly [string, Set<T>] | undefined
    for (const one of this.#queues) if (one[1].size > (longest?.[1].size ?? 0)) longest = one
    if (!longest) return undefined
    const [caller, queue] = longest
    const item = [...queue].at(-1) as T
    this.delete(caller, item)
    return { caller, item }
  }

  *[Symbol.iterator](): Generator<Queued<T>> {
    for (const [caller, queue] of this.#queues) for (const item of queue) yield { caller, item }
  }

  /** Moves a caller to the end once its turn is over. */
  #pass(caller: string, queue: Set<T>): void {
    const isHead = this.#queues.keys().next().value === caller
    if (isHead && this.#credit === 0) this.#credit = this.#weightOf(caller)
    if (isHead) this.#credit -= 1
    if (isHead && this.#credit > 0 && queue.size > 0) return
    if (isHead) this.#credit = 0
    if (this.#queues.delete(caller)) this.#queues.set(caller, queue)
  }
}
