/**
 * Ports of the PDP's stores beside its register: pending changes, answers for retries, invitations, API keys, erasures, the vault, policies, ended
 * sessions. Nothing here confers authority. What a method wrote is durable when its promise resolves.
 *
 * @module
 */
import type {
  EpochMillis,
  ErasureNotice,
  InvitationStatus,
  InvitedGrant,
  PartyRef,
  ResourceRef,
} from '@mandate/protocol'
import type { PolicySources } from '../policy/pack.ts'
import type { Fact } from './domain-facts.ts'
import type { FactPlan } from './fact-writer.ts'
import type { GrantBody, Located } from './grants.ts'

/** A resource on its way to another owner or persona. */
export interface Transfer {
  readonly from: Located
  /** The same resource under a new deed. */
  readonly to: Located
  readonly at: EpochMillis
  /** Whether its entry is in the log. */
  readonly recorded: boolean
}

/** One grant that ends, and the one that begins in its place. */
export interface Exchanged {
  readonly from: GrantBody
  readonly to: GrantBody
}

/** Grants on their way to be others. The one that was asked for comes first, then those moved under it. */
export interface Replacement {
  readonly exchanged: readonly Exchanged[]
  readonly by: PartyRef
  readonly at: EpochMillis
}

/** A replacement is named by its first new grant. */
export const replacementId = ({ exchanged }: Replacement): string => exchanged[0]?.to.id ?? ''

/** A change whose Write to the relationship store was sent, or is about to be. */
export interface OpenChange {
  readonly id: string
  readonly at: EpochMillis
  /** The tuples it writes and deletes. */
  readonly keys: readonly { readonly user: string; readonly relation: string; readonly object: string }[]
}

/** Every change of tuples, from before its Write is sent until its marker is deleted. A crash leaves those undecided that had no answer. */
export interface ChangeJournal {
  begin(change: OpenChange): Promise<void>
  /** The outcome is final in the relationship store, which may have a marker of it even where the change was never begun here. */
  decided(id: string, at: EpochMillis): Promise<void>
  /** Changes without a known outcome that no other PDP is carrying out: from now on they are this PDP's to decide. */
  takeUndecided(): Promise<readonly OpenChange[]>
  /** Ids of decided changes that began before an instant, oldest first; of a change of facts under way never: its outcome is asked for again. */
  decidedBefore(before: EpochMillis, limit: number): Promise<readonly string[]>
  forget(ids: readonly string[]): Promise<void>
}

/** A change of facts under way. */
export interface FactChange {
  readonly plan: FactPlan
  readonly domain: string
  readonly write: readonly Fact[]
  readonly remove: readonly Fact[]
}

/** Changes of several steps, kept until their last one is done: what a crash interrupts is finished at the next start. */
export interface Intents {
  putTransfer(transfer: Transfer): Promise<void>
  transferOf(resource: ResourceRef): Promise<Transfer | undefined>
  transfers(): Promise<readonly Transfer[]>
  /** Forgets a transfer of which nothing has happened yet. */
  dropTransfer(resource: ResourceRef): Promise<void>
  /** The deed is past, and the intent is gone. Its grants and its resource are the register's. */
  completeTransfer(transfer: Transfer): Promise<void>
  /** Whether a deed was ended by a transfer. */
  isPast(deed: string): Promise<boolean>
  putReplacement(replacement: Replacement): Promise<void>
  replacements(): Promise<readonly Replacement[]>
  dropReplacement(replacement: Replacement): Promise<void>
  putFactChange(change: FactChange): Promise<void>
  factChanges(): Promise<readonly FactChange[]>
  dropFactChange(change: FactChange): Promise<void>
}

/** A response kept for a retry, encrypted under the caller's own idempotency key, which is not kept. */
export interface KeptAnswer {
  /** A hash of caller and key. */
  readonly id: string
  readonly caller: string
  /** A hash of what was asked. */
  readonly request: string
  readonly sealed: Uint8Array
  readonly at: EpochMillis
}

export interface Answers {
  /** Keeps an answer, and drops those from `forget` and before. */
  keep(answer: KeptAnswer, forget: EpochMillis): Promise<void>
  /** @param after - Older ones are as good as gone. */
  find(id: string, after: EpochMillis): Promise<KeptAnswer | undefined>
  dropOf(caller: string): Promise<void>
}

/** An invitation as remembered; its code is not. */
export interface InvitationRecord {
  readonly id: string
  readonly inviter: PartyRef
  /** `expired` is told by the clock. */
  readonly status: Exclude<InvitationStatus, 'expired'>
  readonly grant: InvitedGrant | undefined
  readonly redeemer: PartyRef | undefined
  readonly grantId: string | undefined
  readonly createdAt: EpochMillis
  /** Until when it can be redeemed, and once it is, confirmed. */
  readonly expiresAt: EpochMillis
}

export interface Invitations {
  add(invitation: InvitationRecord, codeHash: string): Promise<void>
  /** Its status, redeemer, grant and end. @returns `false`, and nothing was changed, unless its status was `from`. */
  change(invitation: InvitationRecord, from: InvitationRecord['status']): Promise<boolean>
  byCode(hash: string): Promise<InvitationRecord | undefined>
  byId(id: string): Promise<InvitationRecord | undefined>
  /** Sent or redeemed by a person, newest first, at most 1,000. */
  of(party: PartyRef): Promise<readonly InvitationRecord[]>
  /** Withdraws all that a person sent or redeemed and that is not confirmed. */
  withdrawAllOf(party: PartyRef): Promise<void>
}

/** An API key without the key. */
export interface KeyRecord {
  readonly id: string
  readonly name: string
  readonly types: readonly string[]
  readonly createdAt: EpochMillis
  readonly createdBy: PartyRef
  readonly expiresAt: EpochMillis
  readonly revokedAt: EpochMillis | undefined
}

export interface KeptKey {
  readonly record: KeyRecord
  /** SHA-256 of the whole key. */
  readonly hash: Uint8Array
}

export interface Keys {
  add(record: KeyRecord, hash: Uint8Array): Promise<void>
  /** Pending until its entry is in the log. */
  revoke(id: string, at: EpochMillis): Promise<void>
  complete(id: string): Promise<void>
  pending(): Promise<readonly KeyRecord[]>
  byId(id: string): Promise<KeptKey | undefined>
  /** Newest first, at most 1,000. */
  all(): Promise<readonly KeyRecord[]>
}

/** The erasure of a person, pending until it is complete. */
export interface PersonErasure {
  readonly id: string
  readonly person: PartyRef
  readonly by: PartyRef
  readonly at: EpochMillis
}

export interface Hold {
  readonly by: PartyRef
  readonly at: EpochMillis
}

/** Up to where the log has been looked through for erasures. */
export interface ErasuresApplied {
  /** The first index that has not been. */
  readonly next: number
  /** The hash of the entry before it: a log that has another one there is another log. */
  readonly last: string
}

export interface People {
  erasuresApplied(): Promise<ErasuresApplied | undefined>
  setErasuresApplied(applied: ErasuresApplied): Promise<void>
  putErasure(erasure: PersonErasure): Promise<void>
  /** Pending erasures. */
  erasures(): Promise<readonly PersonErasure[]>
  isErasing(person: PartyRef): Promise<boolean>
  /**
   * The erasure is over; every service is to be told.
   *
   * @param encrypted - The person as the vault kept them, for the notices: by sub and without the pseudonym.
   */
  completeErasure(erasure: PersonErasure, encrypted: Uint8Array | undefined, services: readonly string[]): Promise<void>
  /** Erasures that a service has not acknowledged yet, oldest first. */
  notices(service: string, after: string, limit: number): Promise<readonly ErasureNotice[]>
  isTold(service: string, id: string): Promise<boolean>
  /** Names of the services that have not acknowledged an erasure. */
  waitingFor(id: string): Promise<readonly string[]>
  acknowledge(service: string, id: string): Promise<void>
  /** Drops the notices of services that are no longer configured. @returns Whether there were any. */
  dropNoticesExcept(services: readonly string[]): Promise<boolean>
  isHeld(person: PartyRef): Promise<boolean>
  /** @param hold - `undefined` lifts it. */
  setHold(person: PartyRef, hold: Hold | undefined): Promise<void>
}

/** The pseudonymizer (rule L5): the only place where a sub and its pseudonym meet. */
export interface Vault {
  /** The person's pseudonym; a new random one when there is none yet. */
  pseudonymOf(issuer: string, sub: string): Promise<PartyRef>
  /** The same for the holder of a token; `undefined` for one that was issued before its person was erased. `issuedAt` by the machine's clock. */
  pseudonymOfToken(issuer: string, sub: string, issuedAt: EpochMillis): Promise<PartyRef | undefined>
  /** The pseudonym of a person who has one; asking leaves no trace. */
  known(issuer: string, sub: string): Promise<PartyRef | undefined>
  /** The same; of a person who has none a commitment in its form. Asking leaves no trace: nobody becomes known by being named. */
  mentioned(issuer: string, sub: string): Promise<PartyRef>
  /** Whether a text is the sub of a known person in any spelling: upper case, without dashes. Asking leaves no trace. */
  isSub(issuer: string, text: string): Promise<boolean>
  /** A salted commitment to a text, always the same for the same text here: `~` and 22 characters. */
  commit(text: string): string
  /** `undefined` for a person who was erased, or never was. */
  subOf(pseudonym: PartyRef): Promise<string | undefined>
  /**
   * Begins an erasure: from now on tokens that were issued before are refused, and nothing of the person is cached.
   *
   * @returns Ends it: to be called when the row is gone, or stays after all.
   */
  beginErasure(pseudonym: PartyRef): Promise<() => void>
  /** Deletes the person's row. @returns The person, encrypted; `undefined` where there is no row. */
  erase(pseudonym: PartyRef): Promise<Uint8Array | undefined>
}

/** Authenticated encryption of what callers carry for the PDP. Good across restarts, and after a rotation of the vault's key. */
export interface TokenEncryption {
  /** @param bound - Authenticated with the text, and not in the token. */
  encryptToken(text: string, bound: string): string
  /** @returns `undefined` for a token that was not encrypted here, was altered, or is bound to another text. */
  decryptToken(token: string, bound: string): string | undefined
}

/** Policies as they were loaded. */
export interface KeptPolicy {
  /** Every pack's version. */
  readonly version: string
  readonly sources: PolicySources
  readonly loadedAt: EpochMillis
}

export interface PolicyHistory {
  put(policy: KeptPolicy): Promise<void>
  byVersion(version: string): Promise<KeptPolicy | undefined>
  /** Last loaded first. */
  all(): Promise<readonly KeptPolicy[]>
  /** `insteadOf`: what stands in the folder and was rolled back from; it does not come back by a restart. */
  inForce(): Promise<{ readonly version: string; readonly insteadOf: string | undefined } | undefined>
  setInForce(version: string, insteadOf: string | undefined): Promise<void>
}

/** A session as a token or a question names it. */
export interface SessionOf {
  readonly sid: string | undefined
  /** Whose it is. */
  readonly person: PartyRef
  /** When its token was issued; `undefined` where a caller does not say. */
  readonly issuedAt: EpochMillis | undefined
}

/** Sessions that ended at the identity provider before their tokens did. */
export interface Sessions {
  /** @param until - When no token of the session can be good any more. */
  end(sid: string, until: EpochMillis): Promise<void>
  /** Ends every session of a person from which tokens were issued by `at`, to the second. */
  endAll(person: PartyRef, at: EpochMillis, until: EpochMillis): Promise<void>
  isEnded(session: SessionOf): Promise<boolean>
}
