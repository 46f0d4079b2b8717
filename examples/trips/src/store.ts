/**
 * Port to the store of trips. Changes that belong together are one call, or one {@link TripStore.transaction}.
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

/** Stored response to a request with an `Idempotency-Key`. */
export interface StoredResponse {
  readonly status: number
  readonly body: unknown
}

/** A key claimed by a request in progress, until it is settled, released or abandoned. */
export interface ClaimedKey {
  readonly caller: string
  readonly key: string
  /** Instant of the claim; it distinguishes this claim from a later one of the same key. */
  readonly at: EpochMillis
}

export type Claim =
  /** The caller holds the key: it does the work, then calls `settle` or `release`. */
  | { readonly kind: 'claimed'; readonly key: ClaimedKey }
  /** The same request was completed before. */
  | { readonly kind: 'completed'; readonly response: StoredResponse }
  /** The same request is in progress. */
  | { readonly kind: 'busy' }
  /** The key was used for another request. */
  | { readonly kind: 'different' }

/** Outbox message to the PDP, delivered in order of `seq`. Stored in the transaction of the change that causes it. */
export type Message =
  | { readonly seq: number; readonly kind: 'unregister'; readonly type: string; readonly id: string }
  | { readonly seq: number; readonly kind: 'transfer'; readonly workflow: string; readonly to: TripOwner }

/** Owner of a trip, and their persona. */
export interface TripOwner {
  /** `user:<sub>`. */
  readonly owner: string
  readonly ownerPersona: string | undefined
}

/** Operations within a transaction. */
export interface TripWork {
  readonly item: (workflowId: string, itemId: string) => Promise<Item | undefined>
  /**
   * Replaces an item if it still has `expectedVersion`.
   *
   * @returns `false` when it had another version.
   */
  readonly replaceItem: (item: Item, expectedVersion: number) => Promise<boolean>
  readonly recordAttempt: (itemId: string, attempt: Attempt) => Promise<void>
  /**
   * Makes a pending trip visible, and deletes its registrations from the outbox.
   *
   * @returns `false` when it was removed meanwhile.
   */
  readonly publish: (workflowId: string) => Promise<boolean>
  /** Stores the response to a request. @returns `false` when another request took over the claim as abandoned. */
  readonly settle: (key: ClaimedKey, response: StoredResponse) => Promise<boolean>
}

export interface TripStore extends Omit<TripWork, 'publish' | 'settle'> {
  /** Stores a trip as pending, with its registrations in the outbox. No reader sees it until it is published. */
  readonly addPending: (trip: TripAndItems) => Promise<void>
  /** Removes a pending trip; replaces its registrations in the outbox by messages that unregister. */
  readonly removePending: (workflowId: string) => Promise<void>
  /** Ids of trips pending since before an instant (RFC 3339). */
  readonly pending: (before: string) => Promise<readonly string[]>

  readonly trip: (workflowId: string) => Promise<TripAndItems | undefined>
  /** Those of the ids that exist, in the order given. */
  readonly workflowsById: (ids: readonly string[]) => Promise<readonly Workflow[]>

  /** Adds a transfer to the outbox if the trip still has `expectedVersion` and no other transfer is pending. @returns Its message, or `undefined`. */
  readonly proposeTransfer: (workflowId: string, to: TripOwner, expectedVersion: number) => Promise<Message | undefined>
  /** Sets the new owner after the PDP confirmed the transfer, and drops the message. */
  readonly settleTransfer: (message: Message & { readonly kind: 'transfer' }) => Promise<void>
  /** Messages to deliver, oldest first. */
  readonly outbox: () => Promise<readonly Message[]>
  readonly dropMessage: (seq: number) => Promise<void>
  /**
   * Erases a person: deletes their trips (and adds messages that unregister them to the outbox), and every attempt and stored response that names
   * them. Keeps data made after `before` (RFC 3339, inclusive): the same sub may have a new account.
   */
  readonly forget: (person: ErasureRequest) => Promise<void>

  /**
   * Claims an idempotency key. Keys are separate per `caller`.
   *
   * @param abandonedBefore - An open claim older than this is taken over: its process crashed.
   */
  readonly claim: (request: ClaimRequest, abandonedBefore: EpochMillis) => Promise<Claim>
  /** Releases a claim that was not settled. */
  readonly release: (key: ClaimedKey) => Promise<void>

  /** Runs `work` in a transaction, which is rolled back when it throws. `work` may use only its argument, never the store itself. */
  readonly transaction: <T>(work: (within: TripWork) => Promise<T>) => Promise<T>
  /** @throws when the database does not answer. */
  readonly check: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ClaimRequest extends ClaimedKey {
  /** Hash of method, URL and body: a key is valid for one request only. */
  readonly fingerprint: string
}

export interface ErasureRequest {
  readonly owner: string
  readonly issuer: string
  readonly before: string
}
