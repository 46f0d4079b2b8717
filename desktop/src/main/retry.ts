/**
 * Repeats work until it is done, with exponential back-off and jitter.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryOptions {
  readonly end: AbortSignal
  /** Delay after the first failure, in milliseconds. Doubles with each failure in a row. */
  readonly firstMs: number
  /** Longest delay, in milliseconds. */
  readonly mostMs: number
}

/**
 * Resolves when the work is done, or `end` is aborted. Never rejects.
 *
 * @param work - `progress`: repeat after the first delay. `failed`, or a rejection: repeat later.
 */
export async function retryUntilDone(
  work: () => Promise<'done' | 'progress' | 'failed'>,
  { end, firstMs, mostMs }: RetryOptions,
): Promise<void> {
  let waitMs = firstMs
  while (!end.aborted) {
    const outcome = await work().catch(() => 'failed' as const)
    if (outcome === 'done') return
    if (outcome === 'progress') waitMs = firstMs
    // allowed: random: spreads retries in time.
    await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: end }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, mostMs)
  }
}
