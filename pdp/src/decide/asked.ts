/**
 * The questions of one round, each put once however many chains need its answer: chains with a common part share its cost.
 *
 * @module
 */
import { type Answer, affirmed, Unanswered } from '../ports/answer.ts'
import type { Question } from '../ports/relations.ts'

export class Asked {
  readonly questions: Question[] = []
  readonly #places = new Map<string, number>()
  #answers: readonly Answer[] = []

  /** @returns Where its answer will be. */
  put(question: Question): number {
    const key = JSON.stringify(question)
    const known = this.#places.get(key)
    if (known !== undefined) return known
    this.#places.set(key, this.questions.push(question) - 1)
    return this.questions.length - 1
  }

  /** @param answers - In the order of `questions`. */
  answer(answers: readonly Answer[]): void {
    this.#answers = answers
  }

  /** @throws Unanswered where there is no answer. */
  said(place: number): boolean {
    return affirmed(this.#answers[place])
  }

  /** The first of these places that has no answer. */
  unanswered(places: readonly number[]): Unanswered | undefined {
    const found = places.map((place) => this.#answers[place]).find((answer) => answer instanceof Unanswered)
    return found instanceof Unanswered ? found : undefined
  }
}
