/**
 * A readers-writer lock in this process: questions are readers, a replacement of facts in two Writes is the writer. Between the two Writes
 * a relation such as `reader but not blocked` would permit a blocked subject. Replacements by other PDPs are known from the invalidation log
 * ({@link FactReplacements}).
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { currentLeftMs } from '@mandate/service'
import { FactsChanged } from '../ports/answer.ts'
import type { FactReplacements } from './fact-replacements.ts'

export class FactGate {
  readonly #waitMs: number
  readonly #replacements: FactReplacements | undefined
  readonly #waiting = new Set<() => void>()
  #asking = 0
  #replacing: Promise<void> | undefined
  /** Ids of replacements that were cut short: the store may have the first of their two Writes only. */
  readonly #broken = new Set<string>()
  #version = 0
  #drained: (() => void) | undefined

  /**
   * @param waitMs - How long a question waits for replacements, in milliseconds.
   * @param replacements - Those of all PDPs, where several use the database.
   */
  constructor(waitMs: number, replacements?: FactReplacements) {
    this.#waitMs = waitMs
    this.#replacements = replacements
  }

  /** Increases with every replacement. */
  get version(): number {
    return this.#version + (this.#replacements?.version ?? 0)
  }

  /**
   * Runs a question to the store, `send`, while no PDP replaces facts. {@link ask} alone is enough for what rests on memory, which holds no
   * tuple that is being changed.
   *
   * @throws FactsChanged when a replacement by any PDP began or ended meanwhile; Fault `relations_unavailable` while one takes too long.
   */
  askStore<T>(send: () => Promise<T>): Promise<T> {
    return this.#replacements ? this.#replacements.ask(send) : send()
  }

  /**
   * Runs a question when no fact is being replaced.
   *
   * @param asOf - Version of the facts that the question was built from.
   * @throws FactsChanged when there was a replacement since that version; Fault `relations_unavailable` while a replacement takes longer than the
   * question waits, or was cut short and is neither finished nor undone.
   */
  async ask<T>(task: () => Promise<T>, asOf?: number): Promise<T> {
    if (this.#replacing) await this.#entered()
    else this.#asking += 1
    try {
      if (this.#broken.size > 0) throw new Fault('relations_unavailable', 'a replacement of facts was cut short')
      if (asOf !== undefined && asOf !== this.version) throw new FactsChanged()
      return await task()
    } finally {
      this.#asking -= 1
      if (this.#asking === 0) this.#drained?.()
    }
  }

  /** Waits for the replacement under way. Waiting questions enter before the next replacement, so each waits for one at most. */
  async #entered(): Promise<void> {
    const ms = Math.min(this.#waitMs, currentLeftMs() ?? this.#waitMs)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = (): void => {
      this.#asking += 1
      resolve()
    }
    this.#waiting.add(enter)
    const timer = setTimeout(() => {
      if (this.#waiting.delete(enter))
        reject(new Fault('relations_unavailable', `facts are being replaced for longer than ${ms} ms`))
    }, ms)
    await promise.finally(() => clearTimeout(timer))
  }

  /** Runs a replacement while no question is under way. Replacements run one after another. */
  async replace<T>(task: () => Promise<T>): Promise<T> {
    while (this.#replacing) await this.#replacing
    let finish = (): void => undefined
    this.#replacing = new Promise((resolve) => {
      finish = resolve
    })
    try {
      if (this.#asking > 0)
        await new Promise<void>((resolve) => {
          this.#drained = resolve
        })
      return await task()
    } finally {
      this.#drained = undefined
      this.#replacing = undefined
      this.#version += 1
      for (const enter of this.#waiting) enter()
      this.#waiting.clear()
      finish()
    }
  }

  /**
   * Keeps the gate shut after a replacement that was cut short, until it is finished or undone. Of several PDPs another one may do that, and the
   * invalidation log says until when.
   */
  shut(id: string): void {
    if (!this.#replacements) this.#broken.add(id)
  }

  reopen(id: string): void {
    // The replacement may have been completed since it was cut short.
    if (this.#broken.delete(id)) this.#version += 1
  }
}
