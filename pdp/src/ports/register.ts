/**
 * Personas, agents, grants and resources as the PDP remembers them.
 *
 * @module
 */
import type { Autonomy, EpochMillis, PartyRef, PersonaStatus, ResourceRef } from '@mandate/protocol'
import type { GrantBody, GrantEnd, GrantRecord, Located, PersonaId, Scope } from './grants.ts'

/** What a denial's near miss is looked up in. */
export interface PastGrants {
  /** Grants that end at `delegate` and begin at `owner`: those of these scopes first, newest first, at most `limit`. */
  between(owner: PartyRef, delegate: PartyRef, within: readonly Scope[], limit: number): Promise<readonly GrantRecord[]>
  byId(id: string): Promise<GrantRecord | undefined>
  /** Those of these grants that are remembered, by id. */
  byIds(ids: readonly string[]): Promise<ReadonlyMap<string, GrantRecord>>
  /** When a resource was registered, as a ULID; empty where that is not remembered. */
  since(resource: ResourceRef): Promise<string>
}

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
  /** The sub of its service account; bound at its first own token when the operator did not say. */
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
  owned(owner: PartyRef, type: string, persona?: PersonaId): Promise<readonly ResourceRef[]>
  /** Resources of one type right below another. */
  parts(parent: ResourceRef, type: string): Promise<readonly ResourceRef[]>
  /** @param since - A ULID, where it is registered now; what is remembered of one that was stays. */
  putResource(located: Located, since?: string): Promise<void>
  dropResource(resource: ResourceRef): Promise<void>
}

/**
 * What the PDP remembers: personas, agents and grants with their ends. Written before the relationship store where a change widens authority
 * (as a proposal) and settled after it; what a crash left unsettled is settled at the next start.
 */
export interface Register extends PastGrants, Directory {
  proposeGrant(grant: GrantBody): Promise<void>
  /** Those of these grants that were proposed and neither completed nor dropped: they permit nothing, whatever the relationship store has. */
  proposedAmong(ids: readonly string[]): Promise<ReadonlySet<string>>
  completeGrant(id: string): Promise<void>
  dropGrant(id: string): Promise<void>
  /** Before the store is told: what a crash interrupts is finished at the next start. */
  proposeEnd(id: string, end: GrantEnd): Promise<void>
  endGrant(id: string, end: GrantEnd): Promise<void>
  /** Grants proposed and never settled. */
  pendingGrants(): Promise<readonly GrantRecord[]>
  /** One of them. */
  pendingGrant(id: string): Promise<GrantRecord | undefined>
  pendingEnds(): Promise<readonly { readonly grant: GrantRecord; readonly end: GrantEnd }[]>
  /** Grants that expired or ended at `before` or earlier, or hang from one that was swept, and were not swept themselves. */
  deadGrants(before: EpochMillis, limit: number): Promise<readonly GrantRecord[]>
  markSwept(id: string): Promise<void>
  /** Grants to a delegate on one scope that may still be found at its seats: neither ended nor swept, oldest first. */
  unsweptAt(scope: Scope, delegate: PartyRef): Promise<readonly GrantRecord[]>
  /** The same right below a grant. */
  unsweptBelow(parent: string): Promise<readonly GrantRecord[]>
  /** Newest first; settled ones, unless the filter asks for pending ones too. */
  grants(filter: GrantFilter): Promise<readonly GrantRecord[]>
  /** Grants that somebody gave or holds and that neither ended nor expired at `at`. */
  unendedOf(party: PartyRef, at: EpochMillis): Promise<readonly GrantRecord[]>
  /** Whether an equal grant is live: same parties, persona, actions, scope, parent and limits. `except` does not count. */
  liveDuplicate(grant: GrantBody, now: EpochMillis, except?: string): Promise<string | undefined>
  /** `settled: false` until the relationship store has it too. */
  putPersona(persona: PersonaRecord, settled: boolean): Promise<void>
  personas(holder: PartyRef | undefined): Promise<readonly PersonaRecord[]>
  personasWaiting(): Promise<readonly PersonaRecord[]>
  persona(id: PersonaId): Promise<PersonaRecord | undefined>
  pendingPersonas(): Promise<readonly PersonaRecord[]>
  /** Its service account, once bound, stays as it is. */
  putAgent(agent: AgentRecord, settled: boolean): Promise<void>
  /** Binds an agent to its service account, unless it is bound already. @returns The one that it is bound to. */
  bindAgent(id: string, serviceSub: string): Promise<string>
  agent(id: string): Promise<AgentRecord | undefined>
  agents(): Promise<readonly AgentRecord[]>
  pendingAgents(): Promise<readonly AgentRecord[]>
  /** The model id a policy was written under in a store. */
  modelOf(storeId: string, policy: string): Promise<string | undefined>
  rememberModel(storeId: string, policy: string, modelId: string): Promise<void>
}
