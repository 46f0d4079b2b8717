/**
 * Cryptographic random bytes from a pool: a draw from the system takes microseconds however few bytes it is for, and every entry and id needs some.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'

/** Bytes drawn from the system at once. */
const POOL_BYTES = 4_096

/** Hands out each random byte once. */
export class RandomPool {
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  /** One byte. */
  byte(): number {
    return this.#pool[this.#take(1)] ?? 0
  }

  /** @param count - At most the size of the pool. @returns base64url of so many bytes. */
  base64url(count: number): string {
    const at = this.#take(count)
    return this.#pool.toString('base64url', at, at + count)
  }

  #take(count: number): number {
    if (this.#at + count > POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    const at = this.#at
    this.#at += count
    return at
  }
}
