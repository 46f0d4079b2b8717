/**
 * Which PDP carries out a change of several steps: the others leave it alone until its lease ends.
 *
 * @module
 */

/** What takes several steps. `write`: one Write to the relationship store. `end`: of one grant, alone or by a replacement. */
export type PendingKind =
  | 'grant'
  | 'end'
  | 'persona'
  | 'agent'
  | 'key'
  | 'transfer'
  | 'replacement'
  | 'facts'
  | 'write'
  | 'erasure'

/** How long a PDP that says nothing keeps a change, in milliseconds: far longer than any change takes whose PDP is alive. */
export const LEASE_MS = 60_000

/** A change has at most one owner. A PDP keeps its own changes over a restart, and takes over those of another one whose lease has ended. */
export interface Leases {
  /** Takes a change, or renews the lease on it. @returns `false` while another PDP's lease on it runs. */
  take(kind: PendingKind, id: string): Promise<boolean>
  /** The same. @throws Fault `conflict` while another PDP's lease on it runs. */
  require(kind: PendingKind, id: string): Promise<void>
  /** Gives a change up that is complete. @throws Fault `conflict` when another PDP has taken it over: nothing of it may be completed here then. */
  release(kind: PendingKind, id: string): Promise<void>
}
