/**
 * Port of the look-ups from a person to their pseudonym that auditors asked for.
 *
 * @module
 */
import type { EpochMillis, PartyRef } from '@mandate/protocol'

/** A look-up that was asked for. */
export interface LookupRecord {
  readonly id: string
  readonly caseNumber: string
  /** The person's pseudonym; of a person that was not known, a commitment in the form of a pseudonym. */
  readonly person: PartyRef
  readonly askedBy: PartyRef
  readonly askedAt: EpochMillis
  readonly approvedBy: PartyRef | undefined
}

export interface Lookups {
  add(lookup: LookupRecord): Promise<void>
  byId(id: string): Promise<LookupRecord | undefined>
  /** Asked for after an instant, newest first, at most 1,000. */
  askedAfter(at: EpochMillis): Promise<readonly LookupRecord[]>
  /** @returns `false` when it was approved before; then nothing was changed. */
  approve(id: string, by: PartyRef): Promise<boolean>
  /** Deletes those asked for at an instant or before. */
  dropUntil(at: EpochMillis): Promise<void>
  /** Deletes those about a person, and those that the person asked for or approved. */
  dropOf(person: PartyRef): Promise<void>
}
