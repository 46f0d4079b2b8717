/**
 * {@link Relations} on OpenFGA: facts by Read, questions by BatchCheck, at most {@link MAX_CHECKS} in one. Nothing is cached here.
 *
 * @module
 */
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import { type Circumstances, distinctQuestions, type Question } from '../ports/question.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { readAnswer } from '../tuples/stored.ts'
import { StoredRelations, type StoredRelationsOptions } from '../tuples/stored-relations.ts'
import { contextsIn, questionKey, questionTuples } from '../tuples/tuples.ts'
import { answerTo, batchAnswer } from './batch.ts'
import type { OpenFgaClient } from './client.ts'
import { CONSISTENCY, TupleReader } from './tuple-reader.ts'
import type { FencedWriter } from './writer.ts'

/** OpenFGA's default for `OPENFGA_MAX_CHECKS_PER_BATCH_CHECK`. */
const MAX_CHECKS = 50

export interface RelationsOptions extends StoredRelationsOptions {
  readonly client: OpenFgaClient
  readonly storeId: string
  /** Knows the tuples that a Write of unknown outcome may still change: a question about one of them is `Unanswered`. @default none */
  readonly writer?: Pick<FencedWriter, 'isInDoubt'>
}

/**
 * `Relations` on OpenFGA, always read with `HIGHER_CONSISTENCY`. A cached fact is re-checked in the BatchCheck that uses it: a stale one
 * can cause a denial, never a permit.
 */
export class OpenFgaRelations extends StoredRelations {
  readonly #client: OpenFgaClient
  readonly #store: string
  readonly #writer: Pick<FencedWriter, 'isInDoubt'> | undefined

  constructor(options: RelationsOptions) {
    super(new TupleReader(options.client, options.storeId), options)
    this.#client = options.client
    this.#store = `/stores/${options.storeId}`
    this.#writer = options.writer
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
    const { gate } = this
    const send = (): Promise<Readonly<Record<string, unknown>>> =>
      byRelation
        ? gate.askStore(() => this.#client.post(path, body, (sent) => gate.ask(sent, byRelation.asOf)))
        : this.#client.post(path, body)
    const { result } = readAnswer(batchAnswer, await statistics.request(send))
    const answers = questions.map((question, index) => [question, answerTo(question, result[String(index)])] as const)
    return this.corrected(answers, (question) => this.#affirmed(question))
  }

  /** `Unanswered` when a Write of unknown outcome may still change the tuple. */
  #affirmed(question: Question): Answer {
    if (!this.#writer?.isInDoubt(questionKey(question))) return true
    return new Unanswered('doubt', `a Write without an answer leaves a question in doubt: ${question.kind}`)
  }

  consistencyOf(): string {
    return CONSISTENCY
  }
}
