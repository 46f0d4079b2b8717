/**
 * Texts for times, amounts, parties and entry kinds, in English. Ids are shortened for display only, never for a filter.
 *
 * @module
 */
import { amountText, type LoggedEntry, moneyText } from '@mandate/protocol'

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

/** `14:03:27`, in the reader's time zone. */
export const timeOf = (at: string): string => TIME.format(new Date(at))
/** `29 Nov 2026`, in the reader's time zone. */
export const dayOf = (at: string): string => DAY.format(new Date(at))
/** `29 Nov 2026, 14:03`, in the reader's time zone. */
export const minuteOf = (at: string | number): string => MINUTE.format(new Date(at))
/** Day of the week, date, time and time zone. */
export const exactly = (at: string): string => EXACT.format(new Date(at))
/** A number with separators of thousands. */
export const counted = (count: number): string => NUMBER.format(count)
/** A count with its noun: `1 day`, `2 days`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${counted(count)} ${count === 1 ? one : many}`

/** How often, as an adverb: `once`, `twice`, `3 times`. */
export const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : plural(count, 'time'))

const TAIL = 4
/** ULIDs begin with the time, so the end tells two of them apart. */
const SHORT = 11

/** Shortens an id for display: `p_01M8…R21J`. @param most - Longest result, in characters. */
export function short(id: string, most = SHORT): string {
  return id.length <= most ? id : `${id.slice(0, most - TAIL - 1)}…${id.slice(-TAIL)}`
}

/** Kinds of parties. */
export type PartyKind = 'user' | 'agent' | 'service'

/** Splits `kind:id`. An unknown kind counts as `user`. */
export function partyOf(party: string): { readonly kind: PartyKind; readonly id: string } {
  const at = party.indexOf(':')
  const kind = party.slice(0, at)
  return { kind: kind === 'agent' || kind === 'service' ? kind : 'user', id: party.slice(at + 1) }
}

/** Noun for each kind of party. */
export const PARTY_WORD: Readonly<Record<PartyKind, string>> = { user: 'person', agent: 'agent', service: 'service' }

/** Shortens ids that a program made (pseudonyms, ULIDs, long ids); names chosen by people stay whole. */
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

/** Title of each kind of entry; decisions have {@link VERDICT_WORD}. */
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
  account_enabled: 'Login enabled',
  key_changed: 'Key changed',
  clock_accepted: 'Clock accepted',
  person_erased: 'Person erased',
  erasure_acknowledged: 'Erasure acknowledged',
  legal_hold_changed: 'Legal hold changed',
  answer_replayed: 'Answer repeated',
  lookup_changed: 'Look-up of a person',
}

/** Title of a kind of entry; an unknown kind is shown by its name. */
export function kindWords(kind: LoggedEntry['kind']): string {
  if (kind === 'evaluation') return 'Decision'
  return KIND_WORDS[kind] ?? kind.replaceAll('_', ' ').replace(/^./u, (letter) => letter.toUpperCase())
}

/** How an entry is shown: as a permit, a denial, or a record that decides nothing. */
export type Verdict = 'permit' | 'deny' | 'note'

/** Whether an entry is a permit, a denial, or neither. */
export function verdictOf({ decision }: Pick<LoggedEntry, 'decision'>): Verdict {
  if (decision === undefined) return 'note'
  return decision ? 'permit' : 'deny'
}

/** Title of each verdict. */
export const VERDICT_WORD: Readonly<Record<Verdict, string>> = { permit: 'Permitted', deny: 'Denied', note: 'Recorded' }

/** Title of an entry: its verdict, or its kind where it decides nothing. */
export function verdictWords(entry: LoggedEntry): string {
  const verdict = verdictOf(entry)
  return verdict === 'note' ? kindWords(entry.kind) : VERDICT_WORD[verdict]
}

/** A name of the wire with spaces: `lead_time` becomes `lead time`. */
export const spaced = (name: string): string => name.replaceAll('_', ' ')

/** A reason code as words: `no grant`. */
export const reasonWords = (code: string): string => spaced(code)

/** An amount of money, from minor units: `EUR 4,200.00` with a no-break space. `420 minor units of XYZ` for an unknown currency. */
export function money(minor: number, currency: string): string {
  const text = amountText(minor, currency)
  return text === undefined ? moneyText(minor, currency) : `${currency}\u00a0${text}`
}

/** A duration, from seconds: in days from two days on, else in hours or minutes. */
export function span(seconds: number): string {
  const days = seconds / 86_400
  if (Math.abs(days) >= 2) return plural(Math.round(days * 10) / 10, 'day')
  const hours = seconds / 3_600
  return Math.abs(hours) >= 1 ? plural(Math.round(hours * 10) / 10, 'hour') : plural(Math.round(seconds / 60), 'minute')
}
