/**
 * Reads tuples of the embedded store: for decisions, and for memory that holds tuples.
 *
 * @module
 */
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { TuplePattern, TupleRowReads } from '../ports/tuple-rows.ts'
import type { TupleQuery, TupleSource } from '../tuples/source.ts'
import type { StoredTuple } from '../tuples/stored.ts'
import type { KeyReader } from '../tuples/stored-relations.ts'
import type { Tuple, TupleKey } from '../tuples/tuples.ts'

export class EmbeddedTupleReader implements TupleSource, KeyReader {
  readonly #rows: TupleRowReads

  constructor(rows: TupleRowReads) {
    this.#rows = rows
  }

  async readTuples(
    query: TupleQuery,
    most: number,
    statistics: RequestStatistics,
  ): Promise<readonly Tuple[] | undefined> {
    const { kind: _, ...pattern } = query
    const found = await statistics.request(() => this.#rows.read(pattern, most + 1))
    return found.length > most ? undefined : found
  }

  async read(key: Partial<TupleKey>, statistics: RequestStatistics): Promise<readonly StoredTuple[]> {
    const found = await statistics.request(() => this.#rows.read(patternOf(key)))
    return found.map((tuple) => ({ key: tuple }))
  }
}

/** An object that ends with its colon stands for all objects of the type. */
function patternOf({ object, ...rest }: Partial<TupleKey>): TuplePattern {
  if (object === undefined) return rest
  return object.endsWith(':') ? { ...rest, type: object.slice(0, -1) } : { ...rest, object }
}
