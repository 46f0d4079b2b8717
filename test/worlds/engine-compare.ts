/**
 * Compares the engine's answers with those of a real OpenFGA.
 *
 * @module
 */
import type { EngineAnswer, EngineQuestion, Program, TupleView } from '../../pdp/src/engine/engine.ts'
import { type Answer, Unanswered } from '../../pdp/src/ports/answer.ts'
import type { OpenFgaStore } from './openfga-store.ts'

/** OpenFGA picks a strategy for each question by chance, and its answer about an error or a cycle depends on it. */
const ASKED_AGAIN = 40

/** An answer as text: `true`, `false`, `ask the store`, or why there is none, with the names of parameters. */
export function textOf(answer: Answer | EngineAnswer): string {
  if (answer instanceof Unanswered) return [answer.reason, ...answer.parameters].join(' ')
  return Array.isArray(answer) ? `wanted ${answer.length}` : String(answer)
}

const isError = (text: string): boolean => !['true', 'false', 'ask the store'].includes(text)

/** The question many times, each with another value that no condition declares: OpenFGA answers equal ones of a batch once. */
const repeated = (question: EngineQuestion): readonly EngineQuestion[] =>
  Array.from({ length: ASKED_AGAIN }, (_, round) => ({ ...question, context: { ...question.context, round } }))

export class Comparison {
  /** How often each kind of answer of the engine was met: the first word of its text. */
  readonly met = new Map<string, number>()
  asked = 0
  /**
   * Questions about a relation that has both a tuple of the user and one of everybody, to which the engine gives the answer of OpenFGA's default
   * strategy and OpenFGA another one: its fast strategies read one of both tuples only (ADR 0108).
   */
  overlooked = 0
  /** Questions with several errors, of which engine and OpenFGA report different ones. */
  otherErrors = 0
  /** Questions that OpenFGA answers otherwise. */
  readonly disagreements: string[] = []
  /** Questions to which OpenFGA answers now one thing, now another; the engine's answer was among them. */
  wavering = 0

  get left(): number {
    return this.met.get('ask') ?? 0
  }

  async compare(
    {
      store,
      model,
      program,
      view,
      defaultModel,
      hidesTuple = () => false,
    }: {
      store: OpenFgaStore
      model: string
      program: Program
      view: TupleView
      defaultModel?: () => Promise<string>
      hidesTuple?: (question: EngineQuestion) => boolean
    },
    questions: readonly EngineQuestion[],
    describe: (question: EngineQuestion) => object,
  ): Promise<void> {
    const answers = await store.ask(questions, model)
    for (const [index, question] of questions.entries()) {
      const ours = textOf(program.check(view, question))
      this.asked += 1
      const kind = ours.replace(/ .*/u, '')
      this.met.set(kind, (this.met.get(kind) ?? 0) + 1)
      const theirs = textOf(answers[index] ?? false)
      if (ours === theirs || ours === 'ask the store') continue
      const again = new Set((await store.ask(repeated(question), model)).map(textOf))
      if (again.has(ours)) this.wavering += 1
      else if (isError(ours) && [...again].every(isError)) this.otherErrors += 1
      else if (
        defaultModel &&
        hidesTuple(question) &&
        (await this.#agreesByDefault(store, await defaultModel(), question, ours))
      )
        this.overlooked += 1
      else this.disagreements.push(JSON.stringify({ ours, theirs: [...again], ...describe(question) }))
    }
  }

  async #agreesByDefault(store: OpenFgaStore, model: string, question: EngineQuestion, ours: string): Promise<boolean> {
    return (await store.ask(repeated(question), model)).some((answer) => textOf(answer) === ours)
  }
}
