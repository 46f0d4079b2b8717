/**
 * Which decisions of a log a change of policy would turn: each is made again under both policies, on one copy of the facts, with the clock at
 * the entry's time, so that a difference is due to the policy alone.
 *
 * @module
 */
import { comparePolicies, type Policies, type PolicyOutcome, type TurnedEntry } from '@mandate/pdp'
import type { Entry } from '@mandate/protocol'
import { copyFacts, type FactsPlace } from './facts.ts'
import { outcomeText, type QuestionMembers, questionText } from './outcome-text.ts'

export interface Turned extends QuestionMembers {
  readonly old: PolicyOutcome
  readonly new: PolicyOutcome
}

export interface Difference {
  readonly from: string
  readonly to: string
  readonly evaluations: number
  readonly made_again: number
  readonly turned: readonly Turned[]
  /** How many could not be made again, by why. */
  readonly not_made_again: Readonly<Record<string, number>>
  /** How many come out otherwise than the log says before any change: facts are not what they were. */
  readonly otherwise_today: number
  /** Tuples of the store that neither policy's model allows. */
  readonly unread_tuples: number
}

export interface DiffOptions {
  readonly entries: readonly Entry[]
  readonly from: Policies
  readonly to: Policies
  readonly place: FactsPlace
}

/** Makes every evaluation again under both. The store is only read. */
export async function diffPolicies({ entries, from, to, place }: DiffOptions): Promise<Difference> {
  const facts = await copyFacts(place, [from, to])
  try {
    const [before, after] = facts.judges
    if (!before || !after) throw new TypeError('each of the two policies has a judge')
    const compared = await comparePolicies(entries, before, after)
    return {
      from: from.version,
      to: to.version,
      evaluations: entries.length,
      made_again: compared.madeAgain,
      turned: compared.turned.map(shownTurn),
      not_made_again: Object.fromEntries(compared.notMadeAgain),
      otherwise_today: compared.otherwiseToday,
      unread_tuples: facts.unread,
    }
  } finally {
    await facts.close()
  }
}

function shownTurn({ entry, before, after }: TurnedEntry): Turned {
  const { id, at, subject, actor, persona, action, resource } = entry
  return { id, at, subject, actor, persona, action, resource, old: before, new: after }
}

/** `TURNED`, `INCOMPLETE` or `OK`: the last lines. An incomplete comparison never reads as a success. */
function verdictLines({ turned, made_again, evaluations, not_made_again }: Difference): readonly string[] {
  const reasons = Object.entries(not_made_again)
  const missing = evaluations - made_again
  return [
    ...(turned.length > 0 ? [`TURNED: ${turned.length} of ${made_again}`] : []),
    ...(missing > 0
      ? [`INCOMPLETE: ${missing} of ${evaluations} could not be judged: ${reasons.map(([why]) => why).join('; ')}`]
      : []),
    ...(turned.length + missing === 0 ? [`OK: nothing turns of ${made_again}`] : []),
  ]
}

/** What a person reads. The last lines are the verdict. */
export function differenceLines(difference: Difference): readonly string[] {
  const { from, to, evaluations, made_again, turned, not_made_again, otherwise_today, unread_tuples } = difference
  const lines = turned.map((one) => `${questionText(one)}: ${outcomeText(one.old)} → ${outcomeText(one.new)}`)
  const ways = Map.groupBy(turned, ({ old, new: next }) => `${outcomeText(old)} → ${outcomeText(next)}`)
  const reasons = Object.entries(not_made_again)
  lines.push(
    ...(turned.length > 0 ? [''] : []),
    `from        ${from}`,
    `to          ${to}`,
    `made again  ${made_again} of ${evaluations} evaluations of the log, on the store's facts as they are now`,
    ...reasons.map(([why, count]) => `            not ${count}: ${why}`),
    ...(otherwise_today > 0
      ? [
          `            ${otherwise_today} come out otherwise than the log says before any change: facts have changed since`,
        ]
      : []),
    ...(unread_tuples > 0
      ? [`            ${unread_tuples} tuples of the store fit neither model and were left out`]
      : []),
    ...[...ways].map(([way, { length }]) => `turned      ${length}: ${way}`),
    ...verdictLines(difference),
  )
  return lines
}
