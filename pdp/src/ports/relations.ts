/**
 * The relationship store as decisions ask it (PIP). Everything here is named by pseudonym.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { Answer } from './answer.ts'
import type { Candidate, GateSetting, Giver, GrantBody, Located, PersonaId, Scope, Seat } from './grants.ts'
import type { RequestStatistics } from './request-statistics.ts'

/** One question to the relationship store. The adapter knows which tuple each is about. */
export type Question =
  | {
      readonly kind: 'title'
      readonly owner: PartyRef
      readonly root: ResourceRef
      readonly deed: string
      readonly persona: PersonaId
    }
  | { readonly kind: 'part'; readonly child: ResourceRef; readonly parent: ResourceRef }
  | { readonly kind: 'persona'; readonly persona: PersonaId }
  | { readonly kind: 'agent'; readonly agent: PartyRef }
  | { readonly kind: 'seat'; readonly seat: Seat; readonly grant: string }
  | ({ readonly kind: 'root'; readonly owner: PartyRef } & AskedLink)
  | ({ readonly kind: 'parent'; readonly parent: string } & AskedLink)
  | {
      readonly kind: 'gate'
      readonly relation: string
      readonly persona: PersonaId
      readonly value: number
      readonly unit: string
    }
  | {
      readonly kind: 'relation'
      readonly subject: PartyRef
      readonly relation: string
      readonly resource: ResourceRef
      /** The domain that the resource hangs from, where its type has that relation. */
      readonly domain: string | undefined
      /** What the domain's conditions are given: `subject_role`, `resource_status`, `action_soft`. */
      readonly context: Readonly<Record<string, unknown>>
      /** {@link Relations.factsVersion} when the facts in the context were read. Once it is another, asking rejects with `FactsChanged`. */
      readonly asOf: number
    }

/** One link of a chain. */
interface AskedLink {
  readonly grant: string
  /** Who may have given it: only givers that are asked about beside it. Its cost in OpenFGA grows with their number. */
  readonly standing: readonly Giver[]
}

/** What all questions of one decision share. Only the PDP writes it: nothing of it comes from a caller unchecked (rule A5). */
export interface Circumstances {
  /** The authorization model of the policies that the decision is made under. */
  readonly model: string
  readonly now: EpochMillis
  readonly action: string
  readonly within: readonly Scope[]
  /** The names under which the subject acts: `""`, title, title/circle, `persona:<id>`. */
  readonly acting: readonly string[]
  /** Whether links' own limits bind this action. */
  readonly limited: boolean
  readonly attributes: Readonly<Record<string, number>>
}

/**
 * The relationship store as the decision needs it (PIP). Every method rejects with `Fault('relations_unavailable')` when the store does not
 * answer in time; none of them ever guesses.
 */
export interface Relations {
  readonly consistency: string
  locate(resource: ResourceRef, statistics: RequestStatistics): Promise<Located | undefined>
  /** Every persona that the user ever held, usable or not, oldest first. */
  personasOf(user: PartyRef, statistics: RequestStatistics): Promise<readonly PersonaId[]>
  /** Live and expired grants at these seats; ended ones are gone. */
  candidates(seats: readonly Seat[], statistics: RequestStatistics): Promise<readonly Candidate[]>
  /** Bodies by id, from the store itself; an id without one is absent from the map. */
  bodies(ids: readonly string[], statistics: RequestStatistics): Promise<ReadonlyMap<string, GrantBody>>
  /** BatchChecks, in parallel where one does not hold them all. Rejects with `Unanswered` when any question has no answer. */
  ask(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<readonly boolean[]>
  /** The same; a question that has no answer is told as one. */
  answers(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<readonly Answer[]>
  /** Changes with every change of several facts of domains that were asked for at once. */
  readonly factsVersion: number
  isRegistered(agent: PartyRef, statistics: RequestStatistics): Promise<boolean>
  /** The autonomy settings of a persona, by gate relation. */
  settings(persona: PersonaId, statistics: RequestStatistics): Promise<ReadonlyMap<string, GateSetting>>
  /** What a service of the domain stored about a subject or a resource; never remembered. */
  attributesOf(
    domain: string,
    of: PartyRef | ResourceRef,
    statistics: RequestStatistics,
  ): Promise<Readonly<Record<string, unknown>>>
}
