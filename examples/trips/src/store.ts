/**
 * The port to where trips are kept. Synchronous: a transaction is a function, and cannot be left half done.
 *
 * @module
 */
import type { Attempt, Item, Workflow } from './trip.ts'

export interface TripAndItems {
  readonly workflow: Workflow
  /** In the order of the template. */
  readonly items: readonly Item[]
}

/** A kept answer to a request with an `Idempotency-Key`. */
export interface KeptAnswer {
  readonly status: number
  readonly body: unknown
}

type Claim =
  /** The key is ours: do the work, then `settle` or `release`. */
  | { readonly kind: 'claimed' }
  /** The same request was answered before. */
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  /** The same request is being worked on. */
  | { readonly kind: 'busy' }
  /** The key was used for another request. */
  | { readonly kind: 'different' }

export interface TripStore {
  /** Keeps a trip that is not registered with the PDP yet: no reader sees it until {@link publish}. */
  readonly addPending: (trip: TripAndItems) => void
  readonly publish: (workflowId: string) => void
  readonly remove: (workflowId: string) => void
  /** What a crash left between `addPending` and `publish`. */
  readonly pending: () => readonly TripAndItems[]

  readonly trip: (workflowId: string) => TripAndItems | undefined
  readonly item: (workflowId: string, itemId: string) => Item | undefined
  /** Newest first. `owner` is `user:<sub>`. */
  readonly workflowsOf: (owner: string, issuer: string, limit: number) => readonly Workflow[]
  /** Those of the ids that exist, in the order given. */
  readonly workflowsById: (ids: readonly string[]) => readonly Workflow[]

  /**
   * Replaces an item if it still has `expectedVersion`.
   *
   * @returns whether it had.
   */
  readonly replaceItem: (item: Item, expectedVersion: number) => boolean
  readonly recordAttempt: (itemId: string, attempt: Attempt) => void

  /** `owner` of a key is the caller: keys of different callers never meet. */
  readonly claim: (caller: string, key: string, fingerprint: string) => Claim
  readonly settle: (caller: string, key: string, answer: KeptAnswer) => void
  readonly release: (caller: string, key: string) => void

  /** Runs everything or nothing. Not to be nested. */
  readonly transaction: <T>(work: () => T) => T
  /** @throws when the database does not answer. */
  readonly check: () => void
  readonly close: () => void
}
