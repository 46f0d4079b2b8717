/**
 * Makes ids: ULIDs in ascending order.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Clock } from '../ports/clock.ts'

/** Random bytes drawn from the system at once: a draw takes microseconds, and an id needs sixteen bytes. */
const POOL_BYTES = 4_096

export function createNewId(clock: Clock): () => string {
  const pool = new Uint8Array(POOL_BYTES)
  let at = POOL_BYTES
  const random = (): number => {
    if (at === POOL_BYTES) {
      randomFillSync(pool)
      at = 0
    }
    const byte = pool[at] ?? 0
    at += 1
    // Each byte is used once; 32 values of a character divide 256 evenly.
    return byte / 256
  }
  const ulid = monotonicFactory(random)
  return () => ulid(clock())
}
