/**
 * Runs under way, by the grants that their permits rest on: an event of the PDP that a grant ended stops them before their next item.
 *
 * @module
 */

/** One run under way. */
export class RunUnderWay implements Disposable {
  readonly #runs: Map<string, Set<RunUnderWay>>
  readonly #grants = new Set<string>()
  #isStopped = false

  /** @param runs - All runs under way, by the id of a grant. */
  constructor(runs: Map<string, Set<RunUnderWay>>) {
    this.#runs = runs
  }

  /** Whether a grant that the run rests on has ended. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Adds the grants of a decision's chain. */
  restsOn(chain: readonly { readonly grant: string }[] = []): void {
    for (const { grant } of chain) {
      this.#grants.add(grant)
      this.#runs.set(grant, (this.#runs.get(grant) ?? new Set()).add(this))
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  [Symbol.dispose](): void {
    for (const grant of this.#grants) {
      const runs = this.#runs.get(grant)
      runs?.delete(this)
      if (runs?.size === 0) this.#runs.delete(grant)
    }
  }
}

/** All runs under way. */
export class WorkByGrant {
  readonly #runs = new Map<string, Set<RunUnderWay>>()

  /** Registers a run until it is disposed. */
  begin(): RunUnderWay {
    return new RunUnderWay(this.#runs)
  }

  /** Stops the runs that rest on a grant, before their next item. @returns how many. */
  stop(grant: string): number {
    const runs = this.#runs.get(grant) ?? new Set()
    for (const run of runs) run.stop()
    return runs.size
  }
}
