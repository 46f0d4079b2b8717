/**
 * What the reference knows: plain lists of facts, and the questions asked of them. Nothing is indexed, cached or encoded.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { TravelCode } from './codes.ts'

/** `user:<sub>` or `agent:<id>`. */
export type Party = string
/** `type:id`. */
export type Ref = string

/** A gate's setting, or a bound of a grant. Inclusive; money in minor units of `currency`, instants in seconds ahead of now. */
export interface Bound {
  readonly at_most?: number
  readonly at_least?: number
  readonly currency?: string
}

/** A limit of a grant: a bound on the attribute that it names. */
export interface Limit extends Bound {
  readonly attribute: string
}

export interface Settings {
  readonly consent: boolean
  /** By the name of the gate. */
  readonly limits: Readonly<Record<string, Bound>>
}

export type Status = 'pending' | 'active' | 'inactive' | 'suspended' | 'revoked'

export interface Persona {
  /** One taken again after it was revoked is another (F1: revoked is final). */
  readonly id: string
  readonly holder: Party
  readonly title: string
  readonly circle: string
  readonly status: Status
  readonly validFrom: EpochMillis
  readonly validTill: EpochMillis
  readonly autonomy?: Settings
}

export interface Agent {
  readonly id: Party
  readonly suspended: boolean
}

/** A top resource has an owner of its own; what is below one has its parent's. */
export interface Resource {
  readonly ref: Ref
  readonly owner: Party
  /** The id of the persona that it was created under. */
  readonly ownerPersona: string
  readonly parent?: Ref
  /** Which period of ownership this is: every transfer begins a new one (B1). */
  readonly deed: number
}

export interface Grant {
  readonly id: string
  readonly delegator: Party
  /** The id of the persona; absent when an agent gives. */
  readonly delegatorPersona?: string
  readonly delegate: Party
  /** `title` or `title/circle`; absent: any. */
  readonly delegatePersona?: string
  readonly actions: readonly string[]
  /** `type:id`, or `all:<domain>`. */
  readonly scope: string
  /** Of a grant on one resource: the period of ownership in which it was given. */
  readonly deed?: number
  readonly limits: readonly Limit[]
  readonly expiresAt: EpochMillis
  readonly redelegations: number
  readonly unattended: boolean
  readonly parent?: string
  readonly revoked: boolean
}

export interface Facts {
  readonly now: EpochMillis
  readonly personas: readonly Persona[]
  readonly agents: readonly Agent[]
  readonly resources: readonly Resource[]
  readonly grants: readonly Grant[]
}

export interface Question {
  readonly subject: Party
  readonly actor?: Party
  /** `title/circle`. */
  readonly persona?: string
  readonly action: string
  readonly resource: Ref
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Verdict {
  readonly permit: boolean
  /** All of them, primary first. */
  readonly reasons: readonly TravelCode[]
  /** The ids of the grants, the owner's first. Empty when no chain is good. */
  readonly chain: readonly string[]
}

export const nameOf = ({ title, circle }: Pick<Persona, 'title' | 'circle'>): string => `${title}/${circle}`
export const isAgent = (party: Party): boolean => party.startsWith('agent:')
