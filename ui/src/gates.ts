/**
 * The checklist of a decision: what the decision point looks at, in its order, and what the entry says of each. It lists every gate that
 * failed; so a gate before the first failure that it does not name was passed, and one behind it was not what mattered. Pure.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { minuteOf, money, numbers, type Reason, reasonText, reasonWords } from './words.ts'

export interface Gate {
  readonly name: string
  readonly outcome: 'holds' | 'fails' | 'open'
  /** What it comes from: a limit and a value, a code. */
  readonly says: string
}

interface Step {
  readonly name: string
  readonly codes: readonly string[]
  readonly held: string
}

const STEPS: readonly Step[] = [
  {
    name: 'Question',
    codes: ['action_unknown', 'resource_unknown', 'subject_invalid', 'attribute_invalid'],
    held: 'understood; the resource is registered',
  },
  { name: 'Session', codes: ['session_ended'], held: 'open, or none needed' },
  { name: 'Agent', codes: ['agent_unknown', 'agent_suspended'], held: 'registered and active' },
  {
    name: 'Persona',
    codes: ['persona_unknown', 'persona_unusable', 'persona_mismatch', 'persona_action', 'owner_persona_unusable'],
    held: 'usable, and allowed the action',
  },
  {
    name: 'Authority',
    codes: [
      'no_grant',
      'grant_expired',
      'grant_revoked',
      'grant_scope',
      'grant_action',
      'grant_persona',
      'chain_broken',
      'not_on_behalf',
      'not_related',
    ],
    held: 'reaches whoever acted',
  },
  { name: 'Limits of the grants', codes: ['grant_limit'], held: 'kept' },
]
const PERMITS: Readonly<Record<string, string>> = {
  owner: 'the owner, in person',
  delegated: 'by a chain of grants',
  related: 'by the domain’s own rules',
}

/** Empty for what is no decision. */
export function gatesOf(entry: LoggedEntry): readonly Gate[] {
  if (entry.decision === undefined || !entry.reasons || entry.reasons.length === 0) return []
  const { reasons } = entry
  const core = STEPS.filter((step) => isAsked(step, entry))
  const firstFailed = core.findIndex(({ codes }) => reasons.some(({ code }) => codes.includes(code)))
  const gates = core.map((step, at): Gate => {
    const failed = reasons.find(({ code }) => step.codes.includes(code))
    if (failed) return { name: step.name, outcome: 'fails', says: failure(failed) }
    if (firstFailed >= 0 && at > firstFailed) return { name: step.name, outcome: 'open', says: 'not what decided' }
    const how = step.name === 'Authority' ? reasons.map(({ code }) => PERMITS[code]).find(Boolean) : undefined
    return { name: step.name, outcome: 'holds', says: how ?? step.held }
  })
  return [...gates, ...domainGates(entry, firstFailed >= 0)]
}

function isAsked({ name }: Step, { actor, subject, chain = [], action }: LoggedEntry): boolean {
  if (name === 'Agent') return [actor, subject].some((party) => party?.startsWith('agent:'))
  if (name === 'Limits of the grants') return chain.length > 0 && action !== 'read'
  return true
}

const CORE: ReadonlySet<string> = new Set([...STEPS.flatMap(({ codes }) => codes), ...Object.keys(PERMITS)])

/** A domain's own gates: those that failed by their name, and every value that was looked at and not objected to. */
function domainGates(entry: LoggedEntry, isSettled: boolean): readonly Gate[] {
  const { reasons = [], attributes = {} } = entry
  const failed = reasons.filter(({ code }) => !CORE.has(code))
  const gates = failed.map((reason): Gate => ({ name: nameOf(reason), outcome: 'fails', says: failure(reason) }))
  for (const [key, value] of Object.entries(attributes)) {
    const [name = key, currency] = key.split('.')
    if (reasons.some(({ attribute }) => attribute === name || attribute === key)) continue
    const says = valueWords(value, currency)
    gates.push({
      name: sentence(name),
      outcome: isSettled ? 'open' : 'holds',
      says: isSettled ? `${says}; not what decided` : `${says}; within every limit`,
    })
  }
  return gates
}

function valueWords(value: number | string | boolean, currency: string | undefined): string {
  if (currency !== undefined && typeof value === 'number') return money(value, currency)
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/u.test(value) ? minuteOf(value) : String(value)
}

function nameOf({ gate, code }: Reason): string {
  return sentence(gate ?? reasonWords(code))
}

function failure(reason: Reason): string {
  return numbers(reason) ?? reasonText(reason.code) ?? reasonWords(reason.code)
}

const sentence = (text: string): string => text.replaceAll('_', ' ').replace(/^./u, (letter) => letter.toUpperCase())
