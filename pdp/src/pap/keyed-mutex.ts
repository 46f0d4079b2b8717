/**
 * Async mutex per key, in this process only.
 *
 * @module
 */

/** Waiters of one key. */
interface Queue {
  readonly urgent: (() => void)[]
  readonly others: (() => void)[]
}

/** Between replicas, atomic Writes of OpenFGA decide. */
export class KeyedMutex {
  /** An entry for each key that is locked. */
  readonly #waiting = new Map<string, Queue>()

  /**
   * Runs the task when no other task of this key runs. A failed task releases the key too.
   *
   * @param urgency - `first`: ahead of all waiters. For changes that take authority away: its holder must not delay them by many changes.
   */
  async run<T>(key: string, task: () => Promise<T>, urgency?: 'first'): Promise<T> {
    await this.#enter(key, urgency)
    try {
      return await task()
    } finally {
      this.#leave(key)
    }
  }

  async #enter(key: string, urgency: 'first' | undefined): Promise<void> {
    const queue = this.#waiting.get(key)
    if (!queue) {
      this.#waiting.set(key, { urgent: [], others: [] })
      return
    }
    await new Promise<void>((resolve) => (urgency === 'first' ? queue.urgent : queue.others).push(resolve))
  }

  #leave(key: string): void {
    const queue = this.#waiting.get(key)
    const next = queue?.urgent.shift() ?? queue?.others.shift()
    if (next) next()
    else this.#waiting.delete(key)
  }

  /** Locks several keys, in the order given. All callers must use the same order, or they deadlock. */
  runAll<T>(keys: readonly string[], task: () => Promise<T>, urgency?: 'first'): Promise<T> {
    const [first, ...rest] = keys
    return first === undefined ? task() : this.run(first, () => this.runAll(rest, task, urgency), urgency)
  }
}

/** Keys: one name per set of changes that exclude each other. */
export const mutexKey = {
  grantsBy: (delegator: string) => `grants by ${delegator}`,
  grant: (id: string) => `grant ${id}`,
  personasOf: (holder: string) => `personas of ${holder}`,
  resource: (ref: string) => `resource ${ref}`,
  invitation: (id: string) => `invitation ${id}`,
  invitationsOf: (inviter: string) => `invitations of ${inviter}`,
  key: (id: string) => `key ${id}`,
  person: (pseudonym: string) => `person ${pseudonym}`,
  facts: (domain: string) => `facts of ${domain}`,
  agent: (id: string) => `agent ${id}`,
} as const
