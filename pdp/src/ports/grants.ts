/**
 * Resources, personas and grants, as the core sees them. People are named by pseudonym only, never by sub.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'

/** `<holder's pseudonym>.<title>.<circle>.<n>`: who holds it and as what can be read from it, and never changes. */
export type PersonaId = string

/** One period of ownership of a topmost resource: all of it, or one part below it. */
export interface DeedScope {
  readonly deed: string
  /** `undefined`: the topmost resource and every part of it. */
  readonly part: ResourceRef | undefined
}

/** Everything that an owner created in a domain under one persona. */
export interface PersonaScope {
  readonly domain: string
  readonly persona: PersonaId
}

/** What a grant covers. */
export type Scope = DeedScope | PersonaScope

/** Index key of grants: one scope, and one delegate. */
export interface Seat {
  readonly scope: Scope
  readonly delegate: PartyRef
  /** Set for grants that an agent uses only for the person who gave them (rule A3). */
  readonly onBehalfOf: PartyRef | undefined
}

/** Who gives a link: `persona:<id>` of a person, or `agent:<id>`. */
export type Giver = `persona:${PersonaId}` | `agent:${string}`

/** The current owner, deed and persona of a resource. */
export interface Located {
  readonly resource: ResourceRef
  /** The topmost resource; the same as `resource` when it has no parent. */
  readonly root: ResourceRef
  /** From the resource's parent up to the root. Empty for a root. */
  readonly ancestors: readonly ResourceRef[]
  readonly owner: PartyRef
  /** Empty in a domain without titles. */
  readonly persona: PersonaId
  /** The present period of ownership (rule B1). */
  readonly deed: string
}

/** The immutable body of a grant. */
export interface GrantBody {
  readonly id: string
  readonly delegator: PartyRef
  /** Empty when an agent gives. */
  readonly delegatorPersona: PersonaId
  readonly delegate: PartyRef
  /** `title`, `title/circle`, or empty for any. */
  readonly asks: string
  readonly owner: PartyRef
  readonly actions: readonly string[]
  readonly scope: Scope
  /** The scope as the request spells it: `workflow:<id>` or `all:<domain>`. */
  readonly covers: string
  /** Keys carry the unit: `planned_price.EUR` (minor units), `starts_at.ahead` (seconds), `risk`. */
  readonly atMost: Readonly<Record<string, number>>
  readonly atLeast: Readonly<Record<string, number>>
  readonly expiresAt: EpochMillis
  readonly redelegations: number
  readonly unattended: boolean
  readonly parent: string | undefined
  /** Ids from the root grant to this one, inclusive. */
  readonly path: readonly string[]
  /** Who must be usable for it: one a link, each once. */
  readonly givers: readonly Giver[]
  readonly createdAt: EpochMillis
}

/** A grant found at a seat. Members other than `grant` and `seat` are hints: a decision that uses one checks it again. */
export interface Candidate {
  readonly grant: string
  readonly seat: Seat
  readonly path: readonly string[]
  readonly givers: readonly Giver[]
}

/** A setting of an owner's persona for one gate. */
export interface GateSetting {
  readonly bound: number
  readonly unit: string
}

/** A bound on a gate; `limit` is absent for consent. */
export interface GateLimit {
  readonly relation: string
  readonly limit: { readonly bound: 'at_most' | 'at_least'; readonly value: number; readonly unit: string } | undefined
}

/** A grant as remembered, ended ones included. Explains denials and answers lists; never confers authority. */
export interface GrantRecord extends GrantBody {
  /** It is not known yet whether the relationship store has it. */
  readonly pending?: true | undefined
  readonly revokedAt: EpochMillis | undefined
  readonly revokedBy: PartyRef | undefined
  readonly revokeReason: string | undefined
  /** The grant that took its place, when one did. */
  readonly replacedBy?: string | undefined
}

/** End of a grant. `reason` is free text of the person who ended it: it is kept in the database only, never in the relationship store or the log. */
export interface GrantEnd {
  readonly by: PartyRef
  readonly at: EpochMillis
  readonly reason: string
}
