/**
 * Locks between the PDPs of one PostgreSQL database: session advisory locks on the connection of {@link Member}. Tasks of one process queue in the
 * process, so that it asks the database for one lock per key. Waiting is polling, by one statement for all keys: a statement that waits would hold up
 * those behind it on the connection.
 *
 * A lock that is lost while its task runs, because PostgreSQL ended the connection, may be another PDP's already: {@link PostgresLocks.requireHeld} then
 * rejects the task's transactions. A transaction whose COMMIT is still on its way may outlast its task and even its process: nobody gets the lock before
 * such a transaction has ended, since the next task would not see what it stores.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { LOCK_WAIT_MS, LockLost, type Locks, LockWait, type Urgency } from '../ports/locks.ts'
import { ProcessLocks } from '../runtime/process-locks.ts'
import { lockId } from './advisory-lock.ts'
import type { Member, MemberSession } from './postgres-member.ts'
import { firstRow, type Queries } from './sql.ts'

/** Interval of the polling, in milliseconds. */
const POLL_MS = 5
/** How long a process does not ask again for a lock that it released while another PDP waited, in milliseconds: that PDP polls twice meanwhile. */
const YIELD_MS = 2 * POLL_MS

/** How often a lock is tried again on another connection. */
const RECONNECTS = 2

/** Takes a lock unless another PDP waits for it urgently. `taken` is true when it was taken. */
const isUrgentElsewhere = `CASE WHEN pg_try_advisory_lock(${lockId('urgent', 'key')})
  THEN NOT pg_advisory_unlock(${lockId('urgent', 'key')}) ELSE true END`
const isAwaitedElsewhere = `CASE WHEN pg_try_advisory_lock(${lockId('waiting', 'key')})
  THEN NOT pg_advisory_unlock(${lockId('waiting', 'key')}) ELSE true END`
const hasNoTransaction = `CASE WHEN pg_try_advisory_xact_lock(${lockId('transaction', 'key')}) THEN true
  ELSE NOT pg_advisory_unlock(${lockId('lock', 'key')}) END`
const TAKE = `SELECT key, CASE WHEN CASE WHEN urgent THEN false ELSE ${isUrgentElsewhere} END THEN false
    WHEN pg_try_advisory_lock(${lockId('lock', 'key')}) THEN ${hasNoTransaction} ELSE false END AS taken
  FROM unnest($1::text[], $2::boolean[]) AS wanted (key, urgent)`
/** The locks of the transaction come first: a lock that is lost after them waits for the transaction. */
const REQUIRE = `WITH transaction AS MATERIALIZED (
    SELECT count(pg_advisory_xact_lock_shared(${lockId('transaction', 'key')})) AS keys FROM json_array_elements_text($2) AS held (key))
  SELECT CASE WHEN keys > 0 THEN pg_try_advisory_xact_lock_shared(${lockId('session', '$1')}) END AS free FROM transaction`
const RELEASE = `SELECT pg_advisory_unlock(${lockId('lock', 'key')}), ${isAwaitedElsewhere} AS awaited, ${isUrgentElsewhere} AS urgent
  FROM (SELECT $1::text) AS released (key)`
/** Registers a waiter, so that others let it go first. Fails for an instant while another PDP looks, and is tried again. */
const REGISTER = `SELECT key, pg_try_advisory_lock_shared(CASE WHEN urgent THEN ${lockId('urgent', 'key')}
    ELSE ${lockId('waiting', 'key')} END) AS registered
  FROM unnest($1::text[], $2::boolean[]) AS wanted (key, urgent)`
const UNREGISTER = `SELECT pg_advisory_unlock_shared(CASE WHEN $2::boolean THEN ${lockId('urgent', '$1::text')}
    ELSE ${lockId('waiting', '$1::text')} END)`

/** A task that holds a lock. */
interface Held {
  readonly key: string
  readonly session: MemberSession
  /** The task around this one. */
  readonly outer: Held | undefined
  /** Whether the task has ended. What it started in the background is not protected by the lock. */
  isOver: boolean
}

const holding = new AsyncLocalStorage<Held>()

/** What the calling task holds. */
function heldByCaller(): readonly Held[] {
  const all: Held[] = []
  for (let held = holding.getStore(); held; held = held.outer) if (!held.isOver) all.push(held)
  return all
}

/** The first waiter of a key in this process. */
interface Waiter {
  readonly key: string
  readonly urgent: boolean
  readonly until: number
  /** The connection on which it is registered. */
  registeredOn: MemberSession | undefined
  readonly take: (session: MemberSession) => void
  readonly fail: (error: unknown) => void
}

export class PostgresLocks implements Locks {
  readonly #member: Pick<Member, 'session'>
  readonly #inProcess: ProcessLocks
  readonly #waitMs: number
  /** One waiter per key: the others queue in the process. */
  readonly #waiting = new Map<string, Waiter>()
  /** Keys that this process released a moment ago while another PDP waited for them. */
  readonly #yielding = new Set<string>()
  #isPolling = false

  constructor(member: Pick<Member, 'session'>, waitMs: number = LOCK_WAIT_MS) {
    this.#member = member
    this.#inProcess = new ProcessLocks(waitMs)
    this.#waitMs = waitMs
  }

  run<T>(key: string, task: () => Promise<T>, urgency?: Urgency): Promise<T> {
    const until = performance.now() + this.#waitMs
    return this.#inProcess.run(key, () => this.#runLocked(key, task, urgency === 'first', until), urgency)
  }

  runAll<T>(keys: readonly string[], task: () => Promise<T>, urgency?: Urgency): Promise<T> {
    const [first, ...rest] = keys
    return first === undefined ? task() : this.run(first, () => this.runAll(rest, task, urgency), urgency)
  }

  /**
   * Rejects when a lock that the calling task runs under is lost. As the first statement of a transaction: nobody gets the lock before the transaction
   * ends, whatever becomes of the task.
   *
   * @throws LockLost
   */
  async requireHeld(sql: Pick<Queries, 'rows'>): Promise<void> {
    for (const [session, held] of Map.groupBy(heldByCaller(), ({ session }) => session)) {
      if (session.isLost) throw new LockLost()
      const keys = JSON.stringify(held.map(({ key }) => key))
      if ((await firstRow(sql, REQUIRE, session.id, keys))?.['free'] !== false) throw new LockLost()
    }
  }

  /** The connections that hold the locks of the calling task. */
  heldOn(): readonly MemberSession[] {
    return [...new Set(heldByCaller().map(({ session }) => session))]
  }

  async #runLocked<T>(key: string, task: () => Promise<T>, urgent: boolean, until: number): Promise<T> {
    const session = await this.#take(key, urgent, until)
    const held: Held = { key, session, outer: holding.getStore(), isOver: false }
    try {
      return await holding.run(held, task)
    } finally {
      held.isOver = true
      // A connection that fails has no locks any more.
      await this.#release(session, key).catch(() => undefined)
    }
  }

  async #take(key: string, urgent: boolean, until: number): Promise<MemberSession> {
    if (urgent || !this.#yielding.has(key)) {
      const session = await this.#tryToTake(key, urgent)
      if (session) return session
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(key, { key, urgent, until, registeredOn: undefined, take: resolve, fail: reject })
      if (!this.#isPolling) void this.#poll()
    })
  }

  /**
   * A connection may have ended unnoticed while this process was busy, for example with compiling policies at its start. It has no locks any more, so the
   * next one is tried.
   */
  async #tryToTake(key: string, urgent: boolean): Promise<MemberSession | undefined> {
    for (let left = RECONNECTS; ; left -= 1) {
      const session = await this.#member.session()
      try {
        const [row] = await session.query(TAKE, [[key], [urgent]])
        return row?.['taken'] === true ? session : undefined
      } catch (error) {
        if (left === 0) throw error
        await pause(POLL_MS)
      }
    }
  }

  async #release(session: MemberSession, key: string): Promise<void> {
    const [row] = await session.query(RELEASE, [key])
    if (row?.['awaited'] !== true && row?.['urgent'] !== true) return
    this.#yielding.add(key)
    setTimeout(() => this.#yielding.delete(key), YIELD_MS).unref()
  }

  async #poll(): Promise<void> {
    this.#isPolling = true
    while (this.#waiting.size > 0) {
      await pause(POLL_MS)
      for (const waiter of [...this.#waiting.values()])
        if (performance.now() >= waiter.until) this.#settle(waiter, () => waiter.fail(new LockWait(waiter.key)))
      const asking = [...this.#waiting.values()].filter(({ key, urgent }) => urgent || !this.#yielding.has(key))
      if (asking.length === 0) continue
      try {
        await this.#ask(await this.#member.session(), asking)
      } catch {
        // Each waiter has an end: the next rounds try again until then, on another connection where this one is lost.
      }
    }
    this.#isPolling = false
  }

  async #ask(session: MemberSession, asking: readonly Waiter[]): Promise<void> {
    const byKey = new Map(asking.map((waiter) => [waiter.key, waiter]))
    const columns = (waiters: readonly Waiter[]) => [waiters.map(({ key }) => key), waiters.map(({ urgent }) => urgent)]
    for (const { key, taken } of await session.query(TAKE, columns(asking))) {
      const waiter = taken === true ? byKey.get(String(key)) : undefined
      if (waiter) this.#settle(waiter, () => waiter.take(session))
    }
    const unknown = asking.filter(
      (waiter) => this.#waiting.get(waiter.key) === waiter && waiter.registeredOn !== session,
    )
    if (unknown.length === 0) return
    for (const { key, registered } of await session.query(REGISTER, columns(unknown))) {
      const waiter = registered === true ? byKey.get(String(key)) : undefined
      if (waiter) waiter.registeredOn = session
    }
  }

  #settle(waiter: Waiter, settle: () => void): void {
    this.#waiting.delete(waiter.key)
    const { registeredOn, key, urgent } = waiter
    registeredOn?.query(UNREGISTER, [key, urgent]).catch(() => undefined)
    settle()
  }
}
