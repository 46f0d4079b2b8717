/**
 * What one decision sends to the relationship store, and the facts from memory that it rests on.
 *
 * @module
 */

/** A fact in memory, as it was read once. */
export interface UsedFact {
  /** When its read had the answer; compare with the stamp of a read barrier. */
  readonly stamp: number
  /** `false` once a change has made it stale, or it was evicted. */
  readonly isCurrent: boolean
}

export class RequestStatistics {
  /** Whether to bypass the cache. */
  fresh = false
  /** Whether to ask the relationship store itself, past the memory that the read barrier keeps true. */
  direct = false
  /** Cached facts used: a denial that rests on one is decided again with `fresh`. */
  remembered = 0
  /** Facts from memory used: {@link Relations.confirm} looks whether they were all true at one moment. */
  used: UsedFact[] = []
  /** Before the first read of what memory does not hold (the store, the register): facts from memory must have been true from then on. */
  askedFrom = Number.POSITIVE_INFINITY
  /** After the last such read: facts from memory must still have been true then. */
  askedAt = 0
  /** `Relations.notesVersion` when the decision began. */
  notes = 0
  /** Requests sent. */
  requests = 0
  /** Requests sent one after another; parallel requests count once. */
  roundTrips = 0
  #inFlight = 0

  /** Forgets the facts used: the decision is made again. */
  again(): void {
    this.used = []
    this.askedFrom = Number.POSITIVE_INFINITY
    this.askedAt = 0
    this.remembered = 0
  }

  /** Counts one request. */
  async request<T>(send: () => Promise<T>): Promise<T> {
    this.requests += 1
    if (this.#inFlight === 0) this.roundTrips += 1
    this.#inFlight += 1
    try {
      return await send()
    } finally {
      this.#inFlight -= 1
    }
  }
}
