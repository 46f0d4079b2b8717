/**
 * Leases of multi-step changes: only the PDP with the lease continues the change. Others may take it over when the lease has expired.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/**
 * Kinds of multi-step changes. `write`: one Write to the relationship store. `end`: the end of one grant, by itself or by a replacement. `signals`: no change,
 * but the delivery of events about grants, by one PDP of a database.
 */
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
  | 'signals'

/** Duration of a lease, in milliseconds: much longer than any change takes in a running PDP. */
export const LEASE_MS = 60_000

/** Another PDP has the change: 503, since trying again later helps. */
export class LeaseHeld extends Fault {
  constructor(kind: PendingKind, id: string) {
    super('relations_unavailable', `another PDP carries out ${kind} ${id}`, {
      detail: 'Another PDP is carrying out a change of it. Try again.',
    })
  }
}

/** A lease whose owner does not run any more, or that has ended. */
export interface Orphan {
  readonly kind: PendingKind
  readonly id: string
}

/** A change has at most one owner. A PDP keeps its own changes over a restart, and takes over those of another one whose lease has ended. */
export interface Leases {
  /** Takes a change, or renews the lease on it. @returns `false` while another PDP's lease on it runs. */
  take(kind: PendingKind, id: string): Promise<boolean>
  /** The same. @throws LeaseHeld while another PDP's lease on it runs. */
  require(kind: PendingKind, id: string): Promise<void>
  /** Releases the lease of a completed change. @throws LeaseHeld when this PDP does not have it: another PDP has taken over the change. */
  release(kind: PendingKind, id: string): Promise<void>
  /** Whether another PDP carries out the change: it has a lease that cannot be taken over. Takes nothing. */
  isHeldByAnother(kind: PendingKind, id: string): Promise<boolean>
  /** Leases of other PDPs that can be taken over now, at most 1,000. */
  orphans(): Promise<readonly Orphan[]>
  /** Deletes those of the leases that can still be taken over. For leases that were found to stand for no pending change. */
  dropOrphans(orphans: readonly Orphan[]): Promise<void>
}
