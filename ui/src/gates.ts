/**
 * The checklist of a decision: every check of the decision point, in its order, with the outcome as the entry tells it. An entry lists every
 * gate that failed, so a check before the first failure passed, and one after it did not decide. Pure.
 *
 * @module
 */
import type { Domain, DomainAttribute, LoggedEntry } from '@mandate/protocol'
import { amount, attributeOf, type Domains, domainOfEntry, numbers, type Reason, reasonText } from './domains.ts'
import { minuteOf, reasonWords, spaced } from './words.ts'

/** One check of a decision. */
export interface Gate {
  readonly name: string
  readonly outcome: 'holds' | 'fails' | 'open'
  /** Why: a value with its limit, or the text of a reason. */
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
    held: 'a chain of grants reaches the actor',
  },
  { name: 'Limits of the grants', codes: ['grant_limit'], held: 'kept' },
]
const PERMITS: Readonly<Record<string, string>> = {
  owner: 'the owner, in person',
  delegated: 'by a chain of grants',
  related: 'by the domain’s own rules',
}

/** The checklist of an entry, core checks first; empty for an entry that is no decision. */
export function gatesOf(entry: LoggedEntry, domains: Domains): readonly Gate[] {
  if (entry.decision === undefined || !entry.reasons || entry.reasons.length === 0) return []
  const { reasons } = entry
  const about: About = { domains, domain: domainOfEntry(entry, domains) }
  const core = STEPS.filter((step) => isAsked(step, entry))
  const firstFailed = core.findIndex(({ codes }) => reasons.some(({ code }) => codes.includes(code)))
  const gates = core.map((step, at): Gate => {
    const failed = reasons.find(({ code }) => step.codes.includes(code))
    if (failed) return { name: step.name, outcome: 'fails', says: failure(failed, about) }
    if (firstFailed >= 0 && at > firstFailed) return { name: step.name, outcome: 'open', says: 'not what decided' }
    const how = step.name === 'Authority' ? reasons.map(({ code }) => PERMITS[code]).find(Boolean) : undefined
    return { name: step.name, outcome: 'holds', says: how ?? step.held }
  })
  return [...gates, ...domainGates(entry, firstFailed >= 0, about)]
}

function isAsked({ name }: Step, { actor, subject, chain = [], action }: LoggedEntry): boolean {
  if (name === 'Agent') return [actor, subject].some((party) => party?.startsWith('agent:'))
  if (name === 'Limits of the grants') return chain.length > 0 && action !== 'read'
  return true
}

const CORE: ReadonlySet<string> = new Set([...STEPS.flatMap(({ codes }) => codes), ...Object.keys(PERMITS)])

/** The domain that an entry is about, and all others. */
interface About {
  readonly domains: Domains
  readonly domain: Domain | undefined
}

/** Checks of the domain's gates: one for each failed gate, and one for each attribute whose gates passed. */
function domainGates(entry: LoggedEntry, isSettled: boolean, about: About): readonly Gate[] {
  const { reasons = [], attributes = {} } = entry
  const failed = reasons.filter(({ code }) => !CORE.has(code))
  const gates = failed.map(
    (reason): Gate => ({ name: nameOf(reason, about), outcome: 'fails', says: failure(reason, about) }),
  )
  for (const [key, value] of Object.entries(attributes)) {
    const [name = key, currency] = key.split('.')
    if (reasons.some(({ attribute }) => attribute === name || attribute === key)) continue
    const declared = attributeOf(name, about.domain)
    const says = valueWords(value, currency, declared)
    gates.push({
      name: sentence(declared?.label ?? spaced(name)),
      outcome: isSettled ? 'open' : 'holds',
      says: isSettled ? `${says}; not what decided` : `${says}; within every limit`,
    })
  }
  return gates
}

function valueWords(
  value: number | string | boolean,
  currency: string | undefined,
  declared: DomainAttribute | undefined,
): string {
  if (typeof value === 'number') return amount(value, currency, declared)
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/u.test(value) ? minuteOf(value) : String(value)
}

function nameOf({ gate, code }: Reason, { domain }: About): string {
  const label = domain?.gates.find(({ name }) => name === gate)?.label
  return sentence(label ?? (gate === undefined ? reasonWords(code) : spaced(gate)))
}

function failure(reason: Reason, { domains, domain }: About): string {
  const text = reasonText(reason.code, domains, domain)?.admin
  return numbers(reason, domains, domain) ?? text ?? reasonWords(reason.code)
}

const sentence = (text: string): string => text.replace(/^./u, (letter) => letter.toUpperCase())
