/**
 * Makes what a pack's `cases.yaml` declares exist on the PDP of `npm run serve`, and finds questions that are permitted and denied there.
 *
 * @module
 */
import { basename } from 'node:path'
import {
  type CasedPack,
  type CaseQuestion,
  checkTexts,
  type PackCase,
  type PlayedDecision,
  type PlayedGrant,
  type RunningPlayed,
  readPackSources,
  readTexts,
  StepFailed,
  World,
} from '@mandate/cases'
import { PolicyError } from '@mandate/pdp'
import type { Served } from './serve-arguments.ts'

/** Questions tried in search of a permit and a denial: a file may have thousands. */
const MOST_TRIED = 100

/** No case has the name that was asked for; the message lists the names. For the user of the command line. */
export class CaseNotFoundError extends Error {
  override readonly name = 'CaseNotFoundError'
}

/** A valid pack and the case whose `given` is played. */
export interface ServedPack {
  readonly pack: CasedPack
  /** `undefined`: nothing of `cases.yaml` is played. */
  readonly chosen: { readonly index: number; readonly value: PackCase } | undefined
}

/** A question of the cases with its decision on the served PDP. */
export interface AskedQuestion extends PlayedDecision {
  /** As written in the cases. */
  readonly ask: string
}

/** What exists on the PDP after playing. */
export interface PlayedWorld {
  readonly pack: CasedPack
  /** Name of the case whose `given` was played. */
  readonly case: string
  readonly given: PackCase['given']
  /** Grants in the order in which they were issued. */
  readonly grants: readonly PlayedGrant[]
  /** `undefined`: no question of the cases is permitted here. */
  readonly permitted: AskedQuestion | undefined
  readonly denied: AskedQuestion | undefined
  /** How far `later` advanced the PDP's clock, in milliseconds. */
  readonly advanced: number
}

/**
 * Reads and checks the pack.
 *
 * @throws PolicyError naming each mistake by file and line; CaseNotFoundError.
 */
export async function readServedPack(folder: string, cases: Served['cases']): Promise<ServedPack> {
  const sources = await readPackSources(folder)
  const texts = await readTexts(folder)
  // facts.yaml is read by its own option, `--facts`.
  const read = { cases: cases === 'none' ? undefined : texts.cases, facts: undefined }
  const { problems, packs } = checkTexts(sources, () => read, { cases: 'optional' })
  const [pack] = packs
  if (problems.length > 0 || !pack) throw new PolicyError(problems.join('\n'))
  return { pack, chosen: choose(pack, cases, basename(folder)) }
}

function choose({ file }: CasedPack, cases: Served['cases'], name: string): ServedPack['chosen'] {
  const wanted = typeof cases === 'string' ? '' : cases.named
  const index = file.cases.findIndex((one) => one.case.includes(wanted))
  const value = file.cases[index]
  if (value) return { index, value }
  if (typeof cases === 'string') return undefined
  const names = file.cases.map((one) => `\n  ${one.case}`).join('')
  throw new CaseNotFoundError(`--case: no case of ${name} has "${wanted}" in its name; there are:${names || ' none'}`)
}

/** Plays the declarations and `given`. @throws PolicyError naming the line of a step that was refused. */
export async function playWorld({ pack, chosen }: ServedPack, pdp: RunningPlayed): Promise<PlayedWorld | undefined> {
  if (!chosen) return undefined
  const world = new World(pack, pdp)
  try {
    await world.begin()
    await world.play(chosen.value.given, ['cases', chosen.index, 'given'])
  } catch (cause) {
    throw cause instanceof StepFailed ? new PolicyError(cause.message, { cause }) : cause
  }
  const examples = await findExamples(world, questionsOf(pack, chosen.index))
  const { case: name, given } = chosen.value
  return { pack, case: name, given, grants: world.grants, ...examples, advanced: pdp.advanced() }
}

/** The questions of the chosen case, then those of the others. */
function questionsOf({ file }: CasedPack, chosen: number): readonly CaseQuestion[] {
  const first = file.cases[chosen]?.then ?? []
  return [...first, ...file.cases.flatMap((one, index) => (index === chosen ? [] : one.then))].slice(0, MOST_TRIED)
}

/** Asks until one question was permitted and one denied: steps under `when` were not played, so the promise may not hold. */
async function findExamples(
  world: World,
  questions: readonly CaseQuestion[],
): Promise<Pick<PlayedWorld, 'permitted' | 'denied'>> {
  let permitted: AskedQuestion | undefined
  let denied: AskedQuestion | undefined
  for (const question of questions) {
    if (permitted && denied) break
    const asked = { ask: question.ask, ...(await world.ask(question)) }
    if (asked.decision) permitted ??= asked
    else denied ??= asked
  }
  return { permitted, denied }
}
