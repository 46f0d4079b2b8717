/**
 * What the relationship store answered to one question. An error is no answer: neither a permit nor a denial may be concluded from it.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/**
 * Why a question has no answer. `parameter`: a condition lacks a value or has one of another type. `cost`, `depth`: a limit of the store's is too
 * low for the question. `refused`: the store does not take the question. `failed`: the store's own trouble. `absent`: the answer leaves it out.
 * `doubt`: a Write without an answer may still change it.
 */
export type UnansweredCause = 'parameter' | 'cost' | 'depth' | 'refused' | 'failed' | 'absent' | 'doubt'

export class Unanswered extends Fault {
  readonly reason: UnansweredCause
  /** Of a condition, by the model's names: those that were missing or of another type. */
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

export type Answer = boolean | Unanswered

/** @throws Unanswered for a question that has no answer. */
export function affirmed(answer: Answer | undefined): boolean {
  if (typeof answer === 'boolean') return answer
  throw answer ?? new Unanswered('absent', 'a question was not put')
}
