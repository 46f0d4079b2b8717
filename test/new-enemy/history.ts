/**
 * What one observer saw of one boolean: changes that it sent and got answered, and what decisions said. Judges a decision by K1 of
 * `docs/consistency.md`: it reflects every change that was answered before its request was sent.
 *
 * @module
 */

/** Milliseconds of the observer's monotonic clock. */
export type Instant = number

export interface Change {
  readonly sent: Instant
  /** `Infinity` while the change is under way. */
  answered: Instant
  readonly value: boolean
  /** `unknown`: there was no answer, or a 5xx. The change may happen until the next one that is answered as done. */
  outcome: 'under way' | 'done' | 'unknown'
}

/** One fact that decisions depend on. Its changes never overlap; decisions overlap them at will. */
export class History {
  readonly changes: Change[] = []
  readonly initial: boolean

  constructor(initial: boolean) {
    this.initial = initial
  }

  begin(value: boolean, sent: Instant): Change {
    const change: Change = { sent, answered: Number.POSITIVE_INFINITY, value, outcome: 'under way' }
    this.changes.push(change)
    return change
  }

  /** Removes a change that was refused: it happened at no time. */
  refused(change: Change): void {
    this.changes.splice(this.changes.indexOf(change), 1)
  }

  /** The values that a decision may rest on whose request was sent and answered then. */
  legal(sent: Instant, answered: Instant): ReadonlySet<boolean> {
    const legal = new Set<boolean>()
    // The end of a change without an outcome is the answer to the next one that was done.
    let settledAt: Instant = Number.POSITIVE_INFINITY
    for (const change of this.changes.toReversed()) {
      const isDone = change.outcome === 'done'
      const end = isDone ? change.answered : settledAt
      if (isDone) settledAt = change.answered
      if (change.sent > answered) continue
      if (isDone && end < sent) return legal.add(change.value)
      if (end >= sent) legal.add(change.value)
    }
    return legal.add(this.initial)
  }
}
