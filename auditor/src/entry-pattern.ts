/**
 * Fast validation of log entries with one regular expression, instead of JSON parsing and the zod schema. Works because entries are canonical JSON. A
 * match implies that the schema accepts the entry; no match implies nothing, and the caller validates with the schema.
 *
 * @module
 */
import { ENTRY_KINDS } from '@mandate/protocol'

/** String content without escapes: entries with escapes are left to the schema. */
const inside = '[^"\\\\\\u0000-\\u001f]*'
const string = `"${inside}"`
const party = '"(?:user|agent|service):[^"\\\\\\u0000-\\u001f\\u007f-\\u009f]+"'
const integer = '(?:0|-?[1-9]\\d{0,14})'
const number = '-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,9})?'
const boolean = '(?:true|false)'
const ulid = '"[0-7][0-9A-HJKMNP-TV-Z]{25}"'
/** Month and day. Only days that the month has in every year: 29 February is left to the schema. */
const day = '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)'
const instant = `"\\d{4}-${day}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z"`

const listOf = (item: string): string => `\\[(?:${item}(?:,${item})*)?\\]`
/** Pattern of an object. Members must be in canonical (sorted) order; a name that ends in `?` is optional. */
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
// Without the `u` flag, which would halve the speed: every character class here also accepts surrogates.
// allowed: regexp: the pattern is put together above, from constants of this file alone.
const PLAIN = new RegExp(`^${entry}$`)

/** Whether the text certainly is a valid entry. `false` does not mean that it is invalid. */
export function matchesEntryPattern(text: string): boolean {
  return PLAIN.test(text)
}
