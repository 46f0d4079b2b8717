/**
 * Tuples in memory that do not change, as rows of the embedded store: for judging decisions on a copy of a store's facts.
 *
 * @module
 */
import type { TuplePattern, TupleRow, TupleRowReads } from '../ports/tuple-rows.ts'

export class TupleSet implements TupleRowReads {
  readonly #all: readonly TupleRow[]
  readonly #byObject: ReadonlyMap<string, readonly TupleRow[]>
  readonly #byUser: ReadonlyMap<string, readonly TupleRow[]>

  /** @param tuples - In the order in which they were written. */
  constructor(tuples: readonly TupleRow[]) {
    this.#all = tuples
    this.#byObject = Map.groupBy(tuples, ({ object }) => object)
    this.#byUser = Map.groupBy(tuples, ({ user }) => user)
  }

  async read({ object, type, relation, user }: TuplePattern, most?: number): Promise<readonly TupleRow[]> {
    const found = this.#candidates(object, user).filter(
      (tuple) =>
        (object === undefined || tuple.object === object) &&
        (type === undefined || tuple.object.startsWith(`${type}:`)) &&
        (relation === undefined || tuple.relation === relation) &&
        (user === undefined || tuple.user === user),
    )
    return most === undefined ? found : found.slice(0, most)
  }

  snapshot<T>(work: (reads: TupleRowReads) => Promise<T>): Promise<T> {
    return work(this)
  }

  #candidates(object: string | undefined, user: string | undefined): readonly TupleRow[] {
    if (object !== undefined) return this.#byObject.get(object) ?? []
    return user === undefined ? this.#all : (this.#byUser.get(user) ?? [])
  }
}
