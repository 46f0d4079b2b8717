/**
 * {@link Relations} on OpenFGA: facts by Read, questions by BatchCheck, at most {@link MAX_CHECKS} in one. Nothing is cached here.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import { type Circumstances, distinctQuestions, type Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { objectName } from '../ports/stored-names.ts'
import {
  attributesIn,
  bodyOf,
  candidateOf,
  locatedByHint,
  locatedByOwner,
  readAnswer,
  settingOf,
} from '../tuples/stored.ts'
import { attributesName, contextsIn, questionKey, questionTuples, seatObject } from '../tuples/tuples.ts'
import { answerTo, batchAnswer } from './batch.ts'
import type { OpenFgaClient } from './client.ts'
import type { FactGate } from './fact-gate.ts'
import { CONSISTENCY, TupleReader } from './tuple-reader.ts'
import type { FencedWriter } from './writer.ts'

/** OpenFGA's default for `OPENFGA_MAX_CHECKS_PER_BATCH_CHECK`. */
const MAX_CHECKS = 50

const grantsIn = (questions: readonly Question[]): readonly string[] =>
  questions.flatMap((question) => ('grant' in question ? question.grant : []))

export interface RelationsOptions {
  readonly client: OpenFgaClient
  readonly storeId: string
  /** Called for every question that was asked and has no answer. */
  readonly onUnanswered?: (unanswered: Unanswered) => void
  /** Knows the tuples that a Write of unknown outcome may still change: a question about one of them is `Unanswered`. @default none */
  readonly writer?: Pick<FencedWriter, 'isInDoubt'>
  /** Whether a grant is proposed and not issued: such a grant confers no authority, even when its tuples are stored. @default never */
  readonly proposedAmong?: (grants: readonly string[]) => Awaitable<ReadonlySet<string>>
  /** Lock between questions and replacements of facts. @default none, for a store that this process only reads */
  readonly gate?: Pick<FactGate, 'ask' | 'askStore' | 'version'>
}

/**
 * `Relations` on OpenFGA, always read with `HIGHER_CONSISTENCY`. A cached fact is re-checked in the BatchCheck that uses it: a stale one
 * can cause a denial, never a permit.
 */
export class OpenFgaRelations implements Relations {
  readonly isInMemory = false
  readonly notesVersion = 0
  readonly #client: OpenFgaClient
  readonly #tuples: TupleReader
  readonly #store: string
  readonly #onUnanswered: NonNullable<RelationsOptions['onUnanswered']>
  readonly #writer: Pick<FencedWriter, 'isInDoubt'> | undefined
  readonly #proposedAmong: (grants: readonly string[]) => Awaitable<ReadonlySet<string>>
  readonly #gate: Pick<FactGate, 'ask' | 'askStore' | 'version'>

  constructor(options: RelationsOptions) {
    this.#client = options.client
    this.#tuples = new TupleReader(options.client, options.storeId)
    this.#store = `/stores/${options.storeId}`
    this.#onUnanswered = options.onUnanswered ?? (() => undefined)
    this.#writer = options.writer
    this.#proposedAmong = options.proposedAmong ?? (() => new Set())
    this.#gate = options.gate ?? { version: 0, ask: (task) => task(), askStore: (send) => send() }
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

  async ask(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers> {
    const distinct = distinctQuestions(questions)
    const chunks: (readonly Question[])[] = []
    for (let start = 0; start < distinct.length; start += MAX_CHECKS)
      chunks.push(distinct.slice(start, start + MAX_CHECKS))
    const answered = await Promise.all(chunks.map((chunk) => this.#askChunk(chunk, circumstances, statistics)))
    return new Answers(answered.flat())
  }

  get factsVersion(): number {
    return this.#gate.version
  }

  async #askChunk(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<readonly (readonly [Question, Answer])[]> {
    const contextOf = contextsIn(circumstances)
    const checks = questions.map((question, index) => {
      const context = contextOf(question)
      const contextual = questionTuples(question)
      return {
        tuple_key: questionKey(question),
        correlation_id: String(index),
        ...(context ? { context } : {}),
        ...(contextual.length > 0 ? { contextual_tuples: { tuple_keys: contextual } } : {}),
      }
    })
    const body = { authorization_model_id: circumstances.model, consistency: CONSISTENCY, checks }
    const byRelation = questions.find((question) => question.kind === 'relation')
    const path = `${this.#store}/batch-check`
    const gate = this.#gate
    const send = (): Promise<Readonly<Record<string, unknown>>> =>
      byRelation
        ? gate.askStore(() => this.#client.post(path, body, (sent) => gate.ask(sent, byRelation.asOf)))
        : this.#client.post(path, body)
    const { result } = readAnswer(batchAnswer, await statistics.request(send))
    const proposed = await this.#proposedAmong(grantsIn(questions))
    return questions.map((question, index) => {
      const answer = this.#certain(question, answerTo(question, result[String(index)]), proposed)
      if (answer instanceof Unanswered) this.#onUnanswered(answer)
      return [question, answer] as const
    })
  }

  /** `Unanswered` when a Write of unknown outcome may still change the tuple; `false` for a grant that is proposed and not issued. */
  #certain(question: Question, answer: Answer, proposed: ReadonlySet<string>): Answer {
    if (answer !== true) return answer
    if ('grant' in question && proposed.has(question.grant)) return false
    if (!this.#writer?.isInDoubt(questionKey(question))) return true
    return new Unanswered('doubt', `a Write without an answer leaves a question in doubt: ${question.kind}`)
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

  async position(): Promise<number> {
    return 0
  }

  consistencyOf(): string {
    return CONSISTENCY
  }

  forget(): void {}

  readBeside<T>(_statistics: RequestStatistics, read: () => Promise<T>): Promise<T> {
    return read()
  }

  /** Everything was asked of OpenFGA itself: there is nothing to look at again. */
  async confirm(): Promise<boolean> {
    return true
  }
}
