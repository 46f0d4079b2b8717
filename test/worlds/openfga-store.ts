/**
 * A store of a real OpenFGA that is asked by raw Checks, without the PDP's adapters.
 *
 * @module
 */
import type { EngineQuestion } from '../../pdp/src/engine/engine.ts'
import { answerTo, batchAnswer } from '../../pdp/src/openfga/batch.ts'
import type { Answer } from '../../pdp/src/ports/answer.ts'
import type { Question } from '../../pdp/src/ports/question.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'

const CHECKS_A_BATCH = 50
const TUPLES_A_WRITE = 100
/** For the messages of errors alone. */
const ASKED: Question = {
  kind: 'relation',
  subject: 'user:x',
  relation: 'x',
  resource: 'x:x',
  domain: undefined,
  context: {},
  asOf: 0,
}

export interface OpenFgaServer {
  readonly url: string
  readonly apiToken: string
}

export class OpenFgaStore {
  readonly #server: OpenFgaServer
  readonly #path: string

  private constructor(server: OpenFgaServer, id: string) {
    this.#server = server
    this.#path = `/stores/${id}`
  }

  static async create(server: OpenFgaServer): Promise<OpenFgaStore> {
    const { id } = (await post(server, '/stores', { name: 'worlds' })) as { readonly id: string }
    return new OpenFgaStore(server, id)
  }

  /** @returns The model's id; `undefined` for a model that OpenFGA refuses. */
  async writeModel(model: object): Promise<string | undefined> {
    const made = (await post(this.#server, `${this.#path}/authorization-models`, model, [400])) as {
      readonly authorization_model_id?: string
    }
    return made.authorization_model_id
  }

  async write(tuples: readonly Tuple[], model: string): Promise<void> {
    for (let start = 0; start < tuples.length; start += TUPLES_A_WRITE) {
      const writes = { tuple_keys: tuples.slice(start, start + TUPLES_A_WRITE) }
      await post(this.#server, `${this.#path}/write`, { authorization_model_id: model, writes })
    }
  }

  async ask(questions: readonly EngineQuestion[], model: string): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (let start = 0; start < questions.length; start += CHECKS_A_BATCH)
      answers.push(...(await this.#askBatch(questions.slice(start, start + CHECKS_A_BATCH), model)))
    return answers
  }

  async #askBatch(questions: readonly EngineQuestion[], model: string): Promise<readonly Answer[]> {
    const checks = questions.map(({ user, relation, object, context, contextualTuples }, index) => ({
      tuple_key: { user, relation, object },
      correlation_id: String(index),
      ...(context ? { context } : {}),
      ...(contextualTuples ? { contextual_tuples: { tuple_keys: contextualTuples } } : {}),
    }))
    const body = { authorization_model_id: model, checks }
    const { result } = batchAnswer.parse(await post(this.#server, `${this.#path}/batch-check`, body))
    return questions.map((_, index) => answerTo(ASKED, result[String(index)]))
  }
}

async function post(
  { url, apiToken }: OpenFgaServer,
  path: string,
  body: object,
  tolerated: readonly number[] = [],
): Promise<unknown> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiToken}` },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok && !tolerated.includes(response.status)) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}
