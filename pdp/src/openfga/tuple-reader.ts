/**
 * Reads tuples of OpenFGA page by page, past its caches: for decisions, and for memory that holds tuples.
 *
 * @module
 */
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { TupleQuery, TupleSource } from '../tuples/source.ts'
import { readAnswer, readPage, type StoredTuple } from '../tuples/stored.ts'
import type { KeyReader } from '../tuples/stored-relations.ts'
import type { Tuple, TupleKey } from '../tuples/tuples.ts'
import type { OpenFgaClient } from './client.ts'

const PAGE_SIZE = 100
/** Bypasses every cache of OpenFGA, whether it is switched on or not. */
export const CONSISTENCY = 'HIGHER_CONSISTENCY'

export class TupleReader implements TupleSource, KeyReader {
  readonly #client: OpenFgaClient
  readonly #path: string

  constructor(client: OpenFgaClient, storeId: string) {
    this.#client = client
    this.#path = `/stores/${storeId}/read`
  }

  async readTuples(
    query: TupleQuery,
    most: number,
    statistics: RequestStatistics,
  ): Promise<readonly Tuple[] | undefined> {
    const found = await this.read(keyOf(query), statistics, most)
    return found.length > most ? undefined : found.map(tupleOf)
  }

  /** @param most - Stops reading once there are more. */
  async read(
    key: Partial<TupleKey>,
    statistics: RequestStatistics,
    most = Number.POSITIVE_INFINITY,
  ): Promise<readonly StoredTuple[]> {
    const tuples: StoredTuple[] = []
    let token = ''
    do {
      const page: { readonly tuples: readonly StoredTuple[]; readonly continuation_token: string } = readAnswer(
        readPage,
        await statistics.request(() =>
          this.#client.post(this.#path, {
            tuple_key: key,
            page_size: PAGE_SIZE,
            consistency: CONSISTENCY,
            ...(token ? { continuation_token: token } : {}),
          }),
        ),
      )
      tuples.push(...page.tuples)
      token = page.continuation_token
    } while (token && tuples.length <= most)
    return tuples
  }
}

function keyOf(query: TupleQuery): Partial<TupleKey> {
  if (query.kind === 'reverse') return { user: query.user, relation: query.relation, object: `${query.type}:` }
  const { kind: _, ...key } = query
  return key
}

function tupleOf({ key: { user, relation, object, condition } }: StoredTuple): Tuple {
  if (!condition) return { user, relation, object }
  return { user, relation, object, condition: { name: condition.name, context: condition.context ?? {} } }
}
