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

/** An answer in one word: `true`, `false`, `ask the store`, or why there is none. */
export function wordFor(answer: Answer | EngineAnswer): string {
  if (answer instanceof Unanswered) return answer.reason
  return Array.isArray(answer) ? `wanted ${answer.length}` : String(answer)
}

export class Comparison {
  /** How often each answer of the engine was met. */
  readonly met = new Map<string, number>()
  asked = 0
  /** Questions that OpenFGA answers otherwise. */
  readonly disagreements: string[] = []
  /** Questions to which OpenFGA answers now one thing, now another; the engine's answer was among them. */
  wavering = 0

  get left(): number {
    return this.met.get('ask the store') ?? 0
  }

  async compare(
    { store, model, program, view }: { store: OpenFgaStore; model: string; program: Program; view: TupleView },
    questions: readonly EngineQuestion[],
    describe: (question: EngineQuestion) => object,
  ): Promise<void> {
    const answers = await store.ask(questions, model)
    for (const [index, question] of questions.entries()) {
      const ours = wordFor(program.check(view, question))
      this.asked += 1
      this.met.set(ours, (this.met.get(ours) ?? 0) + 1)
      const theirs = wordFor(answers[index] ?? false)
      if (ours === theirs || ours === 'ask the store') continue
      const again = new Set((await store.ask(Array(ASKED_AGAIN).fill(question), model)).map(wordFor))
      if (!again.has(ours)) this.disagreements.push(JSON.stringify({ ours, theirs: [...again], ...describe(question) }))
      else this.wavering += 1
    }
  }
}
