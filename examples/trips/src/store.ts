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

/** What the PDP still has to be told, in this order. It survives a crash, because it was kept with the change that it comes from. */
export type Message =
  | { readonly seq: number; readonly kind: 'unregister'; readonly type: string; readonly id: string }
  | { readonly seq: number; readonly kind: 'transfer'; readonly workflow: string; readonly to: Holder }

/** Whose a trip is, and in which persona. */
export interface Holder {
  /** `user:<sub>`. */
  readonly owner: string
  readonly ownerPersona: string | undefined
}

export interface TripStore {
  /** Keeps a trip that is not registered with the PDP yet, and in the outbox what is to be: no reader sees it until {@link publish}. */
  readonly addPending: (trip: TripAndItems) => void
  /** From here on the trip is there; nothing of it is left in the outbox. */
  readonly publish: (workflowId: string) => void
  /** Removes a trip that was never published; its registrations become removals in the outbox. */
  readonly takeBack: (workflowId: string) => void
  /** What a crash left between `addPending` and `publish`. */
  readonly pending: () => readonly string[]

  readonly trip: (workflowId: string) => TripAndItems | undefined
  readonly item: (workflowId: string, itemId: string) => Item | undefined
  /** Those of the ids that exist, in the order given. */
  readonly workflowsById: (ids: readonly string[]) => readonly Workflow[]

  /**
   * Replaces an item if it still has `expectedVersion`.
   *
   * @returns whether it had.
   */
  readonly replaceItem: (item: Item, expectedVersion: number) => boolean
  /** Puts a transfer into the outbox if the trip still has `expectedVersion` and no other one is under way. @returns its message. */
  readonly proposeTransfer: (workflowId: string, to: Holder, expectedVersion: number) => Message | undefined
  /** The PDP has done it: the trip has its new holder. */
  readonly settleTransfer: (message: Message & { readonly kind: 'transfer' }) => void
  /** Oldest first. */
  readonly outbox: () => readonly Message[]
  readonly dropMessage: (seq: number) => void
  /**
   * Forgets a person: their trips (whose removal goes into the outbox), and every attempt and kept answer that names them. What was made
   * after `before` is another life's.
   *
   * @param before - RFC 3339, inclusive.
   */
  readonly forget: (person: { readonly owner: string; readonly issuer: string; readonly before: string }) => void
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
