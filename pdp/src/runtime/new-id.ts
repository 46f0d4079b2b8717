/**
 * Makes ids: ULIDs in ascending order.
 *
 * @module
 */
import { monotonicFactory } from 'ulid'
import type { Clock } from '../ports/clock.ts'
import { RandomPool } from './random-pool.ts'

export function createNewId(clock: Clock): () => string {
  const pool = new RandomPool()
  // Each byte is used once; 32 values of a character divide 256 evenly.
  const ulid = monotonicFactory(() => pool.byte() / 256)
  return () => ulid(clock())
}
