/**
 * Work that is taken up again whenever it breaks off, less and less often while it does not succeed.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface AgainOptions {
  readonly end: AbortSignal
  /** Before the first other try, in milliseconds. Doubled with each that comes to nothing. */
  readonly firstMs: number
  readonly mostMs: number
}

/**
 * Ends when the work says that it is done, or with `end`. Never rejects.
 *
 * @param work - Answers `done`, `well` when it got on and is to be taken up soon, or `badly`. A rejection is `badly`.
 */
export async function again(
  work: () => Promise<'done' | 'well' | 'badly'>,
  { end, firstMs, mostMs }: AgainOptions,
): Promise<void> {
  let waitMs = firstMs
  while (!end.aborted) {
    const outcome = await work().catch(() => 'badly' as const)
    if (outcome === 'done') return
    if (outcome === 'well') waitMs = firstMs
    await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: end }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, mostMs)
  }
}
