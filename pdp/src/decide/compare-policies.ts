/**
 * Evaluates logged requests again by one or several policies, on the same facts and at the time of each entry, so that a difference between policies is
 * due to the policies alone. A request that the log does not hold whole is counted, never guessed.
 *
 * @module
 */
import { type Entry, type EpochMillis, splitRef } from '@mandate/protocol'
import type { InForce, Policies } from '../policy/pack.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import { decide } from './decide.ts'
import type { DecideDeps } from './deps.ts'
import type { Evaluation } from './evaluation.ts'
import { evaluationOf, looksAt, NOT_REPLAYABLE, type ReplayableEntry } from './replay.ts'
import type { Verdict } from './verdict.ts'

/** Evaluations under way at once. */
const WIDTH = 8

/** A policy, and how to decide by it as of an instant. */
export interface PolicyJudge {
  readonly policies: InForce
  readonly decide: (evaluation: Evaluation, at: EpochMillis) => Awaitable<Verdict>
}

/** Builds a judge on facts. It decides as if nobody had signed out since the entry: ended sessions are not a matter of policy. */
export function policyJudge(policies: InForce, facts: Pick<DecideDeps, 'relations' | 'past'>): PolicyJudge {
  const deps = { ...facts, policies: () => policies, sessions: { isEnded: () => false } }
  return { policies, decide: (evaluation, at) => decide(evaluation, { ...deps, clock: () => at }) }
}

/** A decision by its result and primary reason code. */
export interface PolicyOutcome {
  readonly decision: boolean
  readonly reason: string
}

/** An entry with its outcomes, one for each policy, or why it could not be evaluated. */
export type EvaluatedAgain =
  | { readonly entry: Entry; readonly outcomes: readonly PolicyOutcome[]; readonly why?: undefined }
  | { readonly entry: Entry; readonly outcomes?: undefined; readonly why: string }

/** A logged request that the two policies decide differently. */
export interface TurnedEntry {
  readonly entry: Entry
  readonly before: PolicyOutcome
  readonly after: PolicyOutcome
}

/** Result of {@link comparePolicies}. It is complete when `madeAgain` is the number of entries. */
export interface PolicyComparisonResult {
  readonly madeAgain: number
  /** In the order of the entries. */
  readonly turned: readonly TurnedEntry[]
  /** Number of entries that could not be evaluated, by why. */
  readonly notMadeAgain: ReadonlyMap<string, number>
  /** Number of entries whose logged outcome the policy before does not give now, because facts have changed. */
  readonly otherwiseToday: number
}

/** Evaluates each entry by both policies. Rejects when a decision ends in a fault. */
export async function comparePolicies(
  entries: readonly Entry[],
  before: PolicyJudge,
  after: PolicyJudge,
): Promise<PolicyComparisonResult> {
  const results = await evaluateAgain(entries, [before, after])
  const compared = results.flatMap(({ entry, outcomes: [was, is] = [] }): readonly TurnedEntry[] =>
    was && is ? [{ entry, before: was, after: is }] : [],
  )
  return {
    madeAgain: compared.length,
    turned: compared.filter((each) => !isSameOutcome(each.before, each.after)),
    notMadeAgain: countNotMadeAgain(results),
    otherwiseToday: compared.filter((each) => !isSameOutcome(each.before, loggedOutcome(each.entry))).length,
  }
}

/**
 * Evaluates each entry by every policy.
 *
 * @param judges - At least one. The first one's manifests say which attributes of an entry are read.
 * @returns In the order of the entries. Rejects when a decision ends in a fault.
 */
export async function evaluateAgain(
  entries: readonly Entry[],
  judges: readonly PolicyJudge[],
): Promise<readonly EvaluatedAgain[]> {
  const results: EvaluatedAgain[] = []
  for (let start = 0; start < entries.length; start += WIDTH) {
    const round = entries.slice(start, start + WIDTH)
    results.push(...(await Promise.all(round.map((entry) => evaluateOne(entry, judges)))))
  }
  return results
}

/** Leaves out an entry when the log does not hold all that one of the policies looks at. */
async function evaluateOne(entry: Entry, judges: readonly PolicyJudge[]): Promise<EvaluatedAgain> {
  const [first, ...others] = judges.map(({ policies }) => policies)
  if (!first) throw new TypeError('at least one policy must judge')
  const replayable = evaluationOf(entry, first)
  if ('why' in replayable) return { entry, why: NOT_REPLAYABLE[replayable.why] }
  const { evaluation } = replayable
  const { type } = splitRef(evaluation.resource)
  const bounded = Object.keys(first.byType.get(type)?.manifest.attributes ?? {})
  const lookedAt = judges.flatMap(({ policies }) => [...looksAt(evaluation, policies, bounded)])
  const differing = others.flatMap((policies) => readDifferently(replayable, first, policies))
  const unknown = new Set([...replayable.unknown, ...differing])
  const missing = lookedAt.find((name) => unknown.has(name))
  if (missing) {
    const which = others.length > 0 ? 'one of the policies' : 'the policy'
    return { entry, why: `the log does not hold ${missing}, which ${which} looks at` }
  }
  const at = Date.parse(entry.at)
  const verdicts = await Promise.all(judges.map((judge) => judge.decide(evaluation, at)))
  return { entry, outcomes: verdicts.map(outcomeOf) }
}

/**
 * Attributes that the two policies read differently. One that the log does not hold may have been malformed by the old policy and valid by the new
 * one; one that the log holds may be a default that the new policy does not have.
 */
function readDifferently({ evaluation }: ReplayableEntry, old: Policies, next: Policies): readonly string[] {
  const { type } = splitRef(evaluation.resource)
  const [before, after] = [old, next].map((policies) => policies.byType.get(type)?.manifest)
  if (!before || !after) return []
  const sent = { subject: evaluation.about.subject, resource: evaluation.attributes, action: evaluation.about.action }
  return (['subject_attributes', 'attributes', 'action_attributes'] as const).flatMap((section) => {
    const of = section === 'attributes' ? 'resource' : section === 'subject_attributes' ? 'subject' : 'action'
    return Object.entries(after[section])
      .filter(([name, rule]) => {
        const was = before[section][name]
        const isHeld = Object.hasOwn(sent[of], name)
        return isHeld ? was?.default !== rule.default : JSON.stringify(was) !== JSON.stringify(rule)
      })
      .map(([name]) => `${of}.${name}`)
  })
}

const outcomeOf = ({ decision, reasons }: Verdict): PolicyOutcome => ({ decision, reason: reasons[0]?.code ?? '' })

/** The outcome that an entry of the log states. */
export const loggedOutcome = ({ decision, reasons }: Entry): PolicyOutcome => ({
  decision: decision === true,
  reason: reasons?.[0]?.code ?? '',
})

/** Whether two outcomes have the same result and the same primary reason code. */
export const isSameOutcome = (a: PolicyOutcome, b: PolicyOutcome): boolean =>
  a.decision === b.decision && a.reason === b.reason

/** Counts the entries that could not be evaluated, by why, in the order in which each reason came first. */
export function countNotMadeAgain(results: readonly EvaluatedAgain[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { why } of results) if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1)
  return counts
}
