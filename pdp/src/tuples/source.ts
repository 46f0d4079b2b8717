/**
 * How tuples are read from the store that keeps them, for memory that holds them.
 *
 * @module
 */
import type { RunningEngine } from '../ports/engine.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { Tuple, TupleKey } from './tuples.ts'

/**
 * What one read answers. `object`: all tuples of an object. `relation`: those of one of its relations. `pair`: the tuple of one user in it.
 * `reverse`: the tuples in which a user has a relation to objects of one type.
 */
export type TupleQuery =
  | { readonly kind: 'object'; readonly object: string }
  | { readonly kind: 'relation'; readonly object: string; readonly relation: string }
  | { readonly kind: 'pair'; readonly object: string; readonly relation: string; readonly user: string }
  | { readonly kind: 'reverse'; readonly user: string; readonly type: string; readonly relation: string }

/** Injective: queries of equal text are the same. */
export function queryText(query: TupleQuery): string {
  switch (query.kind) {
    case 'object':
      return `o${sized(query.object)}`
    case 'relation':
      return `r${sized(query.object)}${sized(query.relation)}`
    case 'pair':
      return `p${sized(query.object)}${sized(query.relation)}${sized(query.user)}`
    case 'reverse':
      return `u${sized(query.user)}${sized(query.type)}${sized(query.relation)}`
  }
}

/** A text behind its length, so that none can imitate the end of another. */
const sized = (text: string): string => `${text.length}:${text}`

/** Whether a change of the tuple can change the answer to the query. */
export function isTouchedBy(query: TupleQuery, { user, relation, object }: TupleKey): boolean {
  if (query.kind === 'reverse')
    return query.user === user && query.relation === relation && object.startsWith(`${query.type}:`)
  if (query.object !== object) return false
  if (query.kind === 'object') return true
  return query.relation === relation && (query.kind === 'relation' || query.user === user)
}

/** Reads tuples, past every cache of the store. */
export interface TupleSource {
  /**
   * @param most - Of more tuples than this the answer is only that there are more.
   * @returns All tuples of the query, or `undefined` where there are more than `most`.
   * @throws Fault `relations_unavailable` when not all of them could be read.
   */
  readTuples(query: TupleQuery, most: number, statistics: RequestStatistics): Promise<readonly Tuple[] | undefined>
}

/** Lock between questions about domains' facts and replacements of them; see `fact-gate.ts`. */
export interface FactsLock {
  ask<T>(task: () => Promise<T>, asOf?: number): Promise<T>
}

/** An engine whose tuples and models can be read, for memory before it. */
export interface TupleEngine extends RunningEngine {
  readonly tuples: TupleSource
  readonly factsLock: FactsLock
  /** Reads a model by its id, in the JSON form of OpenFGA. @throws Fault `relations_unavailable` */
  readonly readModel: (modelId: string) => Promise<object>
}
