/**
 * {@link Relations} on the embedded store: facts by the keys of their tuples, questions by the engine. All questions of one call are answered from one
 * state of the store.
 *
 * @module
 */
import type { EngineAnswer, EngineQuestion, Program, Wanted } from '../engine/engine.ts'
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import { type Circumstances, distinctQuestions, type Question } from '../ports/question.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { TupleRows } from '../ports/tuple-rows.ts'
import { StoredRelations, type StoredRelationsOptions } from '../tuples/stored-relations.ts'
import { contextsIn, questionKey, questionTuples } from '../tuples/tuples.ts'
import { SnapshotView } from './snapshot-view.ts'
import { EmbeddedTupleReader } from './tuple-reader.ts'

/** How entries of the log name decisions that asked the embedded store itself. */
const CONSISTENCY = 'SNAPSHOT'

export interface EmbeddedRelationsOptions extends StoredRelationsOptions {
  readonly rows: Pick<TupleRows, 'read' | 'snapshot'>
  /** The compiled program of a model by its id. */
  readonly programOf: (modelId: string) => Promise<Program>
}

export class EmbeddedRelations extends StoredRelations {
  readonly #rows: Pick<TupleRows, 'snapshot'>
  readonly #programOf: EmbeddedRelationsOptions['programOf']

  constructor(options: EmbeddedRelationsOptions) {
    super(new EmbeddedTupleReader(options.rows), options)
    this.#rows = options.rows
    this.#programOf = options.programOf
  }

  async ask(
    questions: readonly Question[],
    circumstances: Circumstances,
    statistics: RequestStatistics,
  ): Promise<Answers> {
    const distinct = distinctQuestions(questions)
    if (distinct.length === 0) return new Answers([])
    const program = await this.#programOf(circumstances.model)
    const asked = askedOf(distinct, circumstances)
    const evaluate = (): Promise<readonly EngineAnswer[]> =>
      statistics.request(() => this.#rows.snapshot((reads) => evaluateAll(program, asked, new SnapshotView(reads))))
    const byRelation = distinct.find((question) => question.kind === 'relation')
    const { gate } = this
    const found = byRelation ? await gate.askStore(() => gate.ask(evaluate, byRelation.asOf)) : await evaluate()
    return new Answers(await this.corrected(distinct.map((question, index) => [question, answerIn(found[index])])))
  }

  consistencyOf(): string {
    return CONSISTENCY
  }
}

function askedOf(questions: readonly Question[], circumstances: Circumstances): readonly EngineQuestion[] {
  const contextOf = contextsIn(circumstances)
  return questions.map((question) => ({
    ...questionKey(question),
    context: contextOf(question),
    contextualTuples: questionTuples(question),
  }))
}

/** Evaluates until all tuples that the questions need are read. Each round reads those that the previous one lacked. */
async function evaluateAll(
  program: Program,
  questions: readonly EngineQuestion[],
  view: SnapshotView,
): Promise<readonly EngineAnswer[]> {
  for (;;) {
    const answers = questions.map((question) => program.check(view, question))
    const wanted = answers.flatMap((answer) => (isWanting(answer) ? answer : []))
    if (wanted.length === 0) return answers
    await view.load(wanted)
  }
}

const isWanting = (answer: EngineAnswer): answer is readonly Wanted[] => Array.isArray(answer)

/** A question that the engine leaves to another store has no answer: there is no other store. */
function answerIn(answer: EngineAnswer | undefined): Answer {
  if (typeof answer === 'boolean' || answer instanceof Unanswered) return answer
  return new Unanswered('failed', 'the embedded engine cannot evaluate a question: OpenFGA may, with ENGINE=memory')
}
