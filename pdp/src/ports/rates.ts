/**
 * Rate limits that the PDPs of one database share.
 *
 * @module
 */
import { type Fault, type PartyRef, refuse } from '@mandate/protocol'

/** How much each caller may still ask for. */
export interface Rate {
  /**
   * Takes so many at once, or none.
   *
   * @param count - 0 and below takes none.
   * @throws Fault `too_many_requests` with `retry_after` and, of several, `fits` in its members; `payload_too_large` for more than can ever be had.
   */
  spend(caller: string, count?: number): Promise<void>
}

/** A token bucket: it is full at first, and refills evenly. */
export interface Bucket {
  readonly name: string
  readonly capacity: number
  readonly perSecond: number
}

/** What was taken from a bucket. */
export interface Taken {
  /** 0 where not even the least was there. */
  readonly tokens: number
  /** Tokens left in the bucket. */
  readonly left: number
}

/** The buckets of all PDPs. */
export interface TokenBuckets {
  /**
   * Takes as many tokens as there are, at least `least` and at most `most`; none when there are fewer.
   *
   * @throws Fault `relations_unavailable` when the database does not answer.
   */
  take(bucket: Bucket, least: number, most: number): Promise<Taken>
}

/** Counts wrong invitation codes of the last minute, by person. */
export interface WrongCodes {
  /**
   * Counts an attempt as wrong until the returned function is called.
   *
   * @throws Fault `too_many_requests` after too many, whether the code is right or wrong.
   */
  attempt(person: PartyRef): Promise<() => Promise<void>>
}

/** Most wrong codes of one person in {@link WRONG_CODES_MS} milliseconds. */
export const MOST_WRONG_CODES = 10
export const WRONG_CODES_MS = 60_000

export const tooManyWrongCodes = (): Fault => refuse('too_many_requests', 'Too many wrong codes. Wait a minute.')
