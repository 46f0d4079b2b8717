/**
 * Locks: changes of the same thing run one after another. Between the PDPs of one database where they share it, else in one process.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/** `first`: ahead of all other waiters. For changes that take authority away: its holder must not delay them by many changes. */
export type Urgency = 'first'

/** Longest wait for one lock, in milliseconds: longer than any change takes, and than a PDP that died or was stopped keeps a lock. */
export const LOCK_WAIT_MS = 15_000

/** The lock was not free in time: 503, since trying again later helps. */
export class LockWait extends Fault {
  constructor(key: string) {
    super('relations_unavailable', `the lock "${key}" was not free in time`, {
      detail: 'Other changes of it are in progress. Try again.',
    })
  }
}

/**
 * The lock was lost while its task ran: the database ended the connection that held it, such as after the process was suspended. Another PDP may have
 * the lock, so what the task still wants to write is rejected.
 */
export class LockLost extends Fault {
  constructor() {
    super('relations_unavailable', 'the lock of this change was lost', {
      detail: 'The change was interrupted. Try again.',
    })
  }
}

/** Mutual exclusion by key. Not reentrant. */
export interface Locks {
  /**
   * Runs the task when no other task of this key runs. A task that rejects releases the key too.
   *
   * @throws LockWait when the key was not free in time; Fault `relations_unavailable` when the database that has the locks does not answer. The task
   * was not run then.
   */
  run<T>(key: string, task: () => Promise<T>, urgency?: Urgency): Promise<T>
  /** The same for several keys, locked in the order given. All callers must use the same order, or they wait for each other until the wait ends. */
  runAll<T>(keys: readonly string[], task: () => Promise<T>, urgency?: Urgency): Promise<T>
}
