/**
 * A check of log entries that costs a fraction of the schema's: decisions make thousands of entries a second, and each is checked when it enters the log
 * and again when it is indexed.
 *
 * @module
 */
import type { z } from 'zod'
import { ENTRY_KINDS, ENTRY_PARTY_PATTERN, type Entry, entrySchema } from './entry.ts'
import { instantSchema, ULID_PATTERN } from './id.ts'

/** Parses an entry as {@link entrySchema} does, with the same result. */
export function parseLogEntry(value: unknown): z.ZodSafeParseResult<Entry> {
  return hasEntryForm(value) ? { success: true, data: value } : entrySchema.safeParse(value)
}

/**
 * Whether a value certainly is an entry that {@link entrySchema} leaves as it is. `false` says nothing: the schema decides about every unusual value.
 */
export function hasEntryForm(value: unknown): value is Entry {
  if (!isPlain(value)) return false
  for (const name of REQUIRED) if (value[name] === undefined) return false
  return hasOnly(value, MEMBERS)
}

type Check = (value: unknown) => boolean
type EntryReasonMember = keyof NonNullable<Entry['reasons']>[number]
type Plain = Readonly<Record<string, unknown>>

const REQUIRED = ['v', 'id', 'at', 'kind'] as const

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** The members that a value may have, with a check for each. Parallel arrays: faster to walk than a map. */
interface Members {
  readonly names: readonly string[]
  readonly checks: readonly Check[]
}

const membersOf = <Name extends string>(checks: Readonly<Partial<Record<Name, Check>>>): Members => ({
  names: Object.keys(checks),
  checks: Object.values<Check | undefined>(checks).filter((check) => check !== undefined),
})

/** Whether all members are known and valid. */
function hasOnly(value: Plain, { names, checks }: Members): boolean {
  let known = 0
  for (let at = 0; at < names.length; at += 1) {
    const member = value[names[at] ?? '']
    if (member === undefined) continue
    if (!checks[at]?.(member)) return false
    known += 1
  }
  return Object.keys(value).length === known
}

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => Number.isFinite(value)
const isInteger: Check = (value) => Number.isSafeInteger(value)
const isPosition: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isBoolean: Check = (value) => typeof value === 'boolean'
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const isListOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return false
    // Not `every`, which skips holes.
    for (const item of value) if (!check(item)) return false
    return true
  }

const areTexts = isListOf(isText)
const isParty = matches(ENTRY_PARTY_PATTERN)
const isUlid = matches(ULID_PATTERN)
const isInstant = matches(instantSchema._zod.pattern)
const kinds: ReadonlySet<unknown> = new Set(ENTRY_KINDS)

const LINK_MEMBERS = 6

const isLink: Check = (value) =>
  isPlain(value) &&
  isText(value['grant']) &&
  isText(value['delegator']) &&
  isText(value['delegate']) &&
  isText(value['scope']) &&
  isText(value['expires_at']) &&
  areTexts(value['actions']) &&
  Object.keys(value).length === LINK_MEMBERS

const isFigure: Check = (value) => isNumber(value) || isText(value)

const REASON = membersOf<EntryReasonMember>({
  code: isText,
  gate: isText,
  attribute: isText,
  limit: isFigure,
  actual: isFigure,
  currency: isText,
  grant: isText,
})

const isReason: Check = (value) => isPlain(value) && value['code'] !== undefined && hasOnly(value, REASON)

const isScalar: Check = (value) => isNumber(value) || isText(value) || isBoolean(value)

const areAttributes: Check = (value) => {
  if (!isPlain(value)) return false
  for (const name of Object.keys(value)) if (name === '__proto__' || !isScalar(value[name])) return false
  return true
}

const isMoment: Check = (value) =>
  isPlain(value) && isInstant(value['at']) && isPosition(value['position']) && Object.keys(value).length === 2

/** Of the members of {@link Entry}, those of decisions; the schema checks the rest. */
const MEMBERS = membersOf<keyof Entry>({
  v: (value) => value === 1,
  id: isUlid,
  at: isInstant,
  as_of: isMoment,
  kind: (value) => kinds.has(value),
  subject: isParty,
  actor: isParty,
  caller: isParty,
  persona: isText,
  action: isText,
  resource: isText,
  root: isText,
  owner: isParty,
  decision: isBoolean,
  reasons: isListOf(isReason),
  chain: isListOf(isLink),
  broken: isListOf(isLink),
  attributes: areAttributes,
  code: isText,
  status: isInteger,
  model: isText,
  policy: isText,
  consistency: isText,
  round_trips: isInteger,
  request_id: isText,
  trace: isText,
  salt: isText,
  latency_ms: isNumber,
})
