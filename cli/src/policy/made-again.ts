/**
 * Makes logged decisions again under one or several policies, on one copy of the facts, with the clock at the entry's time.
 *
 * @module
 */
import {
  decide,
  evaluationOf,
  type InForce,
  looksAt,
  NOT_REPLAYABLE,
  type Policies,
  type ReplayableEntry,
  type Verdict,
} from '@mandate/pdp'
import { type Entry, splitRef } from '@mandate/protocol'
import type { Facts } from './facts.ts'

const WIDTH = 8

/** A decision by its result and primary reason. */
export interface Outcome {
  readonly decision: boolean
  readonly reason: string
}

/** An entry with its outcomes, one a policy, or why it could not be judged. */
export type MadeAgain =
  | { readonly entry: Entry; readonly outcomes: readonly Outcome[]; readonly why?: undefined }
  | { readonly entry: Entry; readonly outcomes?: undefined; readonly why: string }

/** Makes each evaluation again under every policy of the facts, in the order of the entries. */
export async function makeAgain(entries: readonly Entry[], facts: Facts): Promise<readonly MadeAgain[]> {
  const made: MadeAgain[] = []
  for (let start = 0; start < entries.length; start += WIDTH)
    made.push(...(await Promise.all(entries.slice(start, start + WIDTH).map((entry) => again(entry, facts)))))
  return made
}

/** Leaves out an entry when the log does not hold all that one of the policies looks at. */
async function again(entry: Entry, facts: Facts): Promise<MadeAgain> {
  const { policies } = facts
  const [first] = policies
  if (!first) throw new TypeError('there must be a policy')
  const replayable = evaluationOf(entry, first)
  if ('why' in replayable) return { entry, why: NOT_REPLAYABLE[replayable.why] }
  const { type } = splitRef(replayable.evaluation.resource)
  const bounded = Object.keys(first.byType.get(type)?.manifest.attributes ?? {})
  const lookedAt = policies.flatMap((each) => [...looksAt(replayable.evaluation, each, bounded)])
  const unknown = new Set([
    ...replayable.unknown,
    ...policies.slice(1).flatMap((next) => reread(replayable, first, next)),
  ])
  const missing = lookedAt.find((name) => unknown.has(name))
  if (missing) {
    const which = policies.length > 1 ? 'one of the policies' : 'the policy'
    return { entry, why: `the log does not hold ${missing}, which ${which} looks at` }
  }
  const at = Date.parse(entry.at)
  const verdicts = await Promise.all(policies.map((each) => judge(replayable, each, facts, at)))
  return { entry, outcomes: verdicts.map(outcomeOf) }
}

async function judge(
  { evaluation }: ReplayableEntry,
  policies: InForce,
  { relations, past }: Facts,
  at: number,
): Promise<Verdict> {
  // Who has signed out since is no matter of policy.
  const sessions = { isEnded: () => false }
  return await decide(evaluation, { policies: () => policies, relations, past, clock: () => at, sessions })
}

/**
 * Attributes that the two policies read differently. One that the log does not hold was malformed to the old, perhaps, and would not be to the
 * new; one that stands there may be a default that the new does not have.
 */
function reread({ evaluation }: ReplayableEntry, old: Policies, next: Policies): readonly string[] {
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

const outcomeOf = ({ decision, reasons }: Verdict): Outcome => ({ decision, reason: reasons[0]?.code ?? '' })

/** The outcome in the log. */
export const loggedOutcome = ({ decision, reasons }: Entry): Outcome => ({
  decision: decision === true,
  reason: reasons?.[0]?.code ?? '',
})

export const isSame = (a: Outcome, b: Outcome): boolean => a.decision === b.decision && a.reason === b.reason

/** `permit owner`, `deny no_grant`. */
export const outcomeText = ({ decision, reason }: Outcome): string => `${decision ? 'permit' : 'deny'} ${reason}`

/** What was asked, on one line, with its time and id. */
export function questionText({ at, id, actor, subject, persona, action, resource }: QuestionMembers): string {
  const who = `${actor ? `${actor} for ` : ''}${subject}${persona ? ` as ${persona}` : ''}`
  return `${at}  ${id}  ${who} ${action} ${resource}`
}

/** The members of an entry that say what was asked. */
export type QuestionMembers = Pick<Entry, 'id' | 'at' | 'subject' | 'actor' | 'persona' | 'action' | 'resource'>

/** How many entries could not be made again, by why. */
export function notMadeAgain(made: readonly MadeAgain[]): Readonly<Record<string, number>> {
  const whys = Map.groupBy(
    made.flatMap(({ why }) => why ?? []),
    (why) => why,
  )
  return Object.fromEntries([...whys].map(([why, { length }]) => [why, length]))
}
