/**
 * What is asked of the decision, and what it answers. By pseudonym only.
 *
 * @module
 */
import type { DecisionCode, EpochMillis, Link, PartyRef, ResourceRef } from '@mandate/protocol'
import type { PersonaId } from '../ports/grants.ts'

type Properties = Readonly<Record<string, unknown>>

/** One AuthZEN evaluation behind the pseudonymizer. */
export interface Evaluation {
  /** Whose authority is used. */
  readonly subject: PartyRef
  /** The subject's type is none that the domain knows: nobody can have given it anything, and `subject` names nobody (rule A1). */
  readonly isSubjectUnknown?: true
  /** Who acts, when that is not the subject. */
  readonly actor: PartyRef | undefined
  /** `title/circle` that the subject acts in, as sent. */
  readonly persona: string | undefined
  /** The subject's session at the identity provider, when the caller knows it, and when its token was issued. */
  readonly session?: string | undefined
  readonly sessionIssuedAt?: EpochMillis | undefined
  /** `subject.properties` and `action.properties` as sent; only what the manifest declares is looked at. */
  readonly about: { readonly subject: Properties; readonly action: Properties }
  readonly action: string
  readonly resource: ResourceRef
  /** `resource.properties` as sent; only what the manifest declares is looked at. */
  readonly attributes: Properties
}

/** A reason as found: codes, gates and numbers, no text. */
export interface Finding {
  readonly code: DecisionCode
  readonly gate?: string
  readonly attribute?: string
  readonly limit?: number | string
  readonly actual?: number | string
  readonly currency?: string
  /** The grant that a relation code is about. */
  readonly grant?: string
}

export interface Verdict {
  readonly decision: boolean
  /** Primary first. A permit has exactly one. */
  readonly reasons: readonly Finding[]
  /** The chain whose authority was used, or would have been had no gate failed. */
  readonly chain: readonly Link[]
  /** Of a denial by a near miss: the chain that missed, if it ever reached the resource. Absent or empty: none did. */
  readonly broken?: readonly Link[]
  readonly at: EpochMillis
  /** The persona the subject acted in; `undefined` when it holds none of that name, and where none is needed. */
  readonly persona: PersonaId | undefined
  readonly owner: PartyRef | undefined
  /** The persona the resource was created under, or (for `create`) the one the new thing will be. */
  readonly ownerPersona: PersonaId | undefined
  readonly root: ResourceRef | undefined
  /** `domain@hash`; absent when no domain knows the resource's type. */
  readonly policy: string | undefined
  /** The authorization model that was asked. */
  readonly model: string
  /** The declared attributes that were looked at, as coerced. */
  readonly attributes: Readonly<Record<string, number | string | boolean>>
  /** Questions put to the store one after another; parallel ones count once. */
  readonly roundTrips: number
}
