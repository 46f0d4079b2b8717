/**
 * What one decision has asked of the relationship store so far.
 *
 * @module
 */

export class RequestStatistics {
  /** Forbids remembered facts. */
  fresh = false
  /** Remembered facts used: a denial that rests on one is asked again. */
  remembered = 0
  /** Requests sent. */
  requests = 0
  /** Requests sent one after another; what is under way at the same time counts once. */
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
