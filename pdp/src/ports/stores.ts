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
import type { Awaitable } from './awaitable.ts'
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

/** A grant that ends, and the grant that replaces it. */
export interface Exchanged {
  readonly from: GrantBody
  readonly to: GrantBody
}

/** An unfinished replacement of grants: first the requested one, then grants below it, which are moved to the new parent. */
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
  /** Whether other processes learn of a change only by this journal: then none may be sent that is not in it. */
  readonly isShared: boolean
  /** Also announces the change in the invalidation log: from now on no memory holds its tuples. */
  begin(change: OpenChange): Promise<void>
  /**
   * Announces a change in this process only, after `begin` failed.
   *
   * @throws Fault `relations_unavailable` where other processes use the database.
   */
  beginUnrecorded(change: OpenChange): void
  /**
   * Records that the outcome is final in the relationship store, and announces it. Its marker may exist there even when `begin` was never called
   * here.
   */
  decided(id: string, at: EpochMillis): Promise<void>
  /** Changes without a known outcome that no other PDP is carrying out: from now on they are this PDP's to decide. */
  takeUndecided(): Promise<readonly OpenChange[]>
  /** The same, of changes that PDPs left which do not run any more. */
  takeOrphans(): Promise<readonly OpenChange[]>
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
  /** Deletes the intent of a transfer that has changed nothing yet. */
  dropTransfer(resource: ResourceRef): Promise<void>
  /** Marks the deed as past and deletes the intent. Grants and resource are changed in the register, not here. */
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
  /** Hash of caller and `Idempotency-Key`. */
  readonly id: string
  readonly caller: string
  /** Hash of the request. */
  readonly request: string
  readonly sealed: Uint8Array
  readonly at: EpochMillis
}

export interface Answers {
  /** Stores an answer, and deletes answers stored at `forget` or before. */
  keep(answer: KeptAnswer, forget: EpochMillis): Promise<void>
  /** @param after - Answers stored at this time or before are not found. */
  find(id: string, after: EpochMillis): Promise<KeptAnswer | undefined>
  dropOf(caller: string): Promise<void>
}

/** An invitation as remembered; its code is not. */
export interface InvitationRecord {
  readonly id: string
  readonly inviter: PartyRef
  /** `expired` is not stored: it follows from `expiresAt`. */
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
  /** Changes status, redeemer, grant and end (compare-and-set). @returns `false` when the status was not `from`; then nothing was changed. */
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

/** A legal hold with the person that it concerns. */
export interface HeldPerson extends Hold {
  readonly person: PartyRef
}

/** Position in the log up to which erasures were applied. */
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
  /** All legal holds, newest first. */
  holds(): Promise<readonly HeldPerson[]>
  /** @param hold - `undefined` removes the legal hold. */
  setHold(person: PartyRef, hold: Hold | undefined): Promise<void>
}

/**
 * The pseudonymizer (rule L5): the only place where a sub and its pseudonym meet. What is in memory is returned at once, anything else as a promise.
 */
export interface Vault {
  /** The person's pseudonym; a new random one when there is none yet. */
  pseudonymOf(issuer: string, sub: string): Awaitable<PartyRef>
  /** The pseudonym of the holder of a token; `undefined` for a token issued before its person was erased. `issuedAt` by the machine's clock. */
  pseudonymOfToken(issuer: string, sub: string, issuedAt: EpochMillis): Awaitable<PartyRef | undefined>
  /** The pseudonym of a known person. Read-only. */
  known(issuer: string, sub: string): Awaitable<PartyRef | undefined>
  /** The pseudonym of a known person; else a commitment in the form of a pseudonym. Read-only: never creates a pseudonym. */
  mentioned(issuer: string, sub: string): Awaitable<PartyRef>
  /** Whether a text is the sub of a known person, in any spelling (upper case, without dashes). Read-only. */
  isSub(issuer: string, text: string): Awaitable<boolean>
  /** Salted commitment to a text: `~` and 22 characters. Deterministic within one database. */
  commit(text: string): string
  /** The sub of a person; `undefined` for an erased or unknown person. */
  subOf(pseudonym: PartyRef): Awaitable<string | undefined>
  /**
   * Begins an erasure: from now on tokens that were issued before are refused, and the person is not cached.
   *
   * @returns A function to call when the row is deleted, or when the erasure failed.
   */
  beginErasure(pseudonym: PartyRef): Promise<() => void>
  /** Deletes the person's row. @returns The person, encrypted; `undefined` where there is no row. */
  erase(pseudonym: PartyRef): Promise<Uint8Array | undefined>
}

/** Authenticated encryption of tokens that callers send back, such as page tokens. Survives a restart and a rotation of the vault key. */
export interface TokenEncryption {
  /** @param bound - Additional authenticated data: not in the token, and needed to decrypt it. */
  encryptToken(text: string, bound: string): string
  /** @returns `undefined` for a token that was not encrypted here, was altered, or is bound to another text. */
  decryptToken(token: string, bound: string): string | undefined
}

/** A loaded version of the policies. */
export interface KeptPolicy {
  /** Versions of all packs. */
  readonly version: string
  readonly sources: PolicySources
  readonly loadedAt: EpochMillis
}

export interface PolicyHistory {
  put(policy: KeptPolicy): Promise<void>
  byVersion(version: string): Promise<KeptPolicy | undefined>
  /** All stored versions, newest first. */
  all(): Promise<readonly KeptPolicy[]>
  /** `insteadOf`: version in the folder that was rolled back; a restart does not load it again. */
  inForce(): Promise<{ readonly version: string; readonly insteadOf: string | undefined } | undefined>
  setInForce(version: string, insteadOf: string | undefined): Promise<void>
}

/** The session of a token or of a request. */
export interface SessionOf {
  readonly sid: string | undefined
  /** The person of the session. */
  readonly person: PartyRef
  /** When its token was issued; `undefined` when the caller did not send it. */
  readonly issuedAt: EpochMillis | undefined
}

/** Sessions that ended at the identity provider before their tokens expired. */
export interface Sessions {
  /** @param until - When the last token of the session expires. */
  end(sid: string, until: EpochMillis): Promise<void>
  /** Ends all sessions of a person whose tokens were issued at or before `at`, compared by the second. */
  endAll(person: PartyRef, at: EpochMillis, until: EpochMillis): Promise<void>
  /**
   * Ends every session of a person, also those that begin later, until {@link enable} with a later `at`. Of several changes the latest `at` counts, in
   * whatever order they come; of two at the same instant, `disable`.
   *
   * @param at - When the login was disabled.
   */
  disable(person: PartyRef, at: EpochMillis): Promise<void>
  /** Undoes {@link disable}. @param at - When the login was enabled. */
  enable(person: PartyRef, at: EpochMillis): Promise<void>
  isEnded(session: SessionOf): boolean
  /** @param listener - Called after sessions have ended, here or on another PDP of the database. */
  whenEnded(listener: () => void): void
}
