/**
 * Filter over the subs of all people: rules out without a query that a text is somebody's sub. Read from the vault in the background, a page at a time,
 * when it is first asked: neither a start nor a barrier waits for a read of the whole vault. Until then it rules out nothing.
 *
 * @module
 */
import { BloomFilter } from '../runtime/bloom-filter.ts'
import { bytes, type Queries, type Row, text } from './sql.ts'

/** People read at once: a page of SQLite blocks the process for some milliseconds. */
const PEOPLE_PER_READ = 2_000
/** Pause after a failed read before the next attempt, in milliseconds. */
const RETRY_MS = 1_000

export class KnownSubs {
  readonly #sql: Pick<Queries, 'rows'>
  /** Lookup hashes of the normalized subs of all people, erased ones too; `undefined` until they are read. */
  #all: BloomFilter | undefined
  /** The filter that is being filled: people who are created meanwhile are added to it too. */
  #filling: BloomFilter | undefined
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(sql: Pick<Queries, 'rows'>) {
    this.#sql = sql
  }

  /** @param folded - Lookup hash of a normalized sub. @returns `false` where certainly no person has it. */
  mayHave(folded: Uint8Array): boolean {
    if (!this.#all) this.#fill()
    return this.#all?.mayHave(folded) ?? true
  }

  /** Adds a person who is about to be created, or of whom another PDP's note tells. */
  add(folded: Uint8Array): void {
    this.#all?.add(folded)
    this.#filling?.add(folded)
  }

  /** Drops everything, a read under way included: it may lack people of whom no note came. */
  reset(): void {
    this.#all = undefined
    this.#filling = undefined
    this.#failedAt = Number.NEGATIVE_INFINITY
  }

  #fill(): void {
    if (this.#filling || performance.now() - this.#failedAt < RETRY_MS) return
    const filter = new BloomFilter()
    this.#filling = filter
    this.#read(filter).then(
      () => {
        if (this.#filling !== filter) return
        this.#filling = undefined
        this.#all = filter
      },
      () => {
        if (this.#filling !== filter) return
        this.#filling = undefined
        this.#failedAt = performance.now()
      },
    )
  }

  async #read(filter: BloomFilter): Promise<void> {
    const sql = `SELECT pseudonym, folded FROM vault WHERE pseudonym > $1 ORDER BY pseudonym LIMIT ${PEOPLE_PER_READ}`
    let last: string | undefined = ''
    while (last !== undefined && this.#filling === filter) {
      const rows: readonly Row[] = await this.#sql.rows(sql, last)
      for (const row of rows) filter.add(bytes(row['folded']))
      last = rows.length === PEOPLE_PER_READ ? text(rows.at(-1)?.['pseudonym']) : undefined
    }
  }
}
