/**
 * For whom and what kind of work something is done, wherever it leads within this process: what shares OpenFGA fairly needs to know.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * `ask`: one decision that somebody waits for. `bulk`: one of many decisions of a batch or a search. `administer`: changes of authority, and the
 * PDP's own upkeep.
 */
export type Lane = 'ask' | 'bulk' | 'administer'

export interface Workload {
  /** As the log names callers. */
  readonly caller: string
  readonly lane: Lane
}

const current = new AsyncLocalStorage<Workload>()
const OWN: Workload = { caller: 'service:pdp', lane: 'administer' }

export function withWorkload<T>(workload: Workload, work: () => T): T {
  return current.run(workload, work)
}

/** The PDP's own upkeep where nobody asked. */
export const currentWorkload = (): Workload => current.getStore() ?? OWN
