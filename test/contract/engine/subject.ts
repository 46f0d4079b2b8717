/**
 * What the engine's contract suites need of an engine under test, and builders of what they store. Another implementation only has to be named
 * in `engine.test.ts`.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { Authority } from '../../../pdp/src/ports/authority.ts'
import type { Models, RunningEngine } from '../../../pdp/src/ports/engine.ts'
import type { FactWriter } from '../../../pdp/src/ports/fact-writer.ts'
import type { GrantBody, Located, PersonaId } from '../../../pdp/src/ports/grants.ts'
import { personaId } from '../../../pdp/src/ports/persona-id.ts'
import type { Circumstances, Question } from '../../../pdp/src/ports/question.ts'
import type { Relations } from '../../../pdp/src/ports/relations.ts'
import { RequestStatistics } from '../../../pdp/src/ports/request-statistics.ts'
import { createNewId } from '../../../pdp/src/runtime/new-id.ts'
import type { TupleEngine, TupleSource } from '../../../pdp/src/tuples/source.ts'
import type { TupleKey } from '../../../pdp/src/tuples/tuples.ts'
import type { TupleReads, TupleWriter } from '../../../pdp/src/tuples/writer.ts'

/**
 * `unreachable`: nothing is carried out or answered. `lost answers`: the next change is carried out, and no change is answered or decided; not of an
 * implementation that knows outcomes.
 */
export type Outage = 'unreachable' | 'lost answers'

/** An engine with the core's model, and those of the domains travel, sheets and folders where it has facts. */
export interface EngineUnderTest {
  readonly relations: Relations
  readonly authority: Authority
  readonly undecided: Pick<RunningEngine['undecided'], 'decideAll'>
  /** The id of its model. */
  readonly model: string
  /** Ids of grants that are proposed and not issued: add to it. */
  readonly proposed: Set<string>
  outage(kind: Outage): void
  mend(): void
  close(): Promise<void>
}

export interface FactEngineUnderTest extends EngineUnderTest {
  readonly facts: FactWriter
}

/** An implementation, by name. */
export interface Implementation<E extends EngineUnderTest> {
  readonly name: string
  /** Every look is as good as a fresh one: nothing is remembered that may be stale. */
  readonly looksFreshly?: boolean
  /** The outcome of a change is known when its promise settles: no answer can be lost. */
  readonly knowsOutcomes?: boolean
  open(): Promise<E>
}

/** A store of tuples, below the ports of an engine. Its model is the core's. */
export interface TupleStoreUnderTest {
  readonly writer: TupleWriter
  readonly reads: TupleReads
  readonly source: TupleSource
  readonly models: Models & Pick<TupleEngine, 'readModel'>
  /** The id of its model. */
  readonly model: string
  /** The keys of all changes that were carried out, oldest first. */
  changed(): Promise<readonly TupleKey[]>
  close(): Promise<void>
}

export interface TupleStoreImplementation {
  readonly name: string
  open(): Promise<TupleStoreUnderTest>
}

export const fresh = (): RequestStatistics => {
  const statistics = new RequestStatistics()
  statistics.fresh = true
  return statistics
}

export const NOW: EpochMillis = Date.parse('2031-05-01T12:00:00.000Z')
export const HOUR_MS = 3_600_000
export const newId = createNewId(Date.now)

export const aUser = (): PartyRef => `user:p_${newId()}`
export const anAgent = (): PartyRef => `agent:bot ${newId()}`
export const aPersona = (holder: PartyRef, circle = 'family'): PersonaId =>
  personaId({ holder, title: 'traveler', circle, n: 1 })

/** A topmost resource. */
export function aWorkflow(owner: PartyRef = aUser()): Located {
  const resource: ResourceRef = `workflow:trip ${newId()}`
  return { resource, root: resource, ancestors: [], owner, persona: aPersona(owner), deed: newId() }
}

/** A part of it. */
export const anItem = (of: Located): Located => ({
  ...of,
  resource: `workflow_item:item ${newId()}`,
  ancestors: [of.resource, ...of.ancestors],
})

/** A first grant of all of a resource, by its owner. */
export function aGrant(of: Located, delegate: PartyRef, change: Partial<GrantBody> = {}): GrantBody {
  const id = newId()
  return {
    id,
    delegator: of.owner,
    delegatorPersona: of.persona,
    delegate,
    asks: '',
    owner: of.owner,
    actions: ['execute', 'read'],
    scope: { deed: of.deed, part: undefined },
    covers: of.root,
    atMost: {},
    atLeast: {},
    expiresAt: NOW + HOUR_MS,
    redelegations: 1,
    unattended: true,
    parent: undefined,
    path: [id],
    givers: [`persona:${of.persona}`],
    createdAt: NOW - HOUR_MS,
    ...change,
  }
}

/** A grant that passes another one on. */
export function aChild(parent: GrantBody, delegate: PartyRef): GrantBody {
  const id = newId()
  const persona = aPersona(parent.delegate)
  return {
    ...parent,
    id,
    delegator: parent.delegate,
    delegatorPersona: persona,
    delegate,
    redelegations: 0,
    parent: parent.id,
    path: [...parent.path, id],
    givers: [...parent.givers, `persona:${persona}`],
  }
}

export const linkQuestion = (grant: GrantBody): Question => {
  const link = { grant: grant.id, standing: grant.givers.slice(-1) }
  return grant.parent === undefined
    ? { kind: 'root', owner: grant.owner, ...link }
    : { kind: 'parent', parent: grant.parent, ...link }
}

export const titleQuestion = ({ owner, root, deed, persona }: Located): Question => ({
  kind: 'title',
  owner,
  root,
  deed,
  persona,
})

/** Circumstances in which `grant` would confer its authority. */
export const circumstancesFor = (
  { model }: EngineUnderTest,
  grant?: GrantBody,
  change: Partial<Circumstances> = {},
): Circumstances => ({
  model,
  now: NOW,
  action: 'execute',
  within: grant ? [grant.scope] : [],
  acting: [''],
  limited: false,
  attributes: {},
  ...change,
})

/** @returns The answer; rejects with `Unanswered` where there is none. */
export async function asks(
  engine: EngineUnderTest,
  question: Question,
  grant?: GrantBody,
  change: Partial<Circumstances> = {},
): Promise<boolean> {
  const answers = await engine.relations.ask([question], circumstancesFor(engine, grant, change), fresh())
  return answers.affirms(question)
}
