/**
 * How things are said: times, amounts, parties, kinds. Ids are shortened for the eye, never for a filter.
 *
 * @module
 */
import { amountText, type LoggedEntry, moneyText, REASONS, type ReasonCode } from '@mandate/protocol'

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const MINUTE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})
const EXACT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'full',
  timeStyle: 'long',
})
const NUMBER = new Intl.NumberFormat('en')

export const timeOf = (at: string): string => TIME.format(new Date(at))
export const dayOf = (at: string): string => DAY.format(new Date(at))
export const minuteOf = (at: string | number): string => MINUTE.format(new Date(at))
export const exactly = (at: string): string => EXACT.format(new Date(at))
export const counted = (count: number): string => NUMBER.format(count)
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${counted(count)} ${count === 1 ? one : many}`

const TAIL = 4
/** Of the types' ids the end tells two apart, for they begin with the time. */
const SHORT = 11

/** `p_01M8…R21J`: enough to tell two apart on one screen. */
export function short(id: string, most = SHORT): string {
  return id.length <= most ? id : `${id.slice(0, most - TAIL - 1)}…${id.slice(-TAIL)}`
}

export type PartyKind = 'user' | 'agent' | 'service'

export function partyOf(party: string): { readonly kind: PartyKind; readonly id: string } {
  const at = party.indexOf(':')
  const kind = party.slice(0, at)
  return { kind: kind === 'agent' || kind === 'service' ? kind : 'user', id: party.slice(at + 1) }
}

export const PARTY_WORD: Readonly<Record<PartyKind, string>> = { user: 'person', agent: 'agent', service: 'service' }

/** Ids that machines made are cut; names that people gave stand as they are. */
function shortId(id: string, most: number): string {
  return /^(p_|~)|^[0-9A-HJKMNP-TV-Z]{26}$|^.{33,}$/u.test(id) ? short(id, most) : id
}

/** `type:id` with the id shortened. */
export function resourceWords(resource: string, most = SHORT): string {
  const at = resource.indexOf(':')
  if (at < 0) return shortId(resource, most)
  if (resource.endsWith(':~')) return `${resource.slice(0, at).replaceAll('_', ' ')} (not shown)`
  return `${resource.slice(0, at).replaceAll('_', ' ')} ${shortId(resource.slice(at + 1), most)}`
}

/** What a kind of entry tells. */
const KIND_WORDS: Readonly<Partial<Record<LoggedEntry['kind'], string>>> = {
  search: 'Search',
  grant_issued: 'Grant issued',
  grant_revoked: 'Grant revoked',
  grant_previewed: 'Grant previewed',
  grants_swept: 'Ended grants swept',
  persona_created: 'Persona created',
  persona_changed: 'Persona changed',
  agent_registered: 'Agent registered',
  agent_changed: 'Agent changed',
  resource_registered: 'Resource registered',
  resource_removed: 'Resource removed',
  resource_transferred: 'Resource transferred',
  invitation_changed: 'Invitation changed',
  refused: 'Refused',
  fault: 'Fault',
  log_read: 'Log read',
  policy_loaded: 'Policy loaded',
  facts_changed: 'Facts changed',
  key_changed: 'Key changed',
  clock_accepted: 'Clock accepted',
  person_erased: 'Person erased',
  erasure_acknowledged: 'Erasure acknowledged',
  legal_hold_changed: 'Legal hold changed',
  answer_replayed: 'Answer repeated',
}

/** A kind that was added after this page was written is still said. */
export function kindWords(kind: LoggedEntry['kind']): string {
  if (kind === 'evaluation') return 'Decision'
  return KIND_WORDS[kind] ?? kind.replaceAll('_', ' ').replace(/^./u, (letter) => letter.toUpperCase())
}

export type Verdict = 'permit' | 'deny' | 'note'

export function verdictOf({ decision }: Pick<LoggedEntry, 'decision'>): Verdict {
  if (decision === undefined) return 'note'
  return decision ? 'permit' : 'deny'
}

export const VERDICT_WORD: Readonly<Record<Verdict, string>> = { permit: 'Permitted', deny: 'Denied', note: 'Recorded' }

export function verdictWords(entry: LoggedEntry): string {
  const verdict = verdictOf(entry)
  return verdict === 'note' ? kindWords(entry.kind) : VERDICT_WORD[verdict]
}

export const reasonWords = (code: string): string => code.replaceAll('_', ' ')

/** What a reason means, where it is one of the core's; a domain's own codes speak for themselves. */
export function reasonText(code: string): string | undefined {
  return Object.hasOwn(REASONS, code) ? REASONS[code as ReasonCode].admin : undefined
}

export type Reason = NonNullable<LoggedEntry['reasons']>[number]

/** The numbers that a reason is about, if it is about any. */
export function numbers(reason: Reason): string | undefined {
  const { limit, actual } = reason
  if (limit === undefined && actual === undefined) return undefined
  return `${amount(actual, reason)}, and the limit is ${amount(limit, reason)}`
}

/** A value of a limit, in the unit that a person reads. Money is in minor units, lead times in seconds. */
export function amount(value: number | string | undefined, { currency, attribute }: Partial<Reason>): string {
  if (value === undefined) return '–'
  if (typeof value === 'string') return value
  if (currency !== undefined) return money(value, currency)
  if (attribute !== undefined && /(_at|time)$/u.test(attribute)) return span(value)
  return counted(value)
}

/** `EUR 4,200.00`, with a no-break space. */
export function money(minor: number, currency: string): string {
  const text = amountText(minor, currency)
  return text === undefined ? moneyText(minor, currency) : `${currency}\u00a0${text}`
}

/** Seconds, as days or hours. */
export function span(seconds: number): string {
  const days = seconds / 86_400
  if (Math.abs(days) >= 2) return plural(Math.round(days * 10) / 10, 'day')
  const hours = seconds / 3_600
  return Math.abs(hours) >= 1 ? plural(Math.round(hours * 10) / 10, 'hour') : plural(Math.round(seconds / 60), 'minute')
}
