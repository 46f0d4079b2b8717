/**
 * The caller and the kind of the current work, carried through asynchronous calls (AsyncLocalStorage). The fair queue for OpenFGA requests uses it.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * `ask`: a single decision. `bulk`: one of many decisions of a batch or a search. `administer`: changes of authority, and background
 * maintenance of the PDP.
 */
export type Lane = 'ask' | 'bulk' | 'administer'

export interface Workload {
  /** Name of the caller, as in the log: `service:trips`. */
  readonly caller: string
  readonly lane: Lane
}

const current = new AsyncLocalStorage<Workload>()
const OWN: Workload = { caller: 'service:pdp', lane: 'administer' }

export function withWorkload<T>(workload: Workload, work: () => T): T {
  return current.run(workload, work)
}

/** The current workload; outside a request: background maintenance of the PDP. */
export const currentWorkload = (): Workload => current.getStore() ?? OWN
