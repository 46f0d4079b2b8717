/**
 * What the PDP's core needs from the outside: facts, a clock, memory. Everything here is named by pseudonym; no sub passes this line.
 *
 * @module
 */
import type { Autonomy, Entry, EpochMillis, PartyRef, PersonaStatus, ResourceRef } from '@mandate/protocol'
import type { Exchanged } from './remembered.ts'

/** `<holder's pseudonym>.<title>.<circle>.<n>`: who holds it and as what can be read from it, and never changes. */
export type PersonaId = string
/** What a grant covers, as OpenFGA knows it: a deed, a part under a deed, or all of a persona's in a domain. */
export type Scope = string
/** Who gives a link: `persona:<id>` of a person, or `agent:<id>`. */
export type Giver = `persona:${PersonaId}` | `agent:${string}`

/** A clock that never runs backwards. */
export type Clock = () => EpochMillis

/** Where a resource stands now: whose it is, under which deed, in which persona. */
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
  /** The scope in words: `workflow:<id>` or `all:<domain>`. */
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

/** A grant found at a seat. All but `grant` and `seat` are hints: each is affirmed in the BatchCheck that uses it. */
export interface Candidate {
  readonly grant: string
  readonly seat: string
  readonly path: readonly string[]
  readonly givers: readonly Giver[]
}

/** A setting of an owner's persona for one gate. */
export interface GateSetting {
  readonly bound: number
  readonly unit: string
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

/** What a denial's near miss is looked up in. */
export interface PastGrants {
  /** Grants that end at `delegate` and begin at `owner`: those of these scopes first, newest first, at most `limit`. */
  between(owner: PartyRef, delegate: PartyRef, within: readonly Scope[], limit: number): readonly GrantRecord[]
  byId(id: string): GrantRecord | undefined
  /** When a resource was registered, as a ULID; empty where that is not remembered. */
  since(resource: ResourceRef): string
}

/** A bound on a gate; `limit` is absent for consent. */
export interface GateLimit {
  readonly relation: string
  readonly limit: { readonly bound: 'at_most' | 'at_least'; readonly value: number; readonly unit: string } | undefined
}

/** Changes of authority (PAP). True for every later decision anywhere the moment a method resolves. */
export interface Authority {
  issue(grant: GrantBody): Promise<void>
  /** @returns `false` when it had ended already. */
  end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean>
  isLive(grant: GrantBody): Promise<boolean>
  /** Ends each `from` and issues each `to`, all in one. Rejects with `conflict` when one of them ended meanwhile: nothing was changed then. */
  replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void>
  /** Removes whatever is left of a dead grant. What is gone already is no error. */
  sweep(grant: GrantBody): Promise<void>
  /** Whether one atomic change can hold them. */
  fits(exchanged: readonly Exchanged[]): boolean
  /** Decides every Write about a resource that had no answer. */
  settled(resource: ResourceRef): Promise<void>
  /** @returns `false` when the resource is registered already. */
  register(located: Located): Promise<boolean>
  unregister(located: Located): Promise<boolean>
  /** Makes a topmost resource its new owner's, under its new deed. The same again is no change. */
  transfer(to: Located): Promise<void>
  /** Makes a persona usable in its dates, or not at all; and its gates exactly these. */
  setPersona(
    id: PersonaId,
    usable: { readonly from: EpochMillis; readonly till: EpochMillis } | undefined,
    gates: readonly GateLimit[],
  ): Promise<void>
  setAgent(agent: PartyRef, active: boolean): Promise<void>
}

/** A persona as remembered. */
export interface PersonaRecord {
  readonly id: PersonaId
  readonly holder: PartyRef
  readonly title: string
  readonly circle: string
  readonly domain: string
  readonly status: PersonaStatus
  readonly validFrom: EpochMillis
  readonly validTill: EpochMillis
  readonly autonomy: Autonomy | undefined
  readonly createdAt: EpochMillis
  /** Its last change is not confirmed by the relationship store yet. */
  readonly pending?: true | undefined
}

export interface AgentRecord {
  readonly id: string
  readonly active: boolean
  /** The sub of its service account; bound at its first own token when the operator did not say. */
  readonly serviceSub: string | undefined
  readonly createdAt: EpochMillis
  /** Its last change is not confirmed by the relationship store yet. */
  readonly pending?: true | undefined
}

/** `reason` is the words of whoever ended it: they stay here and never reach the store or the log. */
export interface GrantEnd {
  readonly by: PartyRef
  readonly at: EpochMillis
  readonly reason: string
}

export interface GrantFilter {
  readonly delegator?: PartyRef | undefined
  readonly delegate?: PartyRef | undefined
  readonly owner?: PartyRef | undefined
  readonly covers?: string | undefined
  /** Only grants in which one of these stands as delegator, delegate or owner. */
  readonly party?: PartyRef | undefined
  readonly ended: boolean
  /** Also those that are pending. @default false */
  readonly pending?: boolean | undefined
  readonly now: EpochMillis
  readonly limit: number
  /** Only grants older than this id. */
  readonly before?: string | undefined
}

/** Where searches begin. Complete for whatever was registered through this register; the store has the last word on each. */
export interface Directory {
  /** Topmost resources of one type and owner; of one persona when it is named. */
  owned(owner: PartyRef, type: string, persona?: PersonaId): readonly ResourceRef[]
  /** Resources of one type right below another. */
  parts(parent: ResourceRef, type: string): readonly ResourceRef[]
  /** @param since - A ULID, where it is registered now; what is remembered of one that was stays. */
  putResource(located: Located, since?: string): void
  dropResource(resource: ResourceRef): void
}

/**
 * What the PDP remembers: personas, agents and grants with their ends. Written before the relationship store where a change widens authority
 * (as a proposal) and settled after it; what a crash left unsettled is settled at the next start.
 */
export interface Register extends PastGrants, Directory {
  proposeGrant(grant: GrantBody): void
  /** Whether a grant was proposed and is neither settled nor dropped: it permits nothing, whatever the relationship store has. */
  isProposed(id: string): boolean
  settleGrant(id: string): void
  dropGrant(id: string): void
  /** Before the store is told: what a crash interrupts is finished at the next start. */
  proposeEnd(id: string, end: GrantEnd): void
  endGrant(id: string, end: GrantEnd): void
  /** Grants proposed and never settled. */
  unsettledGrants(): readonly GrantRecord[]
  /** One of them. */
  unsettledGrant(id: string): GrantRecord | undefined
  unsettledEnds(): readonly { readonly grant: GrantRecord; readonly end: GrantEnd }[]
  /** Grants that expired or ended at `before` or earlier, or hang from one that was swept, and were not swept themselves. */
  deadGrants(before: EpochMillis, limit: number): readonly GrantRecord[]
  markSwept(id: string): void
  /** Grants to a delegate on one scope that may still be found at its seats: neither ended nor swept, oldest first. */
  unsweptAt(scope: Scope, delegate: PartyRef): readonly GrantRecord[]
  /** The same right below a grant. */
  unsweptBelow(parent: string): readonly GrantRecord[]
  /** Newest first; settled ones, unless the filter asks for pending ones too. */
  grants(filter: GrantFilter): readonly GrantRecord[]
  /** Grants that somebody gave or holds and that neither ended nor expired at `at`. */
  unendedOf(party: PartyRef, at: EpochMillis): readonly GrantRecord[]
  /** Whether an equal grant is live: same parties, persona, actions, scope, parent and limits. `except` does not count. */
  liveTwin(grant: GrantBody, now: EpochMillis, except?: string): string | undefined
  /** `settled: false` until the relationship store has it too. */
  putPersona(persona: PersonaRecord, settled: boolean): void
  personas(holder: PartyRef | undefined): readonly PersonaRecord[]
  personasWaiting(): readonly PersonaRecord[]
  persona(id: PersonaId): PersonaRecord | undefined
  unsettledPersonas(): readonly PersonaRecord[]
  /** Its service account, once bound, stays as it is. */
  putAgent(agent: AgentRecord, settled: boolean): void
  /** Binds an agent to its service account, unless it is bound already. */
  bindAgent(id: string, serviceSub: string): void
  agent(id: string): AgentRecord | undefined
  agents(): readonly AgentRecord[]
  unsettledAgents(): readonly AgentRecord[]
  /** The model id a policy was written under in a store. */
  modelOf(storeId: string, policy: string): string | undefined
  rememberModel(storeId: string, policy: string, modelId: string): void
}

/** An entry without what the recorder adds: version, id and instant. */
export type EntryDraft = Omit<Entry, 'v' | 'id' | 'at'> & { readonly id?: string }

/**
 * Records what happened. Resolves when the entries are durable; rejects with `Fault('log_unavailable')`, and then nothing may be answered
 * or widened.
 *
 * @returns The entries' ids, in order.
 */
export type Recorder = (drafts: readonly EntryDraft[]) => Promise<readonly string[]>
