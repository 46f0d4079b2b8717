/**
 * Search in the decision log: query parameters and response of `GET /v1/decisions`, and which entries a filter matches. The PDP's index and the
 * offline reader share this definition, so their results cannot differ. Pure.
 *
 * @module
 */
import { z } from 'zod'
import { canonical } from './canonical.ts'
import { disclose, hidesPersonas, standingOf } from './disclosure.ts'
import { ENTRY_KINDS, type Entry, entrySchema } from './entry.ts'
import { type EpochMillis, instantSchema, pageLimitSchema, pageTokenSchema, ulidSchema } from './id.ts'

/** Room for a type and the longest id. */
const MAX_FILTER_LENGTH = 1_100
const MAX_LIMIT = 1000
const DEFAULT_LIMIT = 50

const filterText = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_FILTER_LENGTH, `must be at most ${MAX_FILTER_LENGTH} characters`)
const partyFilter = filterText.regex(/^(user|agent|service):./su, 'must be user:…, agent:… or service:…')
const resourceFilter = filterText.regex(/^[^:]+:./su, 'must be type:id')
const decisionFilter = z
  .enum(['permit', 'deny', 'true', 'false'], 'must be permit or deny')
  .transform((value) => value === 'permit' || value === 'true')
const instant = instantSchema.transform((text) => Date.parse(text))

/** Filters by parameter name. An entry must match all given filters. */
const FILTERS = {
  subject: partyFilter.optional(),
  actor: partyFilter.optional(),
  member: partyFilter.optional().describe('Delegator or delegate of any link of the chain.'),
  resource: resourceFilter.optional(),
  under: resourceFilter.optional().describe('The resource itself, and every resource whose topmost ancestor it is.'),
  action: filterText.optional(),
  decision: decisionFilter.optional(),
  reason: filterText.optional().describe('Code of any reason, or problem code of a refusal or fault.'),
  kind: z.enum(ENTRY_KINDS, 'must be a kind of entry').optional(),
  caller: partyFilter.optional(),
  grant: filterText.optional().describe('Id of a grant in the chain, or of a grant that was issued or revoked.'),
  from: instant.optional().describe('Earliest time (`at`), inclusive.'),
  to: instant.optional().describe('Latest time (`at`), exclusive.'),
} as const

/** Query string of `GET /v1/decisions`, each parameter at most once. Unknown parameters are an error: a misspelt filter must not widen the result. */
export const decisionQuerySchema = z.strictObject({
  ...FILTERS,
  limit: pageLimitSchema(MAX_LIMIT, DEFAULT_LIMIT),
  cursor: pageTokenSchema.optional(),
})
/** A parsed {@link decisionQuerySchema}: `from` and `to` in epoch milliseconds, `decision` a boolean. */
export type DecisionQuery = z.output<typeof decisionQuerySchema>

/** Query string of `GET /v1/decisions/export`: the same filters; the response has all matching entries. */
export const decisionExportSchema = z.strictObject({
  ...FILTERS,
  format: z
    .enum(['jsonl', 'csv', 'ocsf'], 'must be jsonl, csv or ocsf')
    .default('jsonl')
    .describe(
      '`jsonl`: canonical JSON Lines; `csv`: for spreadsheets; `ocsf`: OCSF 1.8.0 API Activity events, one per line.',
    ),
})

/** Query string of `GET /v1/decisions/stream` (server-sent events): the same filters. */
export const decisionStreamSchema = z.strictObject({ ...FILTERS })

/** Names of all filters, in a fixed order. */
export const FILTER_NAMES = Object.keys(FILTERS) as readonly (keyof typeof FILTERS)[]

/** A query without paging. `from` (inclusive) and `to` (exclusive) in epoch milliseconds. */
export type DecisionFilter = Omit<DecisionQuery, 'limit' | 'cursor'>

/** An entry as read from a log, with its index. For an entry without `withheld`, {@link leafBytes} gives the bytes of the leaf. */
export const loggedEntrySchema = entrySchema
  .extend({
    /** Index in the log, from 0. */
    index: z.int().min(0),
    /** Origin of the log, when several logs (replicas) share one index. */
    origin: z.string().optional(),
    /** Members that were removed or changed for this reader. Absent when the entry is complete. */
    withheld: z.array(z.string()).optional(),
    /** With `withheld`: leaf hash of the complete entry in base64, so that its proof can be verified. */
    leaf: z.string().optional(),
  })
  .strip()
  .meta({ id: 'LoggedEntry', description: 'An entry of the decision log, with its index. People by pseudonym.' })
/** A parsed {@link loggedEntrySchema}. */
export type LoggedEntry = z.infer<typeof loggedEntrySchema>

/** Canonical JSON bytes of a complete entry: the leaf that a proof is about. Not for an entry with `withheld`, which has its leaf hash in `leaf`. */
export function leafBytes({
  index: _index,
  origin: _origin,
  withheld: _withheld,
  leaf: _leaf,
  ...entry
}: LoggedEntry): Uint8Array {
  return new TextEncoder().encode(canonical(entry))
}

/** Response of `GET /v1/decisions`: one page, newest first. `total` counts all matching entries. */
export const decisionPageSchema = z.object({
  entries: z.array(loggedEntrySchema),
  total: z.int().min(0),
  /** Absent on the last page. */
  next_cursor: z.string().optional(),
})
/** A parsed {@link decisionPageSchema}. */
export type DecisionPage = z.infer<typeof decisionPageSchema>

/** Id of a decision in a URL path: the ULID of its entry. */
export const decisionIdSchema = ulidSchema

/** Time of an entry (`at`), in epoch milliseconds. */
export function entryTime(entry: Entry): EpochMillis {
  return Date.parse(entry.at)
}

/** An index term: a field and a value that an entry can be found by. */
export interface Term {
  readonly field: TermField
  readonly value: string
}

/**
 * Fields of index terms: the filters that match by value, and three for readers who see only their own entries. `party`: the parties of the entry;
 * `insider`: the parties who see its reasons and resource unredacted; `seen`: the redacted values, per remaining party.
 */
export type TermField = Exclude<keyof DecisionFilter, 'from' | 'to'> | 'party' | 'insider' | 'seen'

/** Fields that are redacted for some parties ({@link disclose}). */
const REDACTABLE = ['reason', 'resource', 'under'] as const satisfies readonly TermField[]
type Redactable = (typeof REDACTABLE)[number]

const seenBy = (party: string, field: Redactable, value: string): Term => ({
  field: 'seen',
  value: `${party}\n${field}\n${value}`,
})

/** Computes all index terms of an entry, without duplicates. */
export function entryTerms(entry: Entry): readonly Term[] {
  const terms: Term[] = []
  const parties = addTerms(terms, 'party', partiesOf(entry))
  addOwnTerms(terms, entry)
  for (let at = 0; at < parties; at += 1) addTermsFor(terms, terms[at]?.value ?? '', entry)
  return terms
}

/** Adds the index terms by which one party finds the entry through redactable fields. */
function addTermsFor(terms: Term[], party: string, entry: Entry): void {
  const reader = { seesAll: false, parties: [party], inPerson: !party.startsWith('agent:') }
  if (standingOf(entry, reader) !== 'stranger' && !hidesPersonas(entry, reader)) {
    terms.push({ field: 'insider', value: party })
    return
  }
  const seen: Term[] = []
  addOwnTerms(seen, disclose(entry, reader))
  for (const { field, value } of seen) if (isRedactable(field)) terms.push(seenBy(party, field, value))
}

const isRedactable = (field: TermField): field is Redactable => REDACTABLE.some((name) => name === field)

/** Adds the index terms that do not depend on the reader, except those of the parties. */
function addOwnTerms(terms: Term[], entry: Entry): void {
  const { kind, subject, actor, caller, action, resource, root, decision, reasons = [], code, chain = [] } = entry
  const isGrant = kind === 'grant_issued' || kind === 'grant_revoked'
  addTerms(terms, 'subject', [subject])
  addTerms(terms, 'actor', [actor])
  addTerms(terms, 'member', membersOf(chain))
  addTerms(terms, 'resource', [resource])
  addTerms(terms, 'under', [resource, root])
  addTerms(terms, 'action', [action])
  addTerms(terms, 'decision', [decision === undefined ? undefined : String(decision)])
  addTerms(terms, 'reason', [...reasons.map((reason) => reason.code), code])
  addTerms(terms, 'kind', [kind])
  addTerms(terms, 'caller', [caller])
  addTerms(terms, 'grant', [...chain.map(({ grant }) => grant), isGrant ? entry.target : undefined])
}

function membersOf(chain: NonNullable<Entry['chain']>): string[] {
  const members: string[] = []
  for (const { delegator, delegate } of chain) members.push(delegator, delegate)
  return members
}

const partiesOf = ({ subject, actor, owner, chain = [] }: Entry): readonly (string | undefined)[] => [
  subject,
  actor,
  owner,
  ...membersOf(chain),
]

/**
 * Adds a term for each different value. Compares each value with those before it: a field has a few values, for which a set would cost more.
 *
 * @returns Number of terms added.
 */
function addTerms(terms: Term[], field: TermField, values: readonly (string | undefined)[]): number {
  const first = terms.length
  for (const value of values) {
    if (value === undefined) continue
    let at = first
    while (at < terms.length && terms[at]?.value !== value) at += 1
    if (at === terms.length) terms.push({ field, value })
  }
  return terms.length - first
}

/** Alternatives: an entry must have at least one of these terms. */
export type AnyOf = readonly [Term, ...Term[]]

/**
 * Converts a filter to index terms: an entry matches when it has at least one term of every list. For a party, redactable fields match only the
 * values that the party sees: a match on the original value would reveal it.
 *
 * @param party - Restricts the result to entries of this party. Comes from the caller's token, never from a request parameter.
 */
export function filterTerms(filter: DecisionFilter, party?: string): readonly AnyOf[] {
  const wanted: AnyOf[] = party === undefined ? [] : [[{ field: 'party', value: party }]]
  for (const field of FILTER_NAMES) {
    if (field === 'from' || field === 'to') continue
    const given = filter[field]
    if (given === undefined) continue
    const value = String(given)
    if (party === undefined || !isRedactable(field)) {
      wanted.push([{ field, value }])
      continue
    }
    const seen = seenBy(party, field, value)
    wanted.push([{ field, value }, seen], [{ field: 'insider', value: party }, seen])
  }
  return wanted
}

/** Whether an entry matches a filter. @param party - As in {@link filterTerms}. */
export function entryMatches(entry: Entry, filter: DecisionFilter, party?: string): boolean {
  const at = entryTime(entry)
  if (filter.from !== undefined && at < filter.from) return false
  if (filter.to !== undefined && at >= filter.to) return false
  const terms = entryTerms(entry)
  return filterTerms(filter, party).every((anyOf) =>
    anyOf.some((wanted) => terms.some(({ field, value }) => field === wanted.field && value === wanted.value)),
  )
}
