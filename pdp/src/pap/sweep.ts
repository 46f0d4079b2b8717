/**
 * The sweep (rule E3) removes the tuples of grants that died long ago. The register keeps the grants, so that denials are explained as before. Live
 * grants are never touched.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import { lockKey } from './lock-keys.ts'
import type { PapDeps } from './pap.ts'

export interface SweepOptions {
  /** Milliseconds since the end or expiry of a grant before it is swept. */
  readonly retention: EpochMillis
  /** Most grants per sweep. @default 500 */
  readonly batch?: number
}

const BATCH = 500

/**
 * Sweeps grants that ended or expired longer ago than the retention, then the grants below them. One Write per grant, so an interrupted sweep
 * continues at the next one.
 *
 * @returns The number of swept grants. If it equals `batch`, there may be more.
 */
export async function sweepOnce(deps: PapDeps, { retention, batch = BATCH }: SweepOptions): Promise<number> {
  const { register, authority, locks, record, clock } = deps
  const before = clock() - retention
  let swept = 0
  // Each round finds the children of the grants that the previous one swept.
  for (;;) {
    const dead = await register.deadGrants(before, batch - swept)
    if (dead.length === 0) break
    for (const grant of dead) {
      const isOurs = await locks.run(lockKey.grant(grant.id), async () => {
        await authority.sweep(grant)
        return register.markSwept(grant.id)
      })
      // Another PDP may sweep at the same time: each grant counts once.
      if (isOurs) swept += 1
    }
  }
  if (swept > 0) await record([{ kind: 'grants_swept', caller: 'service:pdp', change: { count: swept } }])
  return swept
}

/** Sweeps periodically. */
export class Sweeper {
  readonly #sweep: () => Promise<number>
  readonly #onFault: (error: unknown) => void
  readonly #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  /** @param everyMs - Interval in milliseconds; 0 turns the timer off. */
  constructor(sweep: () => Promise<number>, everyMs: number, onFault: (error: unknown) => void) {
    this.#sweep = sweep
    this.#onFault = onFault
    if (everyMs > 0) this.#timer = setInterval(() => void this.#tick(), everyMs).unref()
  }

  #tick(): Promise<unknown> {
    this.#running = this.#running.then(this.#sweep).catch(this.#onFault)
    return this.#running
  }

  /** Sweeps now, after a sweep that is running. */
  async now(): Promise<number> {
    const swept = this.#running.then(this.#sweep)
    this.#running = swept.catch(() => undefined)
    return swept
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }
}
