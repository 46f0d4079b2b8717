/**
 * Queue of the writes of one database: one at a time, in the order of the calls. Marks the code that runs in a transaction, so that a write outside
 * of it rejects instead of waiting for the transaction that waits for it.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Queries, Row, SqlValue } from './sql.ts'

/** The connection that a transaction runs on. */
export interface TransactionConnection {
  readonly rows: (sql: string, values: readonly SqlValue[]) => Promise<readonly Row[]>
  readonly change: (sql: string, values: readonly SqlValue[]) => Promise<number>
  readonly commit: () => Promise<void>
  /** Never rejects: the error that caused the rollback is the one to report. */
  readonly rollBack: () => Promise<void>
  /** `false` when the database has ended the transaction by itself. */
  readonly isInTransaction: () => boolean
}

/** A transaction, as the code that runs in it sees it. */
interface Scope {
  readonly queue: object
  isOpen: boolean
}

/** The transaction that the running code belongs to. */
const scopes = new AsyncLocalStorage<Scope>()

export class WriteQueue {
  readonly #waitMs: number
  /** End of the queue: settles after the last queued write. Never rejects. `undefined` when the queue is empty. */
  #last: Promise<unknown> | undefined

  /** @param waitMs - Longest wait of a write for a lock that another process holds, in milliseconds. Counts from when it was queued. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /** @throws Error within a transaction of this queue. */
  requireOutside(): void {
    const scope = scopes.getStore()
    if (scope?.queue === this && scope.isOpen)
      throw new Error('pdp.db: within a transaction only the statements of the transaction may be used')
  }

  /**
   * Runs a task after all earlier ones have ended, failed ones included; at once when the queue is empty. Rejects within a transaction of this
   * queue: the task and the transaction would wait for each other, and every later writer for both.
   *
   * @param task - Gets the instant of `performance.now()` until which it may wait for another process, so that a queue behind a locked database
   *   fails as a whole.
   */
  async run<T>(task: (until: number) => Promise<T>): Promise<T> {
    this.requireOutside()
    const until = performance.now() + this.#waitMs
    const turn = this.#last ? this.#last.then(() => task(until)) : task(until)
    const last = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#last === last) this.#last = undefined
      })
    this.#last = last
    return turn
  }

  /** Runs `work` in the transaction that the connection has begun, and ends it. */
  async transact<T>(connection: TransactionConnection, work: (within: Queries) => Promise<T>): Promise<T> {
    const scope: Scope = { queue: this, isOpen: true }
    const last: (() => Promise<unknown>)[] = []
    const committed: (() => void)[] = []
    let result: T
    try {
      result = await scopes.run(scope, () => work(queriesWithin(connection, scope, { last, committed })))
      for (const task of last) await task()
      scope.isOpen = false
      await connection.commit()
    } catch (error) {
      scope.isOpen = false
      await connection.rollBack()
      throw error
    }
    for (const task of committed) task()
    return result
  }
}

/** What a transaction does at its end. */
interface Ending {
  readonly last: (() => Promise<unknown>)[]
  readonly committed: (() => void)[]
}

function queriesWithin(connection: TransactionConnection, scope: Scope, { last, committed }: Ending): Queries {
  // A statement that comes later, or after the database has rolled back by itself, would be a change of its own.
  const current = (): TransactionConnection => {
    if (scope.isOpen && connection.isInTransaction()) return connection
    throw new Error('pdp.db: the transaction is over')
  }
  const within: Queries = {
    rows: async (sql, ...values) => current().rows(sql, values),
    change: async (sql, ...values) => current().change(sql, values),
    transaction: (work) => work(within),
    beforeCommit: (task) => void last.push(task),
    afterCommit: (task) => void committed.push(task),
  }
  return within
}
