/**
 * The caller, kind, ids and span of the current work, carried through asynchronous calls (AsyncLocalStorage). The fair queue for OpenFGA requests, log
 * lines and traces use it.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span } from './span.ts'

/**
 * `ask`: a single decision. `bulk`: one of many decisions of a batch or a search. `administer`: changes of authority, and background
 * maintenance of the PDP.
 */
export type Lane = 'ask' | 'bulk' | 'administer'

/** Ids of a request, none of them personal data. */
export interface Correlation {
  /** Request id, if it may be stored. */
  readonly keptId: string | undefined
  /** W3C trace id, if it may be stored. */
  readonly trace: string | undefined
  readonly span: Span | undefined
  /** Id of the evaluation's entry in the decision log. Of a batch none: its lines name those that they are about. */
  readonly evaluation: string | undefined
}

export interface Workload {
  /** Name of the caller, as in the log: `service:trips`. */
  readonly caller: string
  readonly lane: Lane
  /** Ids of the request. */
  readonly correlation?: Correlation | undefined
  /** The span that further ones are below. */
  readonly span?: Span | undefined
}

const current = new AsyncLocalStorage<Workload>()
const OWN: Workload = { caller: 'service:pdp', lane: 'administer' }

export function withWorkload<T>(workload: Workload, work: () => T): T {
  return current.run(workload, work)
}

/** The current workload; outside a request: background maintenance of the PDP. */
export const currentWorkload = (): Workload => current.getStore() ?? OWN
