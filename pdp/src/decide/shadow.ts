/**
 * Shadow mode: some decisions from memory are made once more by asking the engine's store, after the answer, and compared. Both are made at one
 * position of the invalidation log: a change in between is no difference, and both are made again.
 *
 * @module
 */

import { decideAt } from './decide.ts'
import type { DecideDeps } from './deps.ts'
import type { Evaluation } from './evaluation.ts'
import type { Verdict } from './verdict.ts'

export interface ShadowOptions {
  readonly deps: DecideDeps
  /** Of so many decisions from memory one is compared. */
  readonly every: number
  /** Runs a task outside the request that it came from: without its deadline and its place in the queue. */
  readonly run: (task: () => Promise<void>) => void
  readonly onCompared: (outcome: ShadowOutcome) => void
}

export type ShadowOutcome =
  | { readonly outcome: 'equal' }
  /** Facts changed each time, or one of the two could not be decided. */
  | { readonly outcome: 'unknown' }
  /** Names of the members of the verdict that differ. */
  | {
      readonly outcome: 'different'
      readonly members: readonly string[]
      readonly memory: Verdict
      readonly store: Verdict
    }

/** Attempts while facts change. */
const ATTEMPTS = 5
const COMPARED = [
  'decision',
  'reasons',
  'chain',
  'broken',
  'persona',
  'owner',
  'ownerPersona',
  'root',
  'policy',
] as const

export class Shadow {
  readonly #options: ShadowOptions
  #decisions = 0
  #isBusy = false

  constructor(options: ShadowOptions) {
    this.#options = options
  }

  /** Compares every n-th decision, one at a time: what comes meanwhile is not compared. */
  observe(evaluation: Evaluation, { at, isDirect }: Verdict): void {
    if (isDirect) return
    this.#decisions += 1
    if (this.#isBusy || this.#decisions < this.#options.every) return
    this.#decisions = 0
    this.#isBusy = true
    this.#options.run(async () => {
      const outcome = await this.#compare(evaluation, at).catch((): ShadowOutcome => ({ outcome: 'unknown' }))
      this.#isBusy = false
      this.#options.onCompared(outcome)
    })
  }

  async #compare(evaluation: Evaluation, at: number): Promise<ShadowOutcome> {
    const { deps } = this.#options
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const position = await deps.relations.position()
      const memory = await decideAt(evaluation, at, deps)
      const store = await decideAt(evaluation, at, deps, true)
      if (memory.isDirect || (await deps.relations.position()) !== position) continue
      const members = COMPARED.filter((name) => JSON.stringify(memory[name]) !== JSON.stringify(store[name]))
      return members.length === 0 ? { outcome: 'equal' } : { outcome: 'different', members, memory, store }
    }
    return { outcome: 'unknown' }
  }
}
