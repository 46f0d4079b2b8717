/**
 * Changes of the same thing, one after another: what is read at the beginning of a change is still true at its end.
 *
 * @module
 */

/** Who waits for a turn. */
interface Queue {
  readonly urgent: (() => void)[]
  readonly others: (() => void)[]
}

/** In this process; replicas meet in the store, where every change is one atomic Write. */
export class KeyedMutex {
  /** Of each key whose turn somebody has. */
  readonly #waiting = new Map<string, Queue>()

  /**
   * Runs the task when every earlier one of the same key is over, however it ended.
   *
   * @param urgency - `first`: ahead of all that wait. For what takes authority away, or many changes of the one who has it would hold that up.
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

  /** The same for several keys, taken in the order given: whoever takes more than one must give them in the same order. */
  runAll<T>(keys: readonly string[], task: () => Promise<T>, urgency?: 'first'): Promise<T> {
    const [first, ...rest] = keys
    return first === undefined ? task() : this.run(first, () => this.runAll(rest, task, urgency), urgency)
  }
}

/** Whose changes exclude each other. */
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
