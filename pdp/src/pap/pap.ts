/**
 * Dependencies and caller of the administrative operations. All parties by pseudonym.
 *
 * @module
 */

import { type EpochMillis, type PartyRef, type ResourceRef, refuse } from '@mandate/protocol'
import type { InForce } from '../policy/pack.ts'
import type { Authority } from '../ports/authority.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Clock } from '../ports/clock.ts'
import type { Facts } from '../ports/domain-facts.ts'
import type { FactWriter } from '../ports/fact-writer.ts'
import type { GrantRecord } from '../ports/grants.ts'
import { LeaseHeld, type Leases } from '../ports/leases.ts'
import type { Locks } from '../ports/locks.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { Intents, Keys, People, SessionOf, Vault } from '../ports/stores.ts'
import type { StoreSet, Transactions } from '../ports/transactions.ts'
import type { NarrowingQueue } from './narrowing-queue.ts'

export interface PapDeps extends Transactions {
  readonly policies: () => InForce
  readonly relations: Relations
  readonly authority: Authority
  readonly register: Register
  readonly intents: Intents
  readonly keys: Keys
  readonly people: People
  readonly facts: Facts
  readonly factWriter: FactWriter
  readonly vault: Pick<Vault, 'subOf' | 'beginErasure'>
  readonly leases: Leases
  /** Whether other PDPs use the database at the same time. */
  readonly isShared: boolean
  /** Client ids of the services and agents that store personal data: each is told about erasures. */
  readonly forgetters: readonly string[]
  readonly record: Recorder
  readonly clock: Clock
  /** Names a resource for the log. */
  readonly redact: { resource(resource: ResourceRef, registered: boolean): Awaitable<string> }
  /** A new ULID, greater than every earlier one. */
  readonly newId: () => string
  /** Most links of a chain (rule C5). */
  readonly maxDepth: number
  readonly locks: Locks
  /** Removes tuples of dead grants. */
  readonly seatCleanup: {
    removeBelow(ended: readonly string[]): void
    removeExpired(grants: readonly GrantRecord[]): void
  }
  /** Schedules a reconciliation, after a change that failed half way. */
  readonly unfinished: () => void
  /** Changes that take authority away and could not be written to the database. Empty where the database is shared. */
  readonly narrowings: NarrowingQueue
}

/** Runs the part of a change that must be completed; schedules a reconciliation when it fails. */
export async function finishing<T>({ unfinished }: Pick<PapDeps, 'unfinished'>, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    unfinished()
    throw error
  }
}

/** Names a change that takes authority away, and the lock key that it holds. */
export interface Narrowed {
  readonly what: string
  readonly turn: string
}

/**
 * Carries out a change that takes authority away. The change is pending in the database first; where a database of one PDP cannot be written, in memory, so
 * that a full disk does not prevent a revocation.
 *
 * @param propose - Writes the pending change to the database, and takes the lease on it.
 * @param task - Carries the change out. It calls `retry` before it completes the change in the database: where the first `propose` failed, the change has
 * no lease yet, and the database may be writable again by then.
 */
export async function narrowing<T>(
  deps: Pick<PapDeps, 'unfinished' | 'narrowings' | 'isShared'>,
  { what, turn }: Narrowed,
  propose: () => Promise<void>,
  task: (retry: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let retry = async (): Promise<void> => {}
  try {
    await propose()
  } catch (error) {
    // The database can be written: another PDP is changing the same thing.
    if (error instanceof LeaseHeld) throw error
    // Other PDPs would not know of the change, and may be changing the same thing.
    if (deps.isShared) throw error
    retry = propose
    deps.narrowings.add(what, {
      turn,
      task: async () => {
        await propose()
        await task(async () => {})
      },
    })
  }
  const result = await finishing(deps, () => task(retry))
  deps.narrowings.drop(what)
  return result
}

/** Roles. They are accepted in tokens of interactive clients only (rule A7). */
export const ROLES = ['auditor', 'operator', 'persona-admin'] as const
export type Role = (typeof ROLES)[number]

/** The caller, from its verified token. */
export interface Principal {
  /** The person or agent. `undefined` for a service, which is never party to a grant. */
  readonly party: PartyRef | undefined
  /** The caller's name in the log. */
  readonly name: string
  /** Whether the token is a person's, of an interactive client (rule A6). */
  readonly inPerson: boolean
  /** The resource types of a domain service that presents its own token. */
  readonly types: readonly string[] | undefined
  /** The agent that presents a person's token. */
  readonly actor: PartyRef | undefined
  readonly roles: readonly Role[]
  /** Set when the token's scope allows reading only. */
  readonly onlyReads?: true
  /** Set for an API key: evaluations and searches only. */
  readonly onlyAsks?: true
  /** When the token expires. A streamed response ends then. */
  readonly expiresAt?: EpochMillis
  /** The session of a person's token. A streamed response ends with it. */
  readonly session?: SessionOf
  /** Ids that link log entries to the request. */
  readonly origin: Pick<EntryDraft, 'request_id' | 'trace'>
}

/** The person, who must act in person: no agent or service changes a person's authority. @throws Fault `in_person_only` */
export function person(by: Principal): PartyRef {
  if (by.party?.startsWith('user:') && by.inPerson) return by.party
  throw refuse('in_person_only', 'Sign in at an interactive client; no agent or service may do this for a person.')
}

/** The person in person, or an agent with its own token. @throws Fault `in_person_only` */
export function personOrAgent(by: Principal): PartyRef {
  if (by.party?.startsWith('agent:') && by.actor === undefined) return by.party
  return person(by)
}

/**
 * Checks again in the transaction that stores something new about the parties: an erasure that began meanwhile does not find it.
 *
 * @throws Fault `conflict` when one of the parties is being erased, or was erased since the request began.
 */
export async function requirePresent(
  { people, vault }: Pick<StoreSet, 'people' | 'vault'>,
  ...parties: readonly PartyRef[]
): Promise<void> {
  await requireStaying({ people }, ...parties)
  for (const party of parties)
    if (party.startsWith('user:') && (await vault.subOf(party)) === undefined)
      throw refuse('conflict', 'One of the parties has been erased.')
}

/** @throws Fault `conflict` when one of the parties is being erased. */
export async function requireStaying(
  { people }: { readonly people: Pick<People, 'isErasing'> },
  ...parties: readonly PartyRef[]
): Promise<void> {
  for (const party of new Set(parties))
    if (await people.isErasing(party)) throw refuse('conflict', 'One of the parties is being erased.')
}

/** @throws Fault `forbidden` without the role. */
export function withRole(by: Principal, role: Role): void {
  if (!by.roles.includes(role))
    throw refuse(
      'forbidden',
      `This needs the role ${role}, in a token of an interactive client whose person signed in by a second factor.`,
    )
}

/** The members of a log entry that name the caller and the request. */
export function changeBy(by: Principal): Pick<EntryDraft, 'caller' | 'request_id' | 'trace'> {
  return { caller: by.name, ...by.origin }
}
