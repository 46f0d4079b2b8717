/**
 * The relationship store as decisions ask it (PIP). Everything here is named by pseudonym.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import type { Answers } from './answer.ts'
import type { Awaitable } from './awaitable.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from './grants.ts'
import type { Circumstances, Question } from './question.ts'
import type { RequestStatistics } from './request-statistics.ts'

/** What a change of authority makes stale in a cache. */
export interface Changed {
  /** Where it is, and whose. */
  readonly resource?: ResourceRef
  /** The personas of this user. */
  readonly user?: PartyRef
  /** The grants at these seats. */
  readonly seats?: readonly Seat[]
}

/**
 * The relationship store as the decision needs it (PIP). What is in memory is returned at once, anything else as a promise. A method rejects with
 * `Fault('relations_unavailable')` when the store does not answer in time; none of them ever guesses.
 */
export interface Relations {
  /** How entries of the decision log name the consistency of a decision. */
  consistencyOf(statistics: Pick<RequestStatistics, 'direct'>): string
  locate(resource: ResourceRef, statistics: RequestStatistics): Awaitable<Located | undefined>
  /** Every persona that the user ever held, usable or not, oldest first. */
  personasOf(user: PartyRef, statistics: RequestStatistics): Awaitable<readonly PersonaId[]>
  /** Live and expired grants at these seats. Ended grants have no tuples any more. */
  candidates(seats: readonly Seat[], statistics: RequestStatistics): Awaitable<readonly Candidate[]>
  /** Bodies by id, from the store itself; an id without one is absent from the map. */
  bodies(ids: readonly string[], statistics: RequestStatistics): Awaitable<ReadonlyMap<string, GrantBody>>
  /**
   * Asks all questions, each once however often it is given: in one request, or in several at the same time where one is too small.
   *
   * @returns The answers by question. A question that the store could not answer is `Unanswered` in it; the others keep their answers.
   */
  ask(questions: readonly Question[], circumstances: Circumstances, statistics: RequestStatistics): Awaitable<Answers>
  /** Whether facts are in memory as a rule: then looking at more of them costs less than a query of the register. */
  readonly isInMemory: boolean
  /** Grows with every change, of what memory holds beside tuples, that this process hears of: ended sessions, proposed grants. */
  readonly notesVersion: number
  /** Changes with every change of several facts of domains that were asked for at once. */
  readonly factsVersion: number
  isRegistered(agent: PartyRef, statistics: RequestStatistics): Awaitable<boolean>
  /** The autonomy settings of a persona, by gate relation. */
  settings(persona: PersonaId, statistics: RequestStatistics): Awaitable<ReadonlyMap<string, GateSetting>>
  /** What a service of the domain stored about a subject or a resource; never remembered. */
  attributesOf(
    domain: string,
    of: PartyRef | ResourceRef,
    statistics: RequestStatistics,
  ): Awaitable<Readonly<Record<string, unknown>>>
  /**
   * Whether all facts from memory that were used were true together at one moment after the request arrived. Passes a read barrier where there is
   * none that is new enough.
   *
   * @returns `false`: what was concluded from them must not be answered; read and ask again. Always `true` where nothing came from memory.
   */
  confirm(statistics: RequestStatistics): Awaitable<boolean>
  /** Reads something beside facts, such as the register, for a decision: its facts from memory must have been true during the read. */
  readBeside<T>(statistics: RequestStatistics, read: () => Promise<T>): Promise<T>
  /** Passes a read barrier. @returns A number that differs from an earlier one where this process heard of a change meanwhile. */
  position(): Promise<number>
  /** Drops facts from the cache that this process has just changed. Does nothing without a cache. */
  forget(changed: Changed): void
}
