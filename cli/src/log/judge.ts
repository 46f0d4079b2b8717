/**
 * `mandate log judge`: decisions of a log that contradict their own entry, or that a policy decides otherwise now.
 *
 * @module
 */
import { countNotMadeAgain, evaluateAgain, isSameOutcome, loggedOutcome, type PolicyOutcome } from '@mandate/pdp'
import type { Entry } from '@mandate/protocol'
import type { Work } from '../command-line.ts'
import { EXIT, type ExitCode, usageError } from '../exit.ts'
import { print } from '../output.ts'
import { copyFacts, type FactsPlace } from '../policy/facts.ts'
import { outcomeText, questionText } from '../policy/outcome-text.ts'
import { evaluationsOf, type PlaceOptions, placesOf } from '../policy/places.ts'
import { check, counted, mistakes } from '../policy/report.ts'
import { recordObjection } from './record-objection.ts'

export interface JudgeOptions extends PlaceOptions {
  readonly json?: true
}

/** A decision that does not hold. */
interface Doubted {
  readonly id: string
  readonly at: string
  readonly question: string
}

interface Contradiction extends Doubted {
  readonly problem: string
}

interface Otherwise extends Doubted {
  readonly logged: PolicyOutcome
  readonly now: PolicyOutcome
  /** Whether the decision was made by the policy that judges: then facts have changed since. */
  readonly same_policy: boolean
}

/** What a policy says about the decisions. */
interface ByPolicy {
  readonly policy: string
  readonly judged: number
  readonly otherwise: readonly Otherwise[]
  /** How many could not be judged, by why. */
  readonly not_judged: Readonly<Record<string, number>>
}

export const judgeLog: Work<JudgeOptions> = async (io, { options, args }) => {
  const places = placesOf(io, options)
  if (places.facts === undefined && args.length > 0)
    throw usageError("A policy judges by facts: give --dir, a PDP's data folder, or --openfga and --store.")
  const checked = places.facts && (await check(args))
  if (checked && !checked.policies) {
    print(io, options, { ok: false, problems: checked.problems }, () => mistakes(checked))
    return EXIT.failed
  }
  const entries = await evaluationsOf(places, io)
  const contradictions = entries.flatMap((entry): readonly Contradiction[] => {
    const problem = recordObjection(entry)
    return problem === undefined ? [] : [{ ...doubted(entry), problem }]
  })
  const byPolicy =
    places.facts && checked?.policies ? await judgeBy(entries, places.facts, checked.policies) : undefined
  const complete = byPolicy === undefined || byPolicy.judged === entries.length
  const ok = complete && contradictions.length === 0 && (byPolicy?.otherwise.length ?? 0) === 0
  const value = { ok, complete, evaluations: entries.length, contradictions, ...byPolicy }
  print(io, options, value, () => textOf(entries.length, contradictions, byPolicy))
  return exitOf(ok, complete, contradictions.length + (byPolicy?.otherwise.length ?? 0))
}

function exitOf(ok: boolean, complete: boolean, doubts: number): ExitCode {
  if (doubts > 0) return EXIT.failed
  return ok && complete ? EXIT.ok : EXIT.incomplete
}

const doubted = (entry: Entry): Doubted => ({ id: entry.id, at: entry.at, question: questionText(entry) })

async function judgeBy(
  entries: readonly Entry[],
  place: FactsPlace,
  policies: Parameters<typeof copyFacts>[1][number],
): Promise<ByPolicy> {
  const facts = await copyFacts(place, [policies])
  try {
    const made = await evaluateAgain(entries, facts.judges)
    const parts = policies.version.split(' ')
    const otherwise = made.flatMap(({ entry, outcomes: [now] = [] }): readonly Otherwise[] => {
      const logged = loggedOutcome(entry)
      if (now === undefined || isSameOutcome(logged, now)) return []
      return [{ ...doubted(entry), logged, now, same_policy: parts.includes(entry.policy ?? '') }]
    })
    const judged = made.filter(({ outcomes }) => outcomes !== undefined).length
    return { policy: policies.version, judged, otherwise, not_judged: Object.fromEntries(countNotMadeAgain(made)) }
  } finally {
    await facts.close()
  }
}

/** The last lines are the verdict. */
function textOf(
  evaluations: number,
  contradictions: readonly Contradiction[],
  byPolicy: ByPolicy | undefined,
): readonly string[] {
  const { policy, judged = 0, otherwise = [], not_judged = {} } = byPolicy ?? {}
  const lines = [
    ...contradictions.map(({ question, problem }) => `${question}: ${problem}`),
    ...otherwise.map(
      ({ question, logged, now, same_policy }) =>
        `${question}: ${outcomeText(logged)} → ${outcomeText(now)}${same_policy ? ' (the same policy: facts have changed)' : ''}`,
    ),
  ]
  const missing = byPolicy === undefined ? 0 : evaluations - judged
  return [
    ...lines,
    ...(lines.length > 0 ? [''] : []),
    `records     ${counted(evaluations, 'decision')} compared with the own entry`,
    ...(policy === undefined
      ? []
      : [`policy      ${policy}`, `judged      ${judged} of ${evaluations}, on the facts as they are now`]),
    ...(contradictions.length > 0 ? [`CONTRADICTION: ${counted(contradictions.length, 'decision')}`] : []),
    ...(otherwise.length > 0 ? [`OTHERWISE: ${otherwise.length} of ${judged}`] : []),
    ...(missing > 0
      ? [`INCOMPLETE: ${missing} of ${evaluations} could not be judged: ${Object.keys(not_judged).join('; ')}`]
      : []),
    ...(contradictions.length + otherwise.length + missing === 0 ? [`OK: ${counted(evaluations, 'decision')}`] : []),
  ]
}
