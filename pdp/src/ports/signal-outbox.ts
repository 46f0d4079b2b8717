/**
 * Outbox of events about grants, which are sent to services and agents (`docs/signals.md`). The database itself records why events are due, in the
 * transaction that ends a grant; no end is lost by a crash before its events are delivered.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { GrantRecord } from './grants.ts'

/** Why events are due: a grant that ended, an agent that was suspended, or a persona that was changed. */
export interface SignalCause {
  readonly kind: 'grant' | 'agent' | 'persona'
  /** Id of the grant, the agent or the persona. */
  readonly id: string
  /** Of a grant: when it ended, by the PDP's clock. Else when the change was stored, by the database's clock. */
  readonly at: EpochMillis
}

/** One event for one receiver. */
export interface SignalDelivery {
  /** ULID. The order of delivery. */
  readonly id: string
  /** `jti` of the SET: the same for the same event and receiver, so that a receiver recognizes a repetition. */
  readonly jti: string
  /** Endpoint URL of the receiver. */
  readonly receiver: string
  /** The grant that the event is about; `undefined` for an event about the stream itself. */
  readonly grant: string | undefined
  /** URI of the event. */
  readonly event: string
  /** Members of the event, as JSON. */
  readonly data: string
  /** When the event occurred. */
  readonly at: EpochMillis
  /** When the delivery was added: `iat` of the SET. */
  readonly issuedAt: EpochMillis
}

/** What is not delivered yet. */
export interface Undelivered {
  readonly count: number
  /** When the oldest delivery was added; `undefined` for none. */
  readonly oldest: EpochMillis | undefined
}

/** The outbox of one database, shared by its PDPs. */
export interface SignalOutbox {
  /** Begins to record causes. @returns Whether they were not recorded before. */
  start(): Promise<boolean>
  /** Stops recording, and deletes what is recorded and undelivered. */
  stop(): Promise<void>
  /** Oldest first. */
  causes(limit: number): Promise<readonly SignalCause[]>
  /** Deletes causes and adds the deliveries that they lead to, in one transaction. A delivery whose `jti` is there already is not added again. */
  replace(causes: readonly SignalCause[], deliveries: readonly SignalDelivery[]): Promise<void>
  /** Deliveries to one receiver, in their order. */
  due(receiver: string, limit: number): Promise<readonly SignalDelivery[]>
  /** Deletes deliveries: the receiver has them, or refuses them for good. */
  drop(ids: readonly string[]): Promise<void>
  /** Deletes deliveries that were added before. @returns Their number. */
  dropBefore(issuedAt: EpochMillis): Promise<number>
  undelivered(): Promise<Undelivered>
  /** Grants right below these that neither ended nor expired at `at`, whether or not their tuples are removed. */
  liveBelow(parents: readonly string[], at: EpochMillis): Promise<readonly GrantRecord[]>
}
