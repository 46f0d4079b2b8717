/**
 * A rate limit that several PDPs share without a database call per request: each PDP takes blocks of tokens from a shared bucket and spends them from
 * memory. Together they never let in more than one PDP would. A caller of several PDPs may be refused early, by the unspent rest of a block on each of
 * the others.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { RateLimit, type RateOptions, tooManyRequests } from '@mandate/service'
import type { Rate, TokenBuckets } from '../ports/rates.ts'
import { LruCache } from '../runtime/lru-cache.ts'

/** Share of a bucket that one block has, at most. */
const BLOCK_SHARE = 0.1
/** Lifetime of a block, in milliseconds: much longer than a bucket needs to replace it, so that what is lost does not matter. */
const BLOCK_MS = 10_000
/** Callers with a block in memory, at most. */
const CALLERS = 10_000

export interface SharedRateOptions extends RateOptions {
  /** Distinguishes the limits of one caller. */
  readonly name: string
  readonly buckets: TokenBuckets
  /** Monotonic clock, in milliseconds. */
  readonly now?: () => number
}

interface Block {
  tokens: number
  until: number
  /** The last call to the database. Never rejects. */
  last: Promise<unknown>
}

export class SharedRate implements Rate {
  readonly #options: SharedRateOptions
  readonly #capacity: number
  /** What is left to this PDP while the database does not answer. */
  readonly #alone: RateLimit
  readonly #blocks = new LruCache<Block>(CALLERS)
  readonly #now: () => number

  constructor(options: SharedRateOptions) {
    this.#options = options
    this.#alone = new RateLimit(options)
    this.#capacity = Math.max(1, Math.floor(options.perSecond)) + (options.burst ?? 0)
    this.#now = options.now ?? (() => performance.now())
  }

  async spend(caller: string, count = 1): Promise<void> {
    if (count <= 0) return
    if (count > this.#alone.most) throw this.#alone.tooLarge(count)
    const block = this.#blockOf(caller)
    if (this.#spendFrom(block, count)) return
    const turn = block.last.then(() => this.#spendShared(block, caller, count))
    block.last = turn.catch(() => undefined)
    await turn
  }

  #blockOf(caller: string): Block {
    const known = this.#blocks.get(caller)
    if (known) return known
    const block = { tokens: 0, until: 0, last: Promise.resolve() }
    this.#blocks.set(caller, block)
    return block
  }

  #spendFrom(block: Block, count: number): boolean {
    if (this.#now() >= block.until) block.tokens = 0
    if (block.tokens < count) return false
    block.tokens -= count
    return true
  }

  async #spendShared(block: Block, caller: string, count: number): Promise<void> {
    // An earlier call may have brought enough.
    if (this.#spendFrom(block, count)) return
    const { name, buckets, perSecond, unit = 'requests' } = this.#options
    const least = count - block.tokens
    const most = Math.max(least, Math.ceil(this.#capacity * BLOCK_SHARE))
    const bucket = { name: `${name} ${caller}`, capacity: this.#capacity, perSecond }
    const taken = await buckets.take(bucket, least, most).catch((error: unknown) => {
      if (error instanceof Fault) return undefined
      throw error
    })
    if (!taken) return this.#alone.spend(caller, count)
    if (taken.tokens > 0) {
      block.tokens += taken.tokens - count
      block.until = this.#now() + BLOCK_MS
      return
    }
    const waitMs = ((least - taken.left) / perSecond) * 1_000
    if (count === 1) throw tooManyRequests('rate limit', waitMs)
    const fits = Math.floor(block.tokens + taken.left)
    const detail = `It counts as its ${count} ${unit}; ${fits} fit now.`
    throw tooManyRequests('rate limit', waitMs, { detail, members: { fits } })
  }
}
