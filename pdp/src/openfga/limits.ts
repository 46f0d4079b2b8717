/**
 * Tests OpenFGA's limits on the cost of one question: where they are too low, questions have no answer (`Unanswered`). They are settings of OpenFGA's
 * process and cannot be read, so questions that need them are asked at start, under a model that decisions never use.
 *
 * @module
 */

import { readAnswer } from '../tuples/stored.ts'
import { batchAnswer } from './batch.ts'
import type { OpenFgaClient } from './client.ts'
import type { FgaStore } from './store.ts'

/** Settings that OpenFGA must be started with; `stack/` and `docker-compose.yml` set the same values. */
export const OPENFGA_LIMITS = {
  OPENFGA_MAX_CONDITION_EVALUATION_COST: 1_000,
  OPENFGA_RESOLVE_NODE_LIMIT: 50,
} as const
type Limit = keyof typeof OPENFGA_LIMITS

const TYPE = 'mandate_limits'
/** Time between two tests while a limit is too low, in milliseconds: OpenFGA may have been restarted. */
const AGAIN_AFTER_MS = 5_000

const own = { directly_related_user_types: [{ type: TYPE }] }
const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    {
      type: TYPE,
      relations: {
        next: { this: {} },
        deep: {
          union: {
            child: [
              { this: {} },
              { tupleToUserset: { tupleset: { relation: 'next' }, computedUserset: { relation: 'deep' } } },
            ],
          },
        },
        costly: { this: {} },
      },
      metadata: {
        relations: {
          next: own,
          deep: own,
          costly: { directly_related_user_types: [{ type: TYPE, condition: TYPE }] },
        },
      },
    },
  ],
  conditions: {
    [TYPE]: {
      name: TYPE,
      expression: 'wanted in among',
      parameters: {
        wanted: { type_name: 'TYPE_NAME_STRING' },
        among: { type_name: 'TYPE_NAME_LIST', generic_types: [{ type_name: 'TYPE_NAME_STRING' }] },
      },
    },
  },
}

export interface LimitsOptions {
  readonly store: FgaStore
  readonly client: OpenFgaClient
  /** Stores the id of the model. */
  readonly models: {
    modelOf(storeId: string, policy: string): Promise<string | undefined>
    rememberModel(storeId: string, policy: string, modelId: string): Promise<void>
  }
  /** Called with the limits that are too low, after each test that finds any. */
  readonly onLow: (problems: readonly string[]) => void
}

export class LimitsCheck {
  readonly #options: LimitsOptions
  #problems: readonly string[] | undefined
  #tried = Number.NEGATIVE_INFINITY

  constructor(options: LimitsOptions) {
    this.#options = options
  }

  /**
   * The limits that are too low, and how to raise them; empty when none is. Rejects with `Fault('relations_unavailable')` when OpenFGA does not
   * answer. Limits that are high enough are tested once.
   */
  async problems(): Promise<readonly string[]> {
    if (this.#problems?.length === 0 || performance.now() < this.#tried + AGAIN_AFTER_MS) return this.#problems ?? []
    this.#tried = performance.now()
    this.#problems = await this.#try()
    if (this.#problems.length > 0) this.#options.onLow(this.#problems)
    return this.#problems
  }

  async #try(): Promise<readonly string[]> {
    const { store, client } = this.#options
    const model = await this.#model()
    const answer = await client.post(`/stores/${store.id}/batch-check`, {
      authorization_model_id: model,
      checks: [costlyCheck(), deepCheck()],
    })
    const { result } = readAnswer(batchAnswer, answer)
    return Object.entries(OPENFGA_LIMITS).flatMap(([name, least]) =>
      result[idOf(name)]?.allowed === true
        ? []
        : [`${name} of OpenFGA is below ${least}: start OpenFGA with ${name}=${least}`],
    )
  }

  async #model(): Promise<string> {
    const { store, models } = this.#options
    const known = await models.modelOf(store.id, TYPE)
    if (known && (await store.hasModel(known))) return known
    const id = await store.writeModel(MODEL)
    await models.rememberModel(store.id, TYPE, id)
    return id
  }
}

/** A correlation id: OpenFGA allows no underscores and 36 characters at most. */
const idOf = (limit: string): string => limit.replaceAll('_', '-').slice(-36)
const name = (id: number | string): string => `${TYPE}:${id}`

function check(limit: Limit, relation: string, tuples: readonly object[], context: object = {}): object {
  return {
    correlation_id: idOf(limit),
    tuple_key: { user: name('probe'), relation, object: name(0) },
    contextual_tuples: { tuple_keys: tuples },
    context,
  }
}

/** A list costs one unit per element, and the condition a little more. */
function costlyCheck(): object {
  const limit = 'OPENFGA_MAX_CONDITION_EVALUATION_COST'
  const among = Array.from({ length: OPENFGA_LIMITS[limit] - 10 }, (_, index) => String(index))
  const tuple = { user: name('probe'), relation: 'costly', object: name(0), condition: { name: TYPE, context: {} } }
  return check(limit, 'costly', [tuple], { wanted: 'last', among: [...among, 'last'] })
}

/** A question as deep as the limit allows. */
function deepCheck(): object {
  const limit = 'OPENFGA_RESOLVE_NODE_LIMIT'
  const depth = OPENFGA_LIMITS[limit]
  const steps = Array.from({ length: depth }, (_, index) => ({
    user: name(index + 1),
    relation: 'next',
    object: name(index),
  }))
  return check(limit, 'deep', [...steps, { user: name('probe'), relation: 'deep', object: name(depth) }])
}
