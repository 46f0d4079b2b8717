/**
 * Steps written as a case in the form of `test/cases`. Whom the cases do not know (an agent that nobody registered) is written all the same.
 *
 * @module
 */
import { PROBLEMS } from '@mandate/protocol'
import { stringify } from 'yaml'
import type { Ask } from '../fixtures/world.ts'
import { chainOf } from '../reference/chain.ts'
import type { Outcome } from '../reference/command.ts'
import type { Disagreement, Said } from './play.ts'
import { type Found, isAsk, type Step } from './steps.ts'

/** Its outcome is what the reference says. */
export function caseOf({ steps, what }: Found<Disagreement>): string {
  const given = steps.slice(0, -1).map(stepOf)
  const last = steps.slice(-1).map((step) => ({ ...stepOf(step), ...expected(what) }))
  const text = yamlOf('reference and PDP disagree', given, last)
  return `the reference says what stands below, the PDP said ${JSON.stringify(said(what.pdp))}\n${text}`
}

/** Without an outcome: what is wrong stands in its name. */
export function unsettledCase(name: string, steps: readonly Step[]): string {
  return yamlOf(name, steps.slice(0, -1).map(stepOf), steps.slice(-1).map(stepOf))
}

const yamlOf = (name: string, given: unknown, when: unknown): string =>
  stringify([{ row: '0', case: name, given, when }], { lineWidth: 140, aliasDuplicateObjects: false })

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
  if ('outcome' in reference) return refused(reference.outcome)
  const { permit, reasons, chain } = reference.verdict
  const leaf = facts.grants.find(({ id }) => id === chain.at(-1))
  const links = leaf ? chainOf(facts, leaf) : []
  const names = [...links.map(({ delegator }) => delegator), ...(leaf ? [leaf.delegate] : [])]
  const parties = names.map((party) => party.slice(party.indexOf(':') + 1))
  return { ...(permit ? { permit: reasons[0] } : { deny: reasons }), ...(leaf ? { chain: parties } : {}) }
}

function refused({ code }: Outcome): Readonly<Record<string, unknown>> {
  const problem = Object.entries(PROBLEMS).find(([name]) => name === code)
  return problem ? { refused: { status: problem[1].status, code } } : {}
}
