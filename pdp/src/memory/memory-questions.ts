/**
 * Answers questions by the engine over the tuple memory. What the engine leaves, and what memory cannot establish, is asked of the store.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { EngineAnswer, EngineQuestion, Program, Wanted } from '../engine/engine.ts'
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { run, type Task, wait } from '../runtime/task.ts'
import type { FactsLock } from '../tuples/source.ts'
import { contextsIn, questionKey, questionTuples, type TupleKey } from '../tuples/tuples.ts'
import type { MemoryReader } from './memory-reader.ts'
import type { Programs } from './programs.ts'

/** Repetitions of a request whose response differs from the one before. */
const ASKED_AGAIN = 3

export interface MemoryQuestionsOptions {
  readonly reader: MemoryReader
  /** The store itself. */
  readonly store: Relations
  readonly programs: Pick<Programs, 'get' | 'load'>
  readonly factsLock: FactsLock
  readonly readBeside: Relations['readBeside']
  /** Whether a grant is proposed and not issued: such a grant confers no authority, even when its tuples are stored. */
  readonly proposedAmong: (grants: readonly string[]) => ReadonlySet<string>
  /** Called for every question that was asked and has no answer. */
  readonly onUnanswered: (unanswered: Unanswered) => void
  /** Called with the number of questions that are left to the store. */
  readonly onForwarded: (questions: number) => void
}

export class MemoryQuestions {
  readonly #options: MemoryQuestionsOptions
  readonly #keys = new WeakMap<Question, TupleKey>()

  constructor(options: MemoryQuestionsOptions) {
    this.#options = options
  }

  ask(questions: readonly Question[], circumstances: Circumstances, statistics: RequestStatistics): Awaitable<Answers> {
    return run(this.#ask(questions, circumstances, statistics))
  }

  *#ask(questions: readonly Question[], circumstances: Circumstances, statistics: RequestStatistics): Task<Answers> {
    const { programs, factsLock } = this.#options
    const { model } = circumstances
    const program = statistics.direct ? 'refused' : (programs.get(model) ?? (yield* wait(programs.load(model))))
    if (program === 'refused') return yield* wait(this.#forward(questions, circumstances, statistics))
    const evaluation = (): Task<readonly EngineAnswer[] | undefined> =>
      this.#evaluate(program, questions, circumstances, statistics)
    const byRelation = questions.find((question) => question.kind === 'relation')
    const answers = byRelation
      ? yield* wait(factsLock.ask(async () => run(evaluation()), byRelation.asOf))
      : yield* evaluation()
    if (!answers) return yield* wait(this.#forward(questions, circumstances, statistics))
    return yield* this.#completed(questions, answers, circumstances, statistics)
  }

  /** Evaluates all questions in one synchronous run, once everything that they want is in memory. */
  *#evaluate(
    program: Program,
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Task<readonly EngineAnswer[] | undefined> {
    const contextOf = contextsIn(circumstances)
    const asked = questions.map((question): EngineQuestion => {
      const { user, relation, object } = this.#keyOf(question)
      return { user, relation, object, context: contextOf(question), contextualTuples: questionTuples(question) }
    })
    return yield* this.#options.reader.filled(statistics, (view, wanted) =>
      asked.map((question) => {
        const answer = program.check(view, question)
        if (isWanting(answer)) for (const tuple of answer) wanted.push(view.queryFor(tuple))
        return answer
      }),
    )
  }

  /** Most questions are the same objects for many decisions, and to spell them costs as much as to answer them. */
  #keyOf(question: Question): TupleKey {
    if (question.kind === 'gate' || question.kind === 'relation') return questionKey(question)
    const known = this.#keys.get(question)
    if (known) return known
    const key = questionKey(question)
    this.#keys.set(question, key)
    return key
  }

  /** Asks the store what the engine left to it; a grant that is only proposed confers nothing. */
  *#completed(
    questions: readonly Question[],
    answers: readonly EngineAnswer[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Task<Answers> {
    const left: Question[] = []
    const affirmed: string[] = []
    questions.forEach((question, index) => {
      if (answers[index] === 'ask the store') left.push(question)
      else if (answers[index] === true && 'grant' in question) affirmed.push(question.grant)
    })
    const rest = left.length > 0 ? yield* wait(this.#forward(left, circumstances, statistics)) : undefined
    const proposed = this.#options.proposedAmong(affirmed)
    const completed = new Map<Question, Answer>()
    questions.forEach((question, index) => {
      const answer = answers[index]
      if (answer instanceof Unanswered) {
        this.#options.onUnanswered(answer)
        completed.set(question, answer)
      } else if (answer === 'ask the store') completed.set(question, rest?.to(question) ?? false)
      else completed.set(question, answer === true && !('grant' in question && proposed.has(question.grant)))
    })
    return new Answers(completed)
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
    this.#options.onForwarded(questions.length)
    const ask = (): Promise<Answers> =>
      this.#options.readBeside(statistics, async () => this.#options.store.ask(questions, circumstances, statistics))
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

const isWanting = (answer: EngineAnswer): answer is readonly Wanted[] => Array.isArray(answer)
