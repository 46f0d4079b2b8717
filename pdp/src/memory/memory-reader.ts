/**
 * Reads from the tuple memory for one decision: fills what is wanting, and gives up where memory cannot tell.
 *
 * @module
 */
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { queryText, type TupleQuery } from '../tuples/source.ts'
import { MemoryView } from './memory-view.ts'
import type { MemoryEntry } from './tuple-entry.ts'
import type { TupleMemory } from './tuple-memory.ts'

/** Reads of one query for one call, before the store is asked instead: each was touched by a change while it was read. */
const READS = 3

/** Counters since the start. */
export interface ReaderCounts {
  /** Decisions that memory could not establish, and that the store was asked for instead. */
  direct: number
  /** Questions that the engine left to the store. */
  forwarded: number
  /** Decisions made again, since a fact changed while they were made. */
  again: number
}

export class MemoryReader {
  readonly #memory: TupleMemory
  readonly #counts: ReaderCounts

  constructor(memory: TupleMemory, counts: ReaderCounts) {
    this.#memory = memory
    this.#counts = counts
  }

  async entry(query: TupleQuery, statistics: RequestStatistics): Promise<MemoryEntry | undefined> {
    return (await this.entries([query], statistics))?.[0]
  }

  /** @returns `undefined` where the store must be asked: one of the queries has too many tuples, or is pending for too long. */
  async entries(
    queries: readonly TupleQuery[],
    statistics: RequestStatistics,
  ): Promise<readonly MemoryEntry[] | undefined> {
    const entries = await this.filled(statistics, (view, want) =>
      queries.flatMap((query) => {
        const entry = view.entry(query)
        if (!entry) want(query)
        return entry ?? []
      }),
    )
    if (!entries?.some(({ tuples }) => tuples === undefined)) return entries
    this.#sendToStore(statistics)
    return undefined
  }

  /**
   * Evaluates over memory until nothing is wanting, filling what is: all that one evaluation wants, side by side.
   *
   * @returns `undefined` where memory cannot tell: the store must be asked, for this and for the rest of the decision.
   */
  async filled<T>(
    statistics: RequestStatistics,
    evaluate: (view: MemoryView, want: (query: TupleQuery) => void) => T,
  ): Promise<T | undefined> {
    const memory = this.#memory
    const view = new MemoryView(memory, statistics)
    let reads: Map<string, number> | undefined
    for (;;) {
      // Made only where something is wanting: most decisions find everything in memory.
      let wanted: Map<string, TupleQuery> | undefined
      const result = evaluate(view, (query) => {
        wanted ??= new Map()
        wanted.set(queryText(query), query)
      })
      if (!wanted) return result
      reads ??= new Map()
      for (const text of (wanted as Map<string, TupleQuery>).keys()) reads.set(text, (reads.get(text) ?? 0) + 1)
      const isLost = [...reads.values()].some((count) => count > READS)
      if (isLost || !(await memory.fill([...(wanted as Map<string, TupleQuery>).values()], statistics))) {
        this.#sendToStore(statistics)
        return undefined
      }
    }
  }

  #sendToStore(statistics: RequestStatistics): void {
    if (!statistics.direct) this.#counts.direct += 1
    statistics.direct = true
  }
}
