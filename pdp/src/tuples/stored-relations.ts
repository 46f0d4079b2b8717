/**
 * The half of {@link Relations} that is the same for every store of tuples: reading facts by the keys of their tuples. How questions are answered is the
 * engine's. Nothing is cached here.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import { type Answer, type Answers, Unanswered } from '../ports/answer.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { objectName } from '../ports/stored-names.ts'
import type { FactGate } from './fact-gate.ts'
import {
  attributesIn,
  bodyOf,
  candidateOf,
  locatedByHint,
  locatedByOwner,
  type StoredTuple,
  settingOf,
} from './stored.ts'
import { attributesName, seatObject, type TupleKey } from './tuples.ts'

/** Reads tuples by their key, past every cache. An object that ends with its colon, `persona:`, stands for all objects of the type. */
export interface KeyReader {
  /** In the order in which they were written. Rejects with `Fault('relations_unavailable')` when not all of them could be read. */
  read(key: Partial<TupleKey>, statistics: RequestStatistics): Promise<readonly StoredTuple[]>
}

export interface StoredRelationsOptions {
  /** Called for every question that was asked and has no answer. */
  readonly onUnanswered?: (unanswered: Unanswered) => void
  /** Whether a grant is proposed and not issued: such a grant confers no authority, even when its tuples are stored. @default never */
  readonly proposedAmong?: (grants: readonly string[]) => Awaitable<ReadonlySet<string>>
  /** Lock between questions and replacements of facts. @default none, for a store that this process only reads */
  readonly gate?: Pick<FactGate, 'ask' | 'askStore' | 'version'>
}

export abstract class StoredRelations implements Relations {
  readonly isInMemory = false
  readonly notesVersion = 0
  protected readonly gate: Pick<FactGate, 'ask' | 'askStore' | 'version'>
  readonly #tuples: KeyReader
  readonly #onUnanswered: NonNullable<StoredRelationsOptions['onUnanswered']>
  readonly #proposedAmong: NonNullable<StoredRelationsOptions['proposedAmong']>

  constructor(tuples: KeyReader, { gate, onUnanswered, proposedAmong }: StoredRelationsOptions) {
    this.#tuples = tuples
    this.gate = gate ?? { version: 0, ask: (task) => task(), askStore: (send) => send() }
    this.#onUnanswered = onUnanswered ?? (() => undefined)
    this.#proposedAmong = proposedAmong ?? (() => new Set())
  }

  abstract ask(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers>

  abstract consistencyOf(): string

  /**
   * Corrects the answers of the store: a grant that is proposed and not issued confers nothing. Reports questions without an answer.
   *
   * @param affirmed - The answer to a question that the store affirmed.
   */
  protected async corrected(
    answers: readonly (readonly [Question, Answer])[],
    affirmed: (question: Question) => Answer = () => true,
  ): Promise<readonly (readonly [Question, Answer])[]> {
    const grants = answers.flatMap(([question]) => ('grant' in question ? question.grant : []))
    const proposed = await this.#proposedAmong(grants)
    return answers.map(([question, stored]) => {
      const isProposed = 'grant' in question && proposed.has(question.grant)
      const answer = stored === true ? !isProposed && affirmed(question) : stored
      if (answer instanceof Unanswered) this.#onUnanswered(answer)
      return [question, answer] as const
    })
  }

  async locate(resource: ResourceRef, statistics: RequestStatistics): Promise<Located | undefined> {
    const tuples = await this.#tuples.read({ object: objectName(resource) }, statistics)
    const owned = locatedByOwner(resource, [], tuples)
    if (owned) return owned
    const part = locatedByHint(resource, tuples)
    if (part && statistics.fresh) return this.#walkUp(resource, part.ancestors, statistics)
    // The hint was stored when the part was registered, so it counts as a cached fact.
    if (part) statistics.remembered += 1
    return part
  }

  /** Locates a part by the root's own facts instead of the hint. */
  async #walkUp(
    resource: ResourceRef,
    hinted: readonly ResourceRef[],
    statistics: RequestStatistics,
  ): Promise<Located | undefined> {
    const root = hinted[hinted.length - 1]
    if (!root) return undefined
    return locatedByOwner(resource, hinted, await this.#tuples.read({ object: objectName(root) }, statistics))
  }

  async personasOf(user: PartyRef, statistics: RequestStatistics): Promise<readonly PersonaId[]> {
    const tuples = await this.#tuples.read(
      { user: objectName(user), relation: 'holder', object: 'persona:' },
      statistics,
    )
    return tuples.map((tuple) => tuple.key.object.slice('persona:'.length))
  }

  async candidates(seats: readonly Seat[], statistics: RequestStatistics): Promise<readonly Candidate[]> {
    const found = await Promise.all(
      seats.map(async (seat) => {
        const tuples = await this.#tuples.read({ object: seatObject(seat), relation: 'via' }, statistics)
        return tuples.map((tuple) => candidateOf(seat, tuple))
      }),
    )
    return found.flat()
  }

  async bodies(ids: readonly string[], statistics: RequestStatistics): Promise<ReadonlyMap<string, GrantBody>> {
    const bodies = new Map<string, GrantBody>()
    await Promise.all(
      [...new Set(ids)].map(async (id) => {
        const [tuple] = await this.#tuples.read({ object: `grant:${id}`, relation: 'delegator' }, statistics)
        if (tuple) bodies.set(id, bodyOf(id, tuple))
      }),
    )
    return bodies
  }

  async isRegistered(agent: PartyRef, statistics: RequestStatistics): Promise<boolean> {
    const key = { user: objectName(agent), relation: 'registered', object: objectName(agent) }
    return (await this.#tuples.read(key, statistics)).length > 0
  }

  async settings(persona: PersonaId, statistics: RequestStatistics): Promise<ReadonlyMap<string, GateSetting>> {
    const tuples = await this.#tuples.read({ object: `persona:${persona}` }, statistics)
    return new Map(tuples.map((tuple) => [tuple.key.relation, settingOf(tuple)]))
  }

  async attributesOf(
    domain: string,
    of: PartyRef | ResourceRef,
    statistics: RequestStatistics,
  ): Promise<Readonly<Record<string, unknown>>> {
    const [tuple] = await this.#tuples.read({ object: attributesName(domain, of), relation: 'of' }, statistics)
    return tuple ? attributesIn(tuple) : {}
  }

  get factsVersion(): number {
    return this.gate.version
  }

  async position(): Promise<number> {
    return 0
  }

  forget(): void {}

  readBeside<T>(_statistics: RequestStatistics, read: () => Promise<T>): Promise<T> {
    return read()
  }

  /** Everything was asked of the store itself: there is nothing to look at again. */
  async confirm(): Promise<boolean> {
    return true
  }
}
