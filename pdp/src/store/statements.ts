/**
 * Prepared statements, each made once. Synchronous and durable: a statement that returned is on disk.
 *
 * @module
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { atomically } from '../runtime/sqlite.ts'

export type Row = Record<string, SQLOutputValue>

export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @returns How many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  allNamed(sql: string, values: Readonly<Record<string, SQLInputValue>>): Row[] {
    return this.#statement(sql).all(values)
  }

  /** All of it, or nothing. Not to be nested. */
  atomically<T>(task: () => T): T {
    return atomically(this.#database, task)
  }

  #statement(sql: string): ReturnType<DatabaseSync['prepare']> {
    const known = this.#prepared.get(sql) ?? this.#database.prepare(sql)
    this.#prepared.set(sql, known)
    return known
  }
}
