/**
 * Replacements of facts by any PDP of the database, as the invalidation log announces them. A question to OpenFGA may see the middle of one, which no
 * lock of this process excludes, so its answer counts only when none was under way while it was asked.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { currentLeftMs } from '@mandate/service'
import { FactsChanged } from '../ports/answer.ts'
import type {
  InvalidationEvent,
  InvalidationListener,
  LogStart,
  ReadBarrier,
  TupleName,
} from '../ports/invalidations.ts'
import { isResolvedIn } from '../runtime/resolved-in.ts'

/**
 * The key that the announcement of a replacement names beside its tuples: every question of a domain's model depends on it. No tuple has it.
 */
export const ANY_FACT: TupleName = { user: 'facts:any', relation: 'replaced', object: 'facts:any' }

const isReplacement = (keys: readonly TupleName[]): boolean => keys.some(({ object }) => object === ANY_FACT.object)

export interface FactReplacementsOptions {
  readonly barrier: Pick<ReadBarrier, 'pass'>
  /** How long a question waits for replacements, in milliseconds. */
  readonly waitMs: number
}

export class FactReplacements implements InvalidationListener {
  readonly #options: FactReplacementsOptions
  /** Those under way, each with what waits for its end. */
  readonly #open = new Map<string, PromiseWithResolvers<void>>()
  #version = 0

  constructor(options: FactReplacementsOptions) {
    this.#options = options
  }

  /** Increases when a replacement begins or ends. */
  get version(): number {
    return this.#version
  }

  apply(event: InvalidationEvent): void {
    if (event.kind === 'open' && isReplacement(event.keys)) this.#begin(event.change)
    if (event.kind === 'close') this.#end(event.change)
  }

  reset({ pending }: LogStart): void {
    this.#version += 1
    const isOpen = new Set(pending.filter(({ keys }) => isReplacement(keys)).map(({ change }) => change))
    for (const change of [...this.#open.keys()]) if (!isOpen.has(change)) this.#end(change)
    for (const change of isOpen) this.#begin(change)
  }

  #begin(change: string): void {
    this.#version += 1
    if (!this.#open.has(change)) this.#open.set(change, Promise.withResolvers())
  }

  #end(change: string): void {
    const replacement = this.#open.get(change)
    if (!replacement) return
    this.#version += 1
    this.#open.delete(change)
    replacement.resolve()
  }

  /**
   * Asks the store while no replacement is under way.
   *
   * @throws FactsChanged when there was one meanwhile; Fault `relations_unavailable` while one takes longer than the question waits.
   */
  async ask<T>(send: () => Promise<T>): Promise<T> {
    const { waitMs, barrier } = this.#options
    await this.#allEnded(Math.min(waitMs, currentLeftMs() ?? waitMs))
    const before = this.#version
    const answer = await send()
    // A Write of a replacement is sent after its announcement was committed, so this barrier finds every one that the answer may have seen.
    await barrier.pass()
    if (this.#open.size > 0 || this.#version !== before) throw new FactsChanged()
    return answer
  }

  async #allEnded(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (this.#open.size > 0) {
      const ended = Promise.all([...this.#open.values()].map(({ promise }) => promise))
      if (!(await isResolvedIn(ended, until - performance.now())))
        throw new Fault('relations_unavailable', `facts are being replaced for longer than ${ms} ms`)
    }
  }
}
