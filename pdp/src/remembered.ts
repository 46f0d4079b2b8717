/**
 * What the PDP remembers beside its register: changes under way. Nothing here confers authority; each is durable when a method returns.
 *
 * @module
 */
import type { EpochMillis, ResourceRef } from '@mandate/protocol'
import type { Located } from './ports.ts'

/** A resource on its way to another owner or persona. */
export interface Transfer {
  readonly from: Located
  /** The same resource under a new deed. */
  readonly to: Located
  readonly at: EpochMillis
  /** Whether its entry is in the log. */
  readonly recorded: boolean
}

/** Changes of several steps, kept until their last one is done: what a crash interrupts is finished at the next start. */
export interface Intents {
  putTransfer(transfer: Transfer): void
  transferOf(resource: ResourceRef): Transfer | undefined
  transfers(): readonly Transfer[]
  /** Forgets a transfer of which nothing has happened yet. */
  dropTransfer(resource: ResourceRef): void
  /** The deed is over: its live grants are remembered as ended, the resource as its new owner's, and the intent is gone. All of it or nothing. */
  settleTransfer(transfer: Transfer): void
  /** Whether a deed was ended by a transfer. */
  isPast(deed: string): boolean
}
