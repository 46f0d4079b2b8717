/**
 * Knows most entries at a glance. An entry as the log writes it is canonical JSON, so one expression over its text says that it is one, in a
 * fraction of what parsing and the schema take. It never says so of what the schema would refuse; of what it does not know it says nothing.
 *
 * @module
 */
import { ENTRY_KINDS } from '@mandate/protocol'

/** No escapes: a string that needs them is looked at properly. */
const inside = '[^"\\\\\\u0000-\\u001f]*'
const string = `"${inside}"`
const party = '"(?:user|agent|service):[^"\\\\\\u0000-\\u001f\\u007f-\\u009f]+"'
const integer = '(?:0|-?[1-9]\\d{0,14})'
const number = '-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,9})?'
const boolean = '(?:true|false)'
const ulid = '"[0-7][0-9A-HJKMNP-TV-Z]{25}"'
/** Days that every month has: the others are looked at properly, unless the month has them for certain. */
const day = '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)'
const instant = `"\\d{4}-${day}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z"`

const listOf = (item: string): string => `\\[(?:${item}(?:,${item})*)?\\]`
/** Members in canonical order; those that end in `?` may be absent. Every one is followed by a comma or the end. */
function objectOf(members: Readonly<Record<string, string>>): string {
  const written = Object.entries(members).map(([name, value]) => {
    const isOptional = name.endsWith('?')
    const member = `"${isOptional ? name.slice(0, -1) : name}":${value}(?:,(?=")|(?=\\}))`
    return isOptional ? `(?:${member})?` : member
  })
  return `\\{${written.join('')}\\}`
}

const link = objectOf({
  actions: listOf(string),
  delegate: string,
  delegator: string,
  expires_at: string,
  grant: string,
  scope: string,
})
const reason = objectOf({
  'actual?': `(?:${number}|${string})`,
  'attribute?': string,
  code: string,
  'currency?': string,
  'gate?': string,
  'grant?': string,
  'limit?': `(?:${number}|${string})`,
})
const attribute = `"[a-z]\\w*":(?:${number}|${string}|${boolean})`

const entry = objectOf({
  'action?': string,
  'actor?': party,
  'as_of?': objectOf({ at: instant, position: '(?:0|[1-9]\\d{0,14})' }),
  at: instant,
  'attributes?': `\\{(?:${attribute}(?:,${attribute})*)?\\}`,
  'broken?': listOf(link),
  'caller?': party,
  'chain?': listOf(link),
  'code?': string,
  'consistency?': string,
  'decision?': boolean,
  id: ulid,
  kind: `"(?:${ENTRY_KINDS.join('|')})"`,
  'latency_ms?': number,
  'model?': string,
  'owner?': party,
  'persona?': string,
  'policy?': string,
  'reasons?': listOf(reason),
  'request_id?': string,
  'resource?': string,
  'root?': string,
  'round_trips?': integer,
  'salt?': string,
  'status?': integer,
  'subject?': party,
  'target?': string,
  'trace?': string,
  v: '1',
})
// No `u`: it would halve the speed, and a surrogate pair is two characters that no class here leaves out.
const PLAIN = new RegExp(`^${entry}$`)

/** Whether a text is an entry for certain. `false` means nothing. */
export function isPlainEntry(text: string): boolean {
  return PLAIN.test(text)
}
