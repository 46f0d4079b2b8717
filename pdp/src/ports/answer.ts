/**
 * What the relationship store answered to one question, and to a set of questions. An error is no answer: neither a permit nor a denial may be
 * concluded from it.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type Question, questionId } from './question.ts'

/**
 * Why a question has no answer. `parameter`: a condition lacks a value or has one of another type. `cost`, `depth`: a limit of the store is too
 * low for the question. `refused`: the store rejects the question as invalid. `failed`: an internal error of the store. `absent`: the question was
 * not asked, or the store's response leaves it out. `doubt`: a Write whose outcome is unknown may still change the answer.
 */
export const UNANSWERED_CAUSES = ['parameter', 'cost', 'depth', 'refused', 'failed', 'absent', 'doubt'] as const
export type UnansweredCause = (typeof UNANSWERED_CAUSES)[number]

export class Unanswered extends Fault {
  readonly reason: UnansweredCause
  /** Parameters of a condition that were missing or of another type, by the model's names. */
  readonly parameters: readonly string[]

  constructor(reason: UnansweredCause, message: string, parameters: readonly string[] = []) {
    super('relations_unavailable', message)
    this.reason = reason
    this.parameters = parameters
  }
}

/** Facts changed between reading some and asking about others. */
export class FactsChanged extends Fault {
  constructor() {
    super('relations_unavailable', 'facts change all the time')
  }
}

/** `true`: the relation exists, with every condition met. */
export type Answer = boolean | Unanswered

/** The answers to a set of questions, looked up by the question itself. The order in which questions were asked has no influence. */
export class Answers {
  readonly #asked: ReadonlyMap<Question, Answer>
  /** Made when a question is looked up that equals one that was asked and is another object: ids cost more than the rest. */
  #byId: ReadonlyMap<string, Answer> | undefined

  /** @param answered - A Map is taken as it is, without a copy. */
  constructor(answered: Iterable<readonly [Question, Answer]>) {
    this.#asked = answered instanceof Map ? answered : new Map(answered)
  }

  /** @returns `Unanswered` with reason `absent` for a question that was not asked. */
  to(question: Question): Answer {
    const answer = this.#asked.get(question) ?? this.#toEqual(question)
    return answer ?? new Unanswered('absent', `not asked: ${question.kind}`)
  }

  #toEqual(question: Question): Answer | undefined {
    this.#byId ??= new Map(Array.from(this.#asked, ([asked, answer]) => [questionId(asked), answer]))
    return this.#byId.get(questionId(question))
  }

  /** @throws Unanswered when the question has no answer. */
  affirms(question: Question): boolean {
    const answer = this.to(question)
    if (answer instanceof Unanswered) throw answer
    return answer
  }

  /** @throws Unanswered when one of the questions has no answer, even where another is denied. */
  affirmsAll(questions: readonly Question[]): boolean {
    return questions.map((question) => this.affirms(question)).every((isAffirmed) => isAffirmed)
  }

  /** The first of these questions that has no answer. */
  firstUnanswered(questions: readonly Question[]): Unanswered | undefined {
    for (const question of questions) {
      const answer = this.to(question)
      if (answer instanceof Unanswered) return answer
    }
    return undefined
  }
}
