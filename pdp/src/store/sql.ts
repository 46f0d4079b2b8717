/**
 * The port behind which a SQL database stands. Statements are written in what SQLite and PostgreSQL both understand: parameters are `$1`, `$2`, …,
 * an upsert is `ON CONFLICT`, and no value ever stands in the text of a statement.
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
  /** For statements that write. @returns How many rows were changed. */
  readonly change: (sql: string, ...values: readonly SqlValue[]) => Promise<number>
  /**
   * Runs all of `work` or nothing of it; within a transaction, as a part of that one. `work` uses only the statements that it is given: any other
   * would wait for the transaction while the transaction waits for it.
   */
  readonly transaction: <T>(work: (within: Queries) => Promise<T>) => Promise<T>
  /** Calls `task` once everything that was changed is committed: at once outside a transaction, never after a rollback. */
  readonly afterCommit: (task: () => void) => void
}

export interface Database extends Queries {
  /** Overwrites what was deleted, in every file of the database. Outside a transaction only. */
  readonly scrub: () => Promise<void>
  /** Waits for the statements under way. Later ones reject. */
  readonly close: () => Promise<void>
}

/** The first row, where there is one. */
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
 * @param from - The number of the first parameter.
 * @returns `$n, …` and their values. The last value is repeated up to a power of two, so that few statements are prepared; an empty list becomes
 *   one empty text, which no id is.
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

// Rows were written by this room from typed records, so they are read back without being checked again.
export const text = (value: unknown): string => String(value)
export const optional = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value)
export const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array())
