/**
 * Removes the tuples of dead grants from OpenFGA right away, so that decisions do not read them: grants below an ended one, and expired grants at a
 * crowded seat. Runs in the background, since a dead grant confers nothing; the sweep removes what an interruption leaves.
 *
 * @module
 */
import type { GrantRecord } from '../ports/grants.ts'
import { lockKey } from './lock-keys.ts'
import type { PapDeps } from './pap.ts'

type SeatCleanupDeps = Pick<PapDeps, 'authority' | 'register' | 'locks' | 'record' | 'clock'>

/** Background queue, one task at a time. */
export class SeatCleanup {
  readonly #deps: SeatCleanupDeps
  readonly #onFault: (error: unknown) => void
  #running: Promise<void> = Promise.resolve()

  constructor(deps: SeatCleanupDeps, onFault: (error: unknown) => void) {
    this.#deps = deps
    this.#onFault = onFault
  }

  /** Removes the grants below ended ones. */
  removeBelow(ended: readonly string[]): void {
    this.#enqueue(async () => {
      const found: GrantRecord[] = []
      for (const id of ended) found.push(...(await grantsBelow(this.#deps.register, id)))
      await removeAll(this.#deps, found)
    })
  }

  /** Removes grants that have expired. */
  removeExpired(grants: readonly GrantRecord[]): void {
    this.#enqueue(() => removeAll(this.#deps, grants))
  }

  #enqueue(task: () => Promise<void>): void {
    this.#running = this.#running.then(task).catch(this.#onFault)
  }

  /** Resolves when the queue is empty. */
  async close(): Promise<void> {
    await this.#running
  }
}

/** Deepest first, so that after an interruption the rest is still found from above. */
async function grantsBelow(register: SeatCleanupDeps['register'], id: string): Promise<readonly GrantRecord[]> {
  const found: GrantRecord[] = []
  for (const grant of await register.unsweptBelow(id)) found.push(...(await grantsBelow(register, grant.id)), grant)
  return found
}

async function removeAll(
  { authority, register, locks, record }: SeatCleanupDeps,
  grants: readonly GrantRecord[],
): Promise<void> {
  let count = 0
  for (const grant of grants) {
    const isOurs = await locks.run(lockKey.grant(grant.id), async () => {
      await authority.sweep(grant)
      return register.markSwept(grant.id)
    })
    if (isOurs) count += 1
  }
  if (count > 0) await record([{ kind: 'grants_swept', caller: 'service:pdp', change: { count } }])
}
