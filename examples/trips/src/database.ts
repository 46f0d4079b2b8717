/**
 * Port to the database of trips. Statements are in the SQL that SQLite and PostgreSQL share; values are only ever bound as parameters `$1`, `$2`, ….
 * Never interpolates a value into a statement.
 *
 * @module
 */

export type SqlValue = string | number | null

/** Runs statements, on a connection or within a transaction. */
export interface Queries {
  /** Runs a query. @returns Unparsed rows; integers are numbers. */
  readonly rows: (sql: string, ...values: readonly SqlValue[]) => Promise<readonly unknown[]>
  /** Runs a statement. @returns How many rows it changed. */
  readonly change: (sql: string, ...values: readonly SqlValue[]) => Promise<number>
}

export interface Database extends Queries {
  /**
   * Runs `work` in a transaction, which is rolled back when it throws. `work` may use only its argument: a statement on the database itself would
   * deadlock, since it waits for the transaction to end.
   */
  readonly transaction: <T>(work: (within: Queries) => Promise<T>) => Promise<T>
  /** Overwrites deleted rows, as far as the database supports it. Call it outside a transaction. */
  readonly scrub: () => Promise<void>
  /** Closes after the statements and transactions in progress. */
  readonly close: () => Promise<void>
}
