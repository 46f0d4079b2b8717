/**
 * Counts the requests that one decision sends to the relationship store, and the cached facts that it uses.
 *
 * @module
 */

export class RequestStatistics {
  /** Whether to bypass the cache. */
  fresh = false
  /** Cached facts used: a denial that rests on one is decided again with `fresh`. */
  remembered = 0
  /** Requests sent. */
  requests = 0
  /** Requests sent one after another; parallel requests count once. */
  roundTrips = 0
  #inFlight = 0

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
