/**
 * Sweeping (rule E3): what is left in the store of grants that have long been dead. The register keeps them, so that a denial is explained as
 * before; nothing that confers authority is ever touched.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import { mutexKey } from './keyed-mutex.ts'
import type { PapDeps } from './pap.ts'

export interface SweepOptions {
  /** How long a grant must have been dead, in milliseconds. */
  readonly retention: EpochMillis
  /** The most grants of one sweep. */
  readonly batch?: number
}

const BATCH = 500

/**
 * Takes grants out of the store that expired or ended longer ago than the retention, and then those below them. One at a time, each in one
 * Write that takes what is there: a sweep that is interrupted is taken up where it stopped.
 *
 * @returns How many were swept; as many as the batch means that there may be more.
 */
export async function sweepOnce(deps: PapDeps, { retention, batch = BATCH }: SweepOptions): Promise<number> {
  const { register, authority, mutex, record, clock } = deps
  const before = clock() - retention
  let swept = 0
  // What hangs from a swept grant comes with the next round, until nothing does.
  for (;;) {
    const dead = await register.deadGrants(before, batch - swept)
    if (dead.length === 0) break
    for (const grant of dead) {
      await mutex.run(mutexKey.grant(grant.id), () => authority.sweep(grant))
      await register.markSwept(grant.id)
    }
    swept += dead.length
  }
  if (swept > 0) await record([{ kind: 'grants_swept', caller: 'service:pdp', change: { count: swept } }])
  return swept
}

/** Sweeps now and then, for as long as the process lives. */
export class Sweeper {
  readonly #sweep: () => Promise<number>
  readonly #onFault: (error: unknown) => void
  readonly #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  /** @param everyMs - How often, in milliseconds; 0 for never. */
  constructor(sweep: () => Promise<number>, everyMs: number, onFault: (error: unknown) => void) {
    this.#sweep = sweep
    this.#onFault = onFault
    if (everyMs > 0) this.#timer = setInterval(() => void this.#tick(), everyMs).unref()
  }

  #tick(): Promise<unknown> {
    this.#running = this.#running.then(this.#sweep).catch(this.#onFault)
    return this.#running
  }

  /** Sweeps at once. */
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
