/**
 * Which logged decisions two policies make differently: each request is evaluated by both, on the same facts and at the time of its entry, so that a
 * difference is due to the policy alone. A request that the log does not hold whole is counted, never guessed.
 *
 * @module
 */
import { type Entry, type EpochMillis, splitRef } from '@mandate/protocol'
import type { InForce, Policies } from '../policy/pack.ts'
import type { Awaitable } from '../ports/awaitable.ts'
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

/** A decision by its result and primary reason code. */
export interface PolicyOutcome {
  readonly decision: boolean
  readonly reason: string
}

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
  const turned: TurnedEntry[] = []
  const notMadeAgain = new Map<string, number>()
  let madeAgain = 0
  let otherwiseToday = 0
  for (let start = 0; start < entries.length; start += WIDTH) {
    const round = entries.slice(start, start + WIDTH)
    for (const result of await Promise.all(round.map((entry) => evaluateBoth(entry, before, after)))) {
      if (typeof result === 'string') {
        notMadeAgain.set(result, (notMadeAgain.get(result) ?? 0) + 1)
        continue
      }
      madeAgain += 1
      const { entry } = result
      const logged = { decision: entry.decision === true, reason: entry.reasons?.[0]?.code ?? '' }
      if (!isSame(result.before, logged)) otherwiseToday += 1
      if (!isSame(result.before, result.after)) turned.push(result)
    }
  }
  return { madeAgain, turned, notMadeAgain, otherwiseToday }
}

/** @returns Why not, when the log does not hold all that either policy looks at. */
async function evaluateBoth(entry: Entry, before: PolicyJudge, after: PolicyJudge): Promise<string | TurnedEntry> {
  const [old, next] = [before.policies, after.policies]
  const replayable = evaluationOf(entry, old)
  if ('why' in replayable) return NOT_REPLAYABLE[replayable.why]
  const { evaluation } = replayable
  const { type } = splitRef(evaluation.resource)
  const bounded = Object.keys(old.byType.get(type)?.manifest.attributes ?? {})
  const lookedAt = [old, next].flatMap((policies) => [...looksAt(evaluation, policies, bounded)])
  const unknown = new Set([...replayable.unknown, ...readDifferently(replayable, old, next)])
  const missing = lookedAt.find((name) => unknown.has(name))
  if (missing) return `the log does not hold ${missing}, which one of the policies looks at`
  const at = Date.parse(entry.at)
  const [was, is] = await Promise.all([before.decide(evaluation, at), after.decide(evaluation, at)])
  return { entry, before: outcomeOf(was), after: outcomeOf(is) }
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
const isSame = (a: PolicyOutcome, b: PolicyOutcome): boolean => a.decision === b.decision && a.reason === b.reason
