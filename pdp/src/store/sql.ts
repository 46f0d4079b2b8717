/**
 * Port for a SQL database. Statements use the common subset of SQLite and PostgreSQL: parameters are `$1`, `$2`, …, and upserts are
 * `ON CONFLICT`. Values are always parameters, never part of the statement's text.
 *
 * @module
 */

export type SqlValue = string | number | null | Uint8Array

/** A row as the database returns it; integers are numbers. */
export type Row = Readonly<Record<string, unknown>>

/** Statements, on a connection or within a transaction. */
export interface Queries {
  /** For statements that only read. */
  readonly rows: (sql: string, ...values: readonly SqlValue[]) => Promise<readonly Row[]>
  /** For statements that write; waits for earlier writes and transactions, those of other PDPs included. @returns Number of changed rows. */
  readonly change: (sql: string, ...values: readonly SqlValue[]) => Promise<number>
  /**
   * Runs `work` in a transaction, or as part of the current one. `work` must use only the `Queries` it is passed: any other statement would
   * deadlock with the transaction.
   */
  readonly transaction: <T>(work: (within: Queries) => Promise<T>) => Promise<T>
  /** Runs `task` as the last part of the transaction. Only within a transaction. */
  readonly beforeCommit: (task: () => Promise<unknown>) => void
  /** Calls `task` after the commit; at once outside a transaction; never after a rollback. */
  readonly afterCommit: (task: () => void) => void
}

export interface Database extends Queries {
  /** Whether other PDPs use the database at the same time. A SQLite file belongs to one PDP. */
  readonly isShared: boolean
  /**
   * Runs one statement that writes, as a transaction of its own that does not wait for other transactions to end. For statements that are right
   * whatever runs beside them: a paused process cannot hold a lock between two round trips.
   */
  readonly changeAlone: Queries['change']
  /** Overwrites deleted data in the files of the database, as far as the database can. Must not be called in a transaction. */
  readonly scrub: () => Promise<void>
  /** Closes the database after the pending statements. Later statements reject. */
  readonly close: () => Promise<void>
}

/** Runs a query and returns its first row; `undefined` when there is none. */
export async function firstRow(
  queries: Pick<Queries, 'rows'>,
  sql: string,
  ...values: readonly SqlValue[]
): Promise<Row | undefined> {
  return (await queries.rows(sql, ...values))[0]
}

/**
 * Parameters of an `IN` list.
 *
 * @param from - Number of the first parameter.
 * @returns `$n, …` and their values. Padded to a power of two by repeating the last value, so that there are few distinct prepared statements. An
 *   empty list becomes one empty text, which is never an id.
 */
export function inList(
  values: readonly SqlValue[],
  from: number,
): { readonly places: string; readonly values: readonly SqlValue[] } {
  const [last = ''] = values.slice(-1)
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, values.length)))
  const padded = [...values, ...Array.from({ length: size - values.length }, () => last)]
  return { places: padded.map((_, index) => `$${from + index}`).join(', '), values: padded }
}

/** `beforeCommit` outside a transaction. */
export const noTransaction = (): never => {
  throw new Error('pdp.db: only within a transaction')
}

// No validation: rows were written by this folder from typed records.
export const text = (value: unknown): string => String(value)
export const optional = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value)
export const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array())
