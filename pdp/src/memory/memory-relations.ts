/**
 * {@link Relations} from memory: facts from the tuple memory, questions answered by the engine over it. What memory lacks is read from the store;
 * what cannot be established from memory is asked of the store directly.
 *
 * Every entry that is used is noted in the decision's statistics, and {@link MemoryRelations.confirm} looks at the end whether all of them were true
 * together (`docs/consistency.md`). So nothing from memory is ever stale, and no decision is made twice for fear of that.
 *
 * @module
 */
import { Fault, type PartyRef, type ResourceRef } from '@mandate/protocol'
import type { Program, Wanted } from '../engine/engine.ts'
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import type { InvalidationEvent, InvalidationListener, ReadBarrier, Stamp } from '../ports/invalidations.ts'
import { type Circumstances, distinctQuestions, type Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { objectName } from '../ports/stored-names.ts'
import type { FactsLock, TupleQuery } from '../tuples/source.ts'
import { attributesIn, bodyOf, candidateOf, locatedByHint, locatedByOwner, settingOf } from '../tuples/stored.ts'
import { agentTuple, attributesName, contextsIn, questionKey, questionTuples, seatObject } from '../tuples/tuples.ts'
import { MemoryReader, type ReaderCounts } from './memory-reader.ts'
import type { Programs } from './programs.ts'
import { parsed, stored } from './tuple-entry.ts'
import type { TupleMemory } from './tuple-memory.ts'

/** How entries of the log name decisions whose facts came from memory behind a read barrier. */
const CONSISTENCY = 'READ_BARRIER'
/** Repetitions of a request whose response differs from the one before. */
const ASKED_AGAIN = 3

export interface MemoryRelationsOptions {
  readonly memory: TupleMemory
  readonly barrier: Pick<ReadBarrier, 'pass' | 'stamp'>
  /** The store itself. */
  readonly store: Relations
  readonly programs: Pick<Programs, 'get' | 'load'>
  readonly factsLock: FactsLock
  /** Whether a grant is proposed and not issued: such a grant confers no authority, even when its tuples are stored. */
  readonly proposedAmong: (grants: readonly string[]) => Promise<ReadonlySet<string>>
  /** Called for every question that was asked and has no answer. */
  readonly onUnanswered?: (unanswered: Unanswered) => void
}

export class MemoryRelations implements Relations, InvalidationListener {
  readonly isInMemory = true
  readonly counts: ReaderCounts = { direct: 0, forwarded: 0, again: 0 }
  readonly #reader: MemoryReader
  readonly #options: Required<MemoryRelationsOptions>
  /** When the newest barrier that was passed began. */
  #passed: Stamp = 0
  #notes = 0
  #events = 0

  constructor(options: MemoryRelationsOptions) {
    this.#options = { onUnanswered: () => undefined, ...options }
    this.#reader = new MemoryReader(options.memory, this.counts)
  }

  consistencyOf(statistics: Pick<RequestStatistics, 'direct'>): string {
    return statistics.direct ? this.#options.store.consistencyOf(statistics) : CONSISTENCY
  }

  get notesVersion(): number {
    return this.#notes
  }

  /** Counts what other memory of this process replaces: a decision that read some of it before and some after must be made again. */
  apply({ kind }: InvalidationEvent): void {
    this.#events += 1
    if (kind === 'note') this.#notes += 1
  }

  reset(): void {
    this.#events += 1
    this.#notes += 1
  }

  async readBeside<T>(statistics: RequestStatistics, read: () => Promise<T>): Promise<T> {
    const { barrier } = this.#options
    statistics.askedFrom = Math.min(statistics.askedFrom, barrier.stamp())
    const found = await read()
    statistics.askedAt = barrier.stamp()
    return found
  }

  async position(): Promise<number> {
    await this.#options.barrier.pass()
    return this.#events
  }

  get factsVersion(): number {
    return this.#options.store.factsVersion
  }

  async confirm(statistics: RequestStatistics): Promise<boolean> {
    const { used, askedFrom, askedAt, direct } = statistics
    // The store was asked in the middle: the facts before that came from another moment.
    if (direct && used.length > 0) return this.#again()
    let newest = 0
    for (const { stamp } of used) if (stamp > newest) newest = stamp
    // A fact that was read later than something beside memory need not have been true then. The next attempt has it in memory.
    if (newest > askedFrom) return this.#again()
    newest = Math.max(newest, askedAt)
    if (newest >= this.#passed) this.#passed = Math.max(this.#passed, await this.#options.barrier.pass())
    if (statistics.notes !== this.#notes) return this.#again()
    for (const { isCurrent } of used) if (!isCurrent) return this.#again()
    return true
  }

  #again(): false {
    this.counts.again += 1
    return false
  }

  async locate(resource: ResourceRef, statistics: RequestStatistics): Promise<Located | undefined> {
    if (statistics.direct) return this.#options.store.locate(resource, statistics)
    const own = await this.#reader.entry({ kind: 'object', object: objectName(resource) }, statistics)
    if (!own) return this.#options.store.locate(resource, statistics)
    const located = parsed(own, resource, () => locatedByOwner(resource, [], stored(own)))
    if (located) return located
    const part = locatedByHint(resource, stored(own))
    const root = part?.ancestors.at(-1)
    if (!part || !root) return undefined
    const above = await this.#reader.entry({ kind: 'object', object: objectName(root) }, statistics)
    if (!above) return this.#options.store.locate(resource, statistics)
    return locatedByOwner(resource, part.ancestors, stored(above))
  }

  async personasOf(user: PartyRef, statistics: RequestStatistics): Promise<readonly PersonaId[]> {
    const query = { kind: 'reverse', user: objectName(user), type: 'persona', relation: 'holder' } as const
    const entry = statistics.direct ? undefined : await this.#reader.entry(query, statistics)
    if (!entry) return this.#options.store.personasOf(user, statistics)
    return parsed(entry, user, () => (entry.tuples ?? []).map(({ object }) => object.slice('persona:'.length)))
  }

  async candidates(seats: readonly Seat[], statistics: RequestStatistics): Promise<readonly Candidate[]> {
    if (statistics.direct) return this.#options.store.candidates(seats, statistics)
    const queries = seats.map((seat): TupleQuery => ({ kind: 'object', object: seatObject(seat) }))
    const entries = await this.#reader.entries(queries, statistics)
    if (!entries) return this.#options.store.candidates(seats, statistics)
    return seats.flatMap((seat, index) => {
      const entry = entries[index]
      if (!entry) return []
      const found = parsed(entry, undefined, () => stored(entry).map((tuple) => candidateOf(seat, tuple)))
      return found.map((candidate) => ({ ...candidate, seat }))
    })
  }

  async bodies(ids: readonly string[], statistics: RequestStatistics): Promise<ReadonlyMap<string, GrantBody>> {
    if (statistics.direct) return this.#options.store.bodies(ids, statistics)
    const distinct = [...new Set(ids)]
    const queries = distinct.map((id): TupleQuery => ({ kind: 'object', object: `grant:${id}` }))
    const entries = await this.#reader.entries(queries, statistics)
    if (!entries) return this.#options.store.bodies(ids, statistics)
    const bodies = new Map<string, GrantBody>()
    distinct.forEach((id, index) => {
      const entry = entries[index]
      const [tuple] = entry?.set('delegator').tuples ?? []
      if (entry && tuple)
        bodies.set(
          id,
          parsed(entry, id, () => bodyOf(id, { key: tuple })),
        )
    })
    return bodies
  }

  async isRegistered(agent: PartyRef, statistics: RequestStatistics): Promise<boolean> {
    const { object, relation, user } = agentTuple(agent, 'registered')
    const entry = statistics.direct ? undefined : await this.#reader.entry({ kind: 'object', object }, statistics)
    return entry ? entry.set(relation).of(user) !== undefined : this.#options.store.isRegistered(agent, statistics)
  }

  async settings(persona: PersonaId, statistics: RequestStatistics): Promise<ReadonlyMap<string, GateSetting>> {
    const query = { kind: 'object', object: `persona:${persona}` } as const
    const entry = statistics.direct ? undefined : await this.#reader.entry(query, statistics)
    if (!entry) return this.#options.store.settings(persona, statistics)
    return new Map(stored(entry).map((tuple) => [tuple.key.relation, settingOf(tuple)]))
  }

  async attributesOf(
    domain: string,
    of: PartyRef | ResourceRef,
    statistics: RequestStatistics,
  ): Promise<Readonly<Record<string, unknown>>> {
    const query = { kind: 'object', object: attributesName(domain, of) } as const
    const entry = statistics.direct ? undefined : await this.#reader.entry(query, statistics)
    if (!entry) return this.#options.store.attributesOf(domain, of, statistics)
    const [tuple] = stored(entry)
    return tuple ? parsed(entry, undefined, () => attributesIn(tuple)) : {}
  }

  forget(): void {}

  async ask(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers> {
    const program = statistics.direct ? 'refused' : await this.#program(circumstances.model)
    if (program === 'refused') return this.#forward(questions, circumstances, statistics)
    const distinct = distinctQuestions(questions)
    const evaluate = (): Promise<readonly Answered[] | undefined> =>
      this.#evaluate(program, distinct, circumstances, statistics)
    const byRelation = distinct.find((question) => question.kind === 'relation')
    const answered = byRelation ? await this.#options.factsLock.ask(evaluate, byRelation.asOf) : await evaluate()
    if (!answered) return this.#forward(questions, circumstances, statistics)
    return this.#completed(answered, circumstances, statistics)
  }

  async #program(modelId: string): Promise<Program | 'refused'> {
    return this.#options.programs.get(modelId) ?? (await this.#options.programs.load(modelId))
  }

  /** Evaluates all questions in one synchronous run, once everything that they want is in memory. */
  #evaluate(
    program: Program,
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<readonly Answered[] | undefined> {
    const contextOf = contextsIn(circumstances)
    const asked = questions.map((question) => {
      const { user, relation, object } = questionKey(question)
      const contextualTuples = questionTuples(question)
      return { question, of: { user, relation, object, context: contextOf(question), contextualTuples } }
    })
    return this.#reader.filled(statistics, (view, want) => {
      const answered: Answered[] = []
      for (const { question, of } of asked) {
        const answer = program.check(view, of)
        if (isWanting(answer)) for (const wanted of answer) want(view.queryFor(wanted))
        else answered.push([question, answer])
      }
      return answered
    })
  }

  /** Asks the store what the engine left to it; a grant that is only proposed confers nothing. */
  async #completed(
    answered: readonly Answered[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers> {
    const left = answered.flatMap(([question, answer]) => (answer === 'ask the store' ? [question] : []))
    const rest = left.length > 0 ? await this.#forward(left, circumstances, statistics) : undefined
    const affirmed = answered.flatMap(([question, answer]) =>
      answer === true && 'grant' in question ? question.grant : [],
    )
    const proposed = affirmed.length > 0 ? await this.#options.proposedAmong(affirmed) : undefined
    return new Answers(
      answered.map(([question, answer]): readonly [Question, Answer] => {
        if (answer === 'ask the store') return [question, rest?.to(question) ?? false]
        if (answer instanceof Unanswered) this.#options.onUnanswered(answer)
        return [question, 'grant' in question && proposed?.has(question.grant) ? false : answer]
      }),
    )
  }

  /**
   * Asks the store until two responses in turn are equal: it answers the questions of one request by reads at different moments.
   *
   * @throws Fault `relations_unavailable`
   */
  async #forward(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers> {
    this.counts.forwarded += questions.length
    const ask = (): Promise<Answers> =>
      this.readBeside(statistics, () => this.#options.store.ask(questions, circumstances, statistics))
    let answers = await ask()
    for (let attempt = 0; attempt < ASKED_AGAIN; attempt += 1) {
      const before = answers
      answers = await ask()
      if (questions.every((question) => isSameAnswer(before.to(question), answers.to(question)))) return answers
    }
    throw new Fault('relations_unavailable', 'facts change between two equal requests, again and again')
  }
}

const isSameAnswer = (a: Answer, b: Answer): boolean =>
  a === b || (a instanceof Unanswered && b instanceof Unanswered && a.reason === b.reason)

type Answered = readonly [Question, Answer | 'ask the store']

const isWanting = (answer: ReturnType<Program['check']>): answer is readonly Wanted[] => Array.isArray(answer)
