/**
 * What every administrative operation needs, and who is asking. All parties by pseudonym.
 *
 * @module
 */

import { type EpochMillis, Fault, type PartyRef, type ResourceRef, refuse } from '@mandate/protocol'
import type { InForce } from '../policy/pack.ts'
import type { Authority } from '../ports/authority.ts'
import type { Clock } from '../ports/clock.ts'
import type { Facts } from '../ports/domain-facts.ts'
import type { FactWriter } from '../ports/fact-writer.ts'
import type { Leases } from '../ports/leases.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { Intents, Keys, People, SessionOf, Vault } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { KeyedMutex } from './keyed-mutex.ts'
import type { NarrowingQueue } from './narrowing-queue.ts'
import type { Unseater } from './unseat.ts'

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
  /** Client ids of all that keep something of people: they are told whom to forget. */
  readonly forgetters: readonly string[]
  readonly record: Recorder
  readonly clock: Clock
  /** How a resource stands in the log. */
  readonly redact: { resource(resource: ResourceRef, registered: boolean): Promise<string> }
  /** A new ULID, later than every one before it. */
  readonly newId: () => string
  /** How many links a chain may have (rule C5). */
  readonly maxDepth: number
  readonly mutex: KeyedMutex
  /** Takes out of the store what has just become useless. */
  readonly unseater: Pick<Unseater, 'below' | 'expired'>
  /** Says that a change failed half way: it is settled as soon as that is possible. */
  readonly unfinished: () => void
  /** What takes authority away and could not be written down. */
  readonly narrowings: NarrowingQueue
}

/** Runs the part of a change that must not stay half done. */
export async function finishing<T>({ unfinished }: Pick<PapDeps, 'unfinished'>, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    unfinished()
    throw error
  }
}

/** What is narrowed, and whose turn that takes. */
export interface Narrowed {
  readonly what: string
  readonly turn: string
}

/**
 * Carries out what takes authority away, queued before anything else: in the database, and in memory where that cannot be written, so that a
 * full disk keeps no authority alive.
 *
 * @param propose - Writes the intention down.
 */
export async function narrowing<T>(
  deps: Pick<PapDeps, 'unfinished' | 'narrowings'>,
  { what, turn }: Narrowed,
  propose: () => Promise<void>,
  task: () => Promise<T>,
): Promise<T> {
  try {
    await propose()
  } catch (error) {
    // Another PDP is changing it: that is no reason to go on without the database.
    if (error instanceof Fault && error.code === 'conflict') throw error
    deps.narrowings.add(what, { turn, task })
  }
  const result = await finishing(deps, task)
  deps.narrowings.drop(what)
  return result
}

/** Roles that count in tokens of interactive clients only (rule A7). */
export const ROLES = ['auditor', 'operator', 'persona-admin'] as const
export type Role = (typeof ROLES)[number]

/** Who asks, as the token says. */
export interface Principal {
  /** The person, or the agent or service itself; a service is no party to a grant. */
  readonly party: PartyRef | undefined
  /** How the log names the caller. */
  readonly name: string
  /** A person signed in at an interactive client (rule A6). */
  readonly inPerson: boolean
  /** Set when the caller is a domain service with its own token: the resource types it is registered for. */
  readonly types: readonly string[] | undefined
  /** The agent that brought a person's token, when one did. */
  readonly actor: PartyRef | undefined
  readonly roles: readonly Role[]
  /** The token's scope is for reading alone. */
  readonly onlyReads?: true
  /** The caller has an API key: it asks, and does nothing else. */
  readonly onlyAsks?: true
  /** When the token expires: an answer that goes on ends with it. */
  readonly expiresAt?: EpochMillis
  /** Of a person's token: an answer that goes on ends with it too. */
  readonly session?: SessionOf
  /** Where an entry about this request should point. */
  readonly origin: Pick<EntryDraft, 'request_id' | 'trace'>
}

/** The person, in person; everything a person does to authority starts here. */
export function person(by: Principal): PartyRef {
  if (by.party?.startsWith('user:') && by.inPerson) return by.party
  throw refuse('in_person_only', 'Sign in at an interactive client; no agent or service may do this for a person.')
}

/** The person in person, or an agent with its own service token. */
export function personOrAgent(by: Principal): PartyRef {
  if (by.party?.startsWith('agent:') && by.actor === undefined) return by.party
  return person(by)
}

/** Nothing new begins for whoever is on their way out. */
export async function requireStaying(
  { people }: { readonly people: Pick<People, 'isErasing'> },
  ...parties: readonly PartyRef[]
): Promise<void> {
  for (const party of new Set(parties))
    if (await people.isErasing(party)) throw refuse('conflict', 'One of the parties is being erased.')
}

/** Demands a role. */
export function withRole(by: Principal, role: Role): void {
  if (!by.roles.includes(role))
    throw refuse(
      'forbidden',
      `This needs the role ${role}, in a token of an interactive client whose person signed in by a second factor.`,
    )
}

/** The common part of an entry about a change. */
export function changeBy(by: Principal): Pick<EntryDraft, 'caller' | 'request_id' | 'trace'> {
  return { caller: by.name, ...by.origin }
}
