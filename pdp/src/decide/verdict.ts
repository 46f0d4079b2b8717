/**
 * The result of a decision, by pseudonym.
 *
 * @module
 */
import type { DecisionCode, EpochMillis, Link, PartyRef, ResourceRef } from '@mandate/protocol'
import type { PersonaId } from '../ports/grants.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'

/** A reason without texts: codes, gates and numbers. */
export interface Finding {
  readonly code: DecisionCode
  readonly gate?: string
  readonly attribute?: string
  readonly limit?: number | string
  readonly actual?: number | string
  readonly currency?: string
  /** Id of the grant that the reason is about. */
  readonly grant?: string
}

/** A decision before it is recorded: reasons, chain and the facts it rests on. Parties by pseudonym. */
export interface Verdict {
  readonly decision: boolean
  /** Primary first. A permit has exactly one. */
  readonly reasons: readonly Finding[]
  /** The chain that was used, or the one that only gates or limits made unusable. Empty for an owner in person. */
  readonly chain: readonly Link[]
  /** In a denial: the chain of the grant that the reason is about, if it ever covered the resource. */
  readonly broken?: readonly Link[]
  readonly at: EpochMillis
  /** The subject's persona. `undefined` when it holds none of the requested name, and when none is needed. */
  readonly persona: PersonaId | undefined
  readonly owner: PartyRef | undefined
  /** The persona that the resource was created under; for `create`, the one that the new resource will belong to. */
  readonly ownerPersona: PersonaId | undefined
  readonly root: ResourceRef | undefined
  /** `domain@hash`. `undefined` when no domain has the resource type or the action. */
  readonly policy: string | undefined
  /** Id of the authorization model. */
  readonly model: string
  /** The attributes that the decision used, as coerced by the manifest. */
  readonly attributes: Readonly<Record<string, number | string | boolean>>
  /** Requests to OpenFGA one after another; parallel requests count once. */
  readonly roundTrips: number
  /** Whether the engine's store was asked for all of it, past the memory. */
  readonly isDirect: boolean
}

/** What every verdict has; the rest defaults to what a denial without a located resource has. */
type VerdictMembers = Pick<Verdict, 'decision' | 'reasons' | 'at' | 'model'> & Partial<Verdict>

/** The only constructor of verdicts. */
export const verdictOf = (members: VerdictMembers, { roundTrips, direct }: RequestStatistics): Verdict => ({
  chain: [],
  persona: undefined,
  owner: undefined,
  ownerPersona: undefined,
  root: undefined,
  policy: undefined,
  attributes: {},
  ...members,
  roundTrips,
  isDirect: direct,
})
