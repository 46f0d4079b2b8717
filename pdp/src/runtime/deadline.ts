/**
 * How long whoever asks still waits, wherever a question leads within this process. It bounds the waiting for others, not the record: what was
 * decided in time is written down.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Instants of `performance.now()`. */
const patience = new AsyncLocalStorage<number>()

/** Runs `work`, and all that it begins, for somebody who waits so many milliseconds more. */
export function withDeadline<T>(ms: number, work: () => T): T {
  return patience.run(performance.now() + ms, work)
}

/** Milliseconds until nobody waits any more, at least 0; `undefined` when nobody said. */
export function deadlineLeftMs(): number | undefined {
  const until = patience.getStore()
  return until === undefined ? undefined : Math.max(0, Math.ceil(until - performance.now()))
}
