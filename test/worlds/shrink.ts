/**
 * Makes a disagreement small: leaves steps out one by one as long as reference and PDP still disagree, and writes what is left as a case in
 * the form of `test/cases`.
 *
 * @module
 */
import { stringify } from 'yaml'
import type { TestPdp } from '../fixtures/pdp.ts'
import type { Ask } from '../fixtures/world.ts'
import { chainOf } from '../reference/chain.ts'
import { type Disagreement, play, type Said } from './play.ts'
import { isAsk, type Step } from './steps.ts'

/** How long it may take. */
const PATIENCE_MS = 60_000

interface Failing {
  /** The last one is the one they disagree on. */
  readonly steps: readonly Step[]
  readonly disagreement: Disagreement
}

/** @returns the YAML of the smallest case that was found in time. */
export async function counterExample(server: TestPdp, failing: Failing): Promise<string> {
  return caseOf(await shrink(server, failing))
}

async function shrink(server: TestPdp, { steps, disagreement }: Failing): Promise<Failing> {
  const until = performance.now() + PATIENCE_MS
  const replay = async (candidate: readonly Step[]): Promise<Failing | undefined> => {
    const again = await play(server, candidate).catch(() => undefined)
    const found = again?.disagreement
    return found && { steps: candidate.slice(0, found.index + 1), disagreement: found }
  }
  let best: Failing = { steps: steps.slice(0, disagreement.index + 1), disagreement }
  const last = best.steps.slice(-1)
  best = (await replay([...best.steps.slice(0, -1).filter((step) => !isAsk(step)), ...last])) ?? best
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (let index = best.steps.length - 2; index >= 0 && performance.now() < until; index -= 1) {
      const smaller = await replay(best.steps.filter((_, each) => each !== index))
      if (!smaller) continue
      best = smaller
      isSmaller = true
      index = Math.min(index, best.steps.length - 1)
    }
  }
  return best
}

function caseOf({ steps, disagreement }: Failing): string {
  const given = steps.slice(0, -1).map(stepOf)
  const last = steps.slice(-1).map((step) => ({ ...stepOf(step), ...expected(disagreement) }))
  const text = stringify([{ row: '0', case: 'reference and PDP disagree', given, when: last }], { lineWidth: 140 })
  return `# The reference says what stands below. The PDP said: ${JSON.stringify(said(disagreement.pdp))}\n${text}`
}

const said = (said: Said): unknown => ('verdict' in said ? said.verdict : said.outcome)

/** As `test/fixtures/cases.ts` reads it. */
function stepOf(step: Step): Readonly<Record<string, unknown>> {
  if (!isAsk(step)) return step
  const { days, attributes } = step.ask
  const details = { ...(days === undefined ? {} : { days }), ...(attributes ? { attributes } : {}) }
  return { ask: wordsOf(step.ask), ...(Object.keys(details).length > 0 ? { with: details } : {}) }
}

/** `X for A as traveler/family execute T/flight`. */
function wordsOf({ subject, actor, persona, action, trip = 'T', item, account = subject }: Ask): string {
  const what = action === 'create' ? account : item ? `${trip}/${item}` : trip
  const who = `${actor ? `${actor} for ` : ''}${subject}`
  return `${who}${persona === undefined ? '' : ` as ${persona ?? 'nobody'}`} ${action} ${what}`
}

function expected({ reference, facts }: Disagreement): Readonly<Record<string, unknown>> {
  if ('outcome' in reference) return reference.outcome.code === 'done' ? {} : { refused: reference.outcome }
  const { permit, reasons, chain } = reference.verdict
  const leaf = facts.grants.find(({ id }) => id === chain.at(-1))
  const links = leaf ? chainOf(facts, leaf) : []
  const names = [...links.map(({ delegator }) => delegator), ...(leaf ? [leaf.delegate] : [])]
  const parties = names.map((party) => party.slice(party.indexOf(':') + 1))
  return { ...(permit ? { permit: reasons[0] } : { deny: reasons }), ...(leaf ? { chain: parties } : {}) }
}
