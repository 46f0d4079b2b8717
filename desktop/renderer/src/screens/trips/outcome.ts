/**
 * Outcome of an item, in one form for runs of agents, execution in person, dry runs, and the last attempt. Pure.
 *
 * @module
 */
import type { Decided, Item, ItemOutcome, Run } from '../../../../src/shared/views.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.item

export interface Outcome {
  /** Icon and colour: permitted, denied, pending, information. */
  readonly tone: 'holds' | 'fails' | 'open' | 'note'
  readonly words: string
  /** Error text, when there was no decision. */
  readonly failure?: string
  readonly decided?: Decided
  /** Time of the decision; absent: just now. */
  readonly at?: string
  readonly isMoving?: boolean
}

type RunItem = Run['items'][number]

/** Outcome of an item of a run. @param isNext - Whether the run is at this item. */
export function ofRun(item: RunItem, run: Run, isNext: boolean): Outcome {
  if (item.status === 'waiting') {
    if (run.status !== 'running') return { tone: 'open', words: TEXTS.never }
    return isNext ? { tone: 'open', words: TEXTS.trying, isMoving: true } : { tone: 'open', words: TEXTS.waiting }
  }
  if (item.status === 'failed') {
    return { tone: 'fails', words: TEXTS.failed, failure: TEXTS.failure(item.failure ?? 'internal') }
  }
  const decided = decidedOf(item) ?? item.precheck
  if (item.status === 'checked') return checked(decided)
  return {
    ...(decided ? { decided } : {}),
    ...(item.status === 'denied'
      ? { tone: 'fails', words: TEXTS.denied }
      : { tone: 'holds', words: item.status === 'unchanged' ? TEXTS.unchanged : TEXTS.permitted }),
  }
}

function decidedOf({ decision, reason, reasons = [], chain = [], evaluation_id: id }: RunItem): Decided | undefined {
  if (decision === undefined) return undefined
  const known = { decision, reasons, chain }
  return { ...known, ...(reason === undefined ? {} : { reason }), ...(id === undefined ? {} : { evaluation_id: id }) }
}

function checked(decided: Decided | undefined): Outcome {
  if (!decided) return { tone: 'fails', words: TEXTS.failed }
  return decided.decision
    ? { tone: 'holds', words: TEXTS.wouldPermit, decided }
    : { tone: 'fails', words: TEXTS.wouldDeny, decided }
}

export function ofPerson(outcome: ItemOutcome, isDry: boolean): Outcome {
  if (outcome.undecided) return { tone: 'fails', words: TEXTS.failed, failure: TEXTS.undecided }
  if (isDry) return checked(outcome)
  if (!outcome.decision) return { tone: 'fails', words: TEXTS.denied, decided: outcome }
  const words = outcome.effect === 'unchanged' ? TEXTS.unchanged : TEXTS.permitted
  return { tone: 'holds', words, decided: outcome }
}

export function ofAttempt(attempt: NonNullable<Item['last_attempt']>): Outcome {
  return attempt.decision
    ? { tone: 'holds', words: TEXTS.permitted, decided: attempt, at: attempt.at }
    : { tone: 'fails', words: TEXTS.denied, decided: attempt, at: attempt.at }
}

/** Outcomes of a run by item id. */
export function ofItems(run: Run): ReadonlyMap<string, Outcome> {
  const next = run.items.find(({ status }) => status === 'waiting')
  return new Map(run.items.map((item) => [item.item, ofRun(item, run, item === next)]))
}

/** Number of permitted, not permitted and pending items. */
export function sumOfRun(run: Run): readonly [number, number, number] {
  const outcomes = [...ofItems(run).values()]
  const count = (tone: Outcome['tone']): number => outcomes.filter((outcome) => outcome.tone === tone).length
  return [count('holds'), count('fails'), run.status === 'running' ? count('open') : 0]
}
