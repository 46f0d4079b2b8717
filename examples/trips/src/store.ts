/**
 * The port to where trips are kept. What belongs together is one call, or one {@link TripStore.transaction}: a function that gets all that it
 * may use in there, and cannot be left half done.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
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

/** A key that is ours until it is settled, released or abandoned. */
export interface ClaimedKey {
  readonly caller: string
  readonly key: string
  /** When it was claimed: whoever claims it anew has another. */
  readonly at: EpochMillis
}

export type Claim =
  /** The key is ours: do the work, then `settle` or `release`. */
  | { readonly kind: 'claimed'; readonly key: ClaimedKey }
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

/** What can be done in a transaction. */
export interface TripWork {
  readonly item: (workflowId: string, itemId: string) => Promise<Item | undefined>
  /**
   * Replaces an item if it still has `expectedVersion`.
   *
   * @returns whether it had.
   */
  readonly replaceItem: (item: Item, expectedVersion: number) => Promise<boolean>
  readonly recordAttempt: (itemId: string, attempt: Attempt) => Promise<void>
  /**
   * From here on the trip is there; nothing of it is left in the outbox.
   *
   * @returns `false` when it was taken back meanwhile.
   */
  readonly publish: (workflowId: string) => Promise<boolean>
  /** Keeps the answer to a request. @returns `false` when the claim was given up for abandoned: somebody else is at it. */
  readonly settle: (key: ClaimedKey, answer: KeptAnswer) => Promise<boolean>
}

export interface TripStore extends Omit<TripWork, 'publish' | 'settle'> {
  /** Keeps a trip that is not registered with the PDP yet, and in the outbox what is to be: no reader sees it until it is published. */
  readonly addPending: (trip: TripAndItems) => Promise<void>
  /** Removes a trip that was never published; its registrations become removals in the outbox. */
  readonly takeBack: (workflowId: string) => Promise<void>
  /** Trips that wait to be published since before an instant, RFC 3339. */
  readonly pending: (before: string) => Promise<readonly string[]>

  readonly trip: (workflowId: string) => Promise<TripAndItems | undefined>
  /** Those of the ids that exist, in the order given. */
  readonly workflowsById: (ids: readonly string[]) => Promise<readonly Workflow[]>

  /** Puts a transfer into the outbox if the trip still has `expectedVersion` and no other one is under way. @returns its message. */
  readonly proposeTransfer: (workflowId: string, to: Holder, expectedVersion: number) => Promise<Message | undefined>
  /** The PDP has done it: the trip has its new holder. */
  readonly settleTransfer: (message: Message & { readonly kind: 'transfer' }) => Promise<void>
  /** Oldest first. */
  readonly outbox: () => Promise<readonly Message[]>
  readonly dropMessage: (seq: number) => Promise<void>
  /**
   * Forgets a person: their trips (whose removal goes into the outbox), and every attempt and kept answer that names them. What was made
   * after `before` is another life's.
   *
   * @param before - RFC 3339, inclusive.
   */
  readonly forget: (person: Forgotten) => Promise<void>

  /**
   * `caller`: keys of different callers never meet.
   *
   * @param abandonedBefore - An open claim that is older is nobody's any more: the one who had it was killed.
   */
  readonly claim: (request: ClaimRequest, abandonedBefore: EpochMillis) => Promise<Claim>
  /** Gives up a claim that was not settled. */
  readonly release: (key: ClaimedKey) => Promise<void>

  /** Runs everything or nothing. `work` uses what it is given, never the store itself. */
  readonly transaction: <T>(work: (within: TripWork) => Promise<T>) => Promise<T>
  /** @throws when the database does not answer. */
  readonly check: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ClaimRequest extends ClaimedKey {
  /** Of the request that the key stands for. */
  readonly fingerprint: string
}

export interface Forgotten {
  readonly owner: string
  readonly issuer: string
  readonly before: string
}
