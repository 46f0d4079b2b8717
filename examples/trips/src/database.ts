/**
 * The database behind trips: one SQL for SQLite and PostgreSQL, in what both understand. Parameters are `$1`, `$2`, … and nothing else ever
 * reaches a statement.
 *
 * @module
 */

export type SqlValue = string | number | null

/** Statements, on a connection or within a transaction. */
export interface Queries {
  /** Rows as the database gives them, to be parsed; integers are numbers. */
  readonly rows: (sql: string, ...values: readonly SqlValue[]) => Promise<readonly unknown[]>
  /** How many rows it changed. */
  readonly change: (sql: string, ...values: readonly SqlValue[]) => Promise<number>
}

export interface Database extends Queries {
  /**
   * Runs everything or nothing. `work` uses what it is given and no other statement: that would wait for the transaction, and the
   * transaction for it.
   */
  readonly transaction: <T>(work: (within: Queries) => Promise<T>) => Promise<T>
  /** What was deleted is overwritten, as far as this database can. Outside of a transaction. */
  readonly scrub: () => Promise<void>
  /** Answers nothing any more. What is under way ends before. */
  readonly close: () => Promise<void>
}
