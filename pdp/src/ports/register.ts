/**
 * Personas, agents, grants and resources as the PDP remembers them.
 *
 * @module
 */
import {
  type Autonomy,
  type EpochMillis,
  type Fault,
  type PartyRef,
  type PersonaStatus,
  type ResourceRef,
  refuse,
} from '@mandate/protocol'
import type { GrantBody, GrantEnd, GrantRecord, Located, PersonaId, Scope } from './grants.ts'
import type { Exchanged } from './stores.ts'

/** The remembered grants of a path, in its order. */
export async function grantsOnPath(
  past: Pick<PastGrants, 'byIds'>,
  path: readonly string[],
): Promise<readonly GrantRecord[]> {
  const found = await past.byIds(path)
  return path.flatMap((id) => found.get(id) ?? [])
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
  /** The sub of its service account. When the operator did not set one, it is bound at the first token that the agent presents. */
  readonly serviceSub: string | undefined
  readonly createdAt: EpochMillis
  /** Its last change is not confirmed by the relationship store yet. */
  readonly pending?: true | undefined
}

export interface GrantFilter {
  readonly delegator?: PartyRef | undefined
  readonly delegate?: PartyRef | undefined
  readonly owner?: PartyRef | undefined
  readonly covers?: string | undefined
  /** Only grants with this party as delegator, delegate or owner. */
  readonly party?: PartyRef | undefined
  readonly ended: boolean
  /** Also those that are pending. @default false */
  readonly pending?: boolean | undefined
  readonly now: EpochMillis
  readonly limit: number
  /** Only grants older than this id. */
  readonly before?: string | undefined
}

/** All registered resources: the candidates of searches. The relationship store is authoritative. */
export interface Directory {
  /** Topmost resources of one type and owner; of one persona when it is named. */
  owned(owner: PartyRef, type: string, persona?: PersonaId): Promise<readonly ResourceRef[]>
  /** Resources of one type right below another. */
  parts(parent: ResourceRef, type: string): Promise<readonly ResourceRef[]>
  /** When a resource was registered, as a ULID; empty where that is not known. */
  since(resource: ResourceRef): Promise<string>
  /** @param since - ULID of a new registration. Does not change the value of a resource that is registered already. */
  putResource(located: Located, since?: string): Promise<void>
  dropResource(resource: ResourceRef): Promise<void>
}

/**
 * Grants with their ends. A change is *pending* from before the relationship store is written until it is *complete*: written here, in the
 * relationship store and in the log. Every pending change is leased by the PDP that carries it out.
 */
export interface Grants {
  /**
   * @param now - Grants that have expired by then do not count as duplicates.
   * @throws Fault `grant_exists` when an equal grant is live or pending.
   */
  proposeGrant(grant: GrantBody, now: EpochMillis): Promise<void>
  /** Filters proposed grants, which are neither completed nor dropped: they permit nothing, even when the relationship store has their tuples. */
  proposedAmong(ids: readonly string[]): ReadonlySet<string>
  completeGrant(id: string): Promise<void>
  /** Forgets a grant that was proposed and never issued. */
  dropGrant(id: string): Promise<void>
  pendingGrants(): Promise<readonly GrantRecord[]>
  pendingGrant(id: string): Promise<GrantRecord | undefined>
  proposeEnd(id: string, end: GrantEnd): Promise<void>
  /** Completes an end. */
  endGrant(id: string, end: GrantEnd): Promise<void>
  pendingEnds(): Promise<readonly { readonly grant: GrantRecord; readonly end: GrantEnd }[]>
  /** Ends all live grants on a deed or a part of it, with reason `transferred`. */
  endGrantsUnder(deed: string, at: EpochMillis): Promise<void>
  /** Proposes every `to` in place of its `from`. @throws Fault `grant_exists`, like {@link proposeGrant}; then nothing was written. */
  proposeExchange(exchanged: readonly Exchanged[], now: EpochMillis): Promise<void>
  /** Forgets every `to`. */
  dropExchange(exchanged: readonly Exchanged[]): Promise<void>
  /** Every `to` is complete, every `from` has ended as `replaced`. */
  completeExchange(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void>
  /** Forgets the reasons that a person gave for ending grants. */
  eraseWordsOf(person: PartyRef): Promise<void>
  byId(id: string): Promise<GrantRecord | undefined>
  /** Those of these grants that are complete, by id. */
  byIds(ids: readonly string[]): Promise<ReadonlyMap<string, GrantRecord>>
  /** Grants that end at `delegate` and begin at `owner`: those of these scopes first, newest first, at most `limit`. */
  between(owner: PartyRef, delegate: PartyRef, within: readonly Scope[], limit: number): Promise<readonly GrantRecord[]>
  /** Grants to sweep: expired or ended at or before `before`, or below a swept grant, and not swept yet. */
  deadGrants(before: EpochMillis, limit: number): Promise<readonly GrantRecord[]>
  /** @returns whether the grant was not marked before */
  markSwept(id: string): Promise<boolean>
  /** Grants to a delegate on one scope that may still have tuples: neither ended nor swept, oldest first. With `pending` also proposed ones. */
  unsweptAt(scope: Scope, delegate: PartyRef, which?: { readonly pending?: boolean }): Promise<readonly GrantRecord[]>
  /** The same right below a grant. */
  unsweptBelow(parent: string): Promise<readonly GrantRecord[]>
  /** Newest first; complete ones, unless the filter asks for pending ones too. */
  grants(filter: GrantFilter): Promise<readonly GrantRecord[]>
  /** Grants that a party gave or holds and that neither ended nor expired at `at`. */
  unendedOf(party: PartyRef, at: EpochMillis): Promise<readonly GrantRecord[]>
  /** An equal grant that is live: same parties, persona, actions, scope, parent and limits. `except` does not count. */
  liveDuplicate(grant: GrantBody, now: EpochMillis, except?: string): Promise<string | undefined>
}

export interface Personas {
  /** Pending until {@link completePersona}. */
  proposePersona(persona: PersonaRecord): Promise<void>
  completePersona(persona: PersonaRecord): Promise<void>
  pendingPersonas(): Promise<readonly PersonaRecord[]>
  personas(holder: PartyRef | undefined): Promise<readonly PersonaRecord[]>
  /** Those whose title only a persona administrator gives, and none has yet. */
  personasAwaitingApproval(): Promise<readonly PersonaRecord[]>
  persona(id: PersonaId): Promise<PersonaRecord | undefined>
}

export interface Agents {
  /** Pending until {@link completeAgent}. An agent's service account, once bound, stays as it is. */
  proposeAgent(agent: AgentRecord): Promise<void>
  completeAgent(agent: AgentRecord): Promise<void>
  pendingAgents(): Promise<readonly AgentRecord[]>
  /** Binds an agent to its service account, unless it is bound already. @returns The account that it is bound to. */
  bindAgent(id: string, serviceSub: string): Promise<string>
  agent(id: string): Promise<AgentRecord | undefined>
  agents(): Promise<readonly AgentRecord[]>
}

/** Which model of the relationship store each policy was written as. */
export interface Models {
  modelOf(storeId: string, policy: string): Promise<string | undefined>
  rememberModel(storeId: string, policy: string, modelId: string): Promise<void>
  /** Every `storeId` under which models were remembered. */
  modelPlaces(): Promise<readonly string[]>
}

export interface Register extends Grants, Personas, Agents, Directory, Models {}

/** The queries with which the near miss of a denial is found. */
export type PastGrants = Pick<Register, 'between' | 'byId' | 'byIds' | 'since'>

export const grantExists = (id: string): Fault =>
  refuse('grant_exists', `The same grant is live already: ${id}.`, { grant: id })
