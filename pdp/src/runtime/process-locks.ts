/**
 * Async mutex per key, in this process only.
 *
 * @module
 */
import { LOCK_WAIT_MS, type Locks, LockWait, type Urgency } from '../ports/locks.ts'

/** Waiters of one key. A set keeps the order of insertion, and deletes one that gave up. */
interface Queue {
  readonly urgent: Set<() => void>
  readonly others: Set<() => void>
}

export class ProcessLocks implements Locks {
  /** An entry for each key that is locked. */
  readonly #waiting = new Map<string, Queue>()
  readonly #waitMs: number

  /** @param waitMs - Longest wait, in milliseconds. */
  constructor(waitMs: number = LOCK_WAIT_MS) {
    this.#waitMs = waitMs
  }

  async run<T>(key: string, task: () => Promise<T>, urgency?: Urgency): Promise<T> {
    await this.#enter(key, urgency)
    try {
      return await task()
    } finally {
      this.#leave(key)
    }
  }

  runAll<T>(keys: readonly string[], task: () => Promise<T>, urgency?: Urgency): Promise<T> {
    const [first, ...rest] = keys
    return first === undefined ? task() : this.run(first, () => this.runAll(rest, task, urgency), urgency)
  }

  async #enter(key: string, urgency: Urgency | undefined): Promise<void> {
    const queue = this.#waiting.get(key)
    if (!queue) {
      this.#waiting.set(key, { urgent: new Set(), others: new Set() })
      return
    }
    const waiters = urgency === 'first' ? queue.urgent : queue.others
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiters.delete(enter)
        reject(new LockWait(key))
      }, this.#waitMs)
      waiters.add(enter)
    })
  }

  #leave(key: string): void {
    const queue = this.#waiting.get(key)
    const next = queue && (takeFirst(queue.urgent) ?? takeFirst(queue.others))
    if (next) next()
    else this.#waiting.delete(key)
  }
}

function takeFirst(waiters: Set<() => void>): (() => void) | undefined {
  const [first] = waiters
  if (first) waiters.delete(first)
  return first
}
