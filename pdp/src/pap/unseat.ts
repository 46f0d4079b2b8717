/**
 * Takes what can never be used again out of the store at once, so that nobody's decisions look at it: what hangs from an ended grant, and expired
 * grants where many lie at one place. In the background: the end itself is true already, and what is interrupted the sweep finds later.
 *
 * @module
 */
import type { GrantRecord } from '../ports/grants.ts'
import { mutexKey } from './keyed-mutex.ts'
import type { PapDeps } from './pap.ts'

type UnseatDeps = Pick<PapDeps, 'authority' | 'register' | 'mutex' | 'record' | 'clock'>

/** One task after another, for as long as the process lives. */
export class Unseater {
  readonly #deps: UnseatDeps
  readonly #onFault: (error: unknown) => void
  #running: Promise<void> = Promise.resolve()

  constructor(deps: UnseatDeps, onFault: (error: unknown) => void) {
    this.#deps = deps
    this.#onFault = onFault
  }

  /** Everything below grants that have ended. */
  below(ended: readonly string[]): void {
    this.#later(async () => {
      const found: GrantRecord[] = []
      for (const id of ended) found.push(...(await below(this.#deps.register, id)))
      await takeOut(this.#deps, found)
    })
  }

  /** Grants that have expired. */
  expired(grants: readonly GrantRecord[]): void {
    this.#later(() => takeOut(this.#deps, grants))
  }

  #later(task: () => Promise<void>): void {
    this.#running = this.#running.then(task).catch(this.#onFault)
  }

  /** Resolves when nothing is left to do. */
  async close(): Promise<void> {
    await this.#running
  }
}

/** The deepest first: what is interrupted hangs from what is still there. */
async function below(register: UnseatDeps['register'], id: string): Promise<readonly GrantRecord[]> {
  const found: GrantRecord[] = []
  for (const grant of await register.unsweptBelow(id)) found.push(...(await below(register, grant.id)), grant)
  return found
}

async function takeOut(
  { authority, register, mutex, record }: UnseatDeps,
  grants: readonly GrantRecord[],
): Promise<void> {
  for (const grant of grants)
    await mutex.run(mutexKey.grant(grant.id), async () => {
      await authority.sweep(grant)
      await register.markSwept(grant.id)
    })
  if (grants.length > 0)
    await record([{ kind: 'grants_swept', caller: 'service:pdp', change: { count: grants.length } }])
}
