/**
 * `GET /v1/decisions`: its query parameters, its answer, and which entries a filter means. The index and the offline reader both take the
 * meaning from here, so they cannot differ. Pure.
 *
 * @module
 */
import { z } from 'zod'
import { canonical } from './canonical.ts'
import { disclose, hidesPersonas, standingOf } from './disclosure.ts'
import { ENTRY_KINDS, type Entry, entrySchema } from './entry.ts'
import { type EpochMillis, instantSchema, pageLimitSchema, pageTokenSchema, ulidSchema } from './id.ts'

/** A type and the longest id. */
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

/** What can be asked for. All members that are given must hold of an entry. */
const FILTERS = {
  subject: partyFilter.optional(),
  actor: partyFilter.optional(),
  member: partyFilter.optional().describe('Delegator or delegate of any link of the chain.'),
  resource: resourceFilter.optional(),
  under: resourceFilter.optional().describe('The resource itself and all that has it as topmost ancestor.'),
  action: filterText.optional(),
  decision: decisionFilter.optional(),
  reason: filterText.optional().describe('Any reason, or the problem code of a refusal or fault.'),
  kind: z.enum(ENTRY_KINDS, 'must be a kind of entry').optional(),
  caller: partyFilter.optional(),
  grant: filterText.optional().describe('A grant of the chain, or one that was issued or revoked.'),
  from: instant.optional().describe('Earliest `at`, itself included.'),
  to: instant.optional().describe('Latest `at`, itself not included.'),
} as const

/** The query string's parameters, each at most once, as strings. Unknown ones are refused: a misspelt filter must not widen an answer. */
export const decisionQuerySchema = z.strictObject({
  ...FILTERS,
  limit: pageLimitSchema(MAX_LIMIT, DEFAULT_LIMIT),
  cursor: pageTokenSchema.optional(),
})
export type DecisionQuery = z.output<typeof decisionQuerySchema>

/** `GET /v1/decisions/export`: the same filters, all pages at once. */
export const decisionExportSchema = z.strictObject({
  ...FILTERS,
  format: z
    .enum(['jsonl', 'csv', 'ocsf'], 'must be jsonl, csv or ocsf')
    .default('jsonl')
    .describe('JSON Lines as the log has them; CSV for people; OCSF 1.8.0 API Activity, one event a line.'),
})

/** `GET /v1/decisions/stream`: the same filters. */
export const decisionStreamSchema = z.strictObject({ ...FILTERS })

/** The names of the filters, for usage texts and URLs. */
export const FILTER_NAMES = Object.keys(FILTERS) as readonly (keyof typeof FILTERS)[]

/** A query without its paging. `from` and `to` in epoch milliseconds. */
export type DecisionFilter = Omit<DecisionQuery, 'limit' | 'cursor'>

/** An entry as read back: with its place in the log. Without `index` and `origin`, its canonical JSON is the leaf. */
export const loggedEntrySchema = entrySchema
  .extend({
    index: z.int().min(0),
    /** Which log, where several replicas share one index. */
    origin: z.string().optional(),
    /** Members that this reader may not see: left out, or changed. Absent when the entry is whole. */
    withheld: z.array(z.string()).optional(),
    /** With `withheld`: the leaf hash of the whole entry in base64, for its proof. */
    leaf: z.string().optional(),
  })
  .strip()
  .meta({ id: 'LoggedEntry', description: 'An entry of the decision log, with its place in it. People by pseudonym.' })
export type LoggedEntry = z.infer<typeof loggedEntrySchema>

/** The leaf of a whole entry that was read back: what a proof is about. Of one with `withheld`, `leaf` is the hash of it. */
export function leafBytes({
  index: _index,
  origin: _origin,
  withheld: _withheld,
  leaf: _leaf,
  ...entry
}: LoggedEntry): Uint8Array {
  return new TextEncoder().encode(canonical(entry))
}

/** The answer: newest first. `total` counts all that match, not only this page. */
export const decisionPageSchema = z.object({
  entries: z.array(loggedEntrySchema),
  total: z.int().min(0),
  /** Absent on the last page. */
  next_cursor: z.string().optional(),
})
export type DecisionPage = z.infer<typeof decisionPageSchema>

/** The path of one decision. */
export const decisionIdSchema = ulidSchema

/** `at` of an entry. */
export function entryTime(entry: Entry): EpochMillis {
  return Date.parse(entry.at)
}

/** One thing that an entry can be found by: a field of {@link FIELDS} and a value. */
export interface Term {
  readonly field: TermField
  readonly value: string
}

/**
 * The filters that are looked up by value; `party`: whose own an entry is; `insider`: which of those see its reasons and resource as they are;
 * `seen`: what each of the others sees instead.
 */
export type TermField = Exclude<keyof DecisionFilter, 'from' | 'to'> | 'party' | 'insider' | 'seen'

/** What not every party to an entry sees as it is ({@link disclose}). */
const GUARDED = ['reason', 'resource', 'under'] as const satisfies readonly TermField[]
type Guarded = (typeof GUARDED)[number]

const seenBy = (party: string, field: Guarded, value: string): Term => ({
  field: 'seen',
  value: `${party}\n${field}\n${value}`,
})

/** Everything that an entry can be found by; each term once. */
export function entryTerms(entry: Entry): readonly Term[] {
  const terms = termsOf(entry)
  const parties = terms.filter(({ field }) => field === 'party').map(({ value }) => value)
  return [...terms, ...parties.flatMap((party) => termsFor(party, entry))]
}

/** How a party finds it by what is guarded. */
function termsFor(party: string, entry: Entry): readonly Term[] {
  const reader = { seesAll: false, parties: [party], inPerson: !party.startsWith('agent:') }
  if (standingOf(entry, reader) !== 'stranger' && !hidesPersonas(entry, reader))
    return [{ field: 'insider', value: party }]
  return termsOf(disclose(entry, reader)).flatMap(({ field, value }) =>
    isGuarded(field) ? seenBy(party, field, value) : [],
  )
}

const isGuarded = (field: TermField): field is Guarded => GUARDED.some((guarded) => guarded === field)

function termsOf(entry: Entry): readonly Term[] {
  const chain = entry.chain ?? []
  const members = chain.flatMap(({ delegator, delegate }) => [delegator, delegate])
  const isGrant = entry.kind === 'grant_issued' || entry.kind === 'grant_revoked'
  const values: Readonly<Record<Exclude<TermField, 'insider' | 'seen'>, readonly (string | undefined)[]>> = {
    subject: [entry.subject],
    actor: [entry.actor],
    member: members,
    resource: [entry.resource],
    under: [entry.resource, entry.root],
    action: [entry.action],
    decision: [entry.decision === undefined ? undefined : String(entry.decision)],
    reason: [...(entry.reasons ?? []).map(({ code }) => code), entry.code],
    kind: [entry.kind],
    caller: [entry.caller],
    grant: [...chain.map(({ grant }) => grant), isGrant ? entry.target : undefined],
    party: [entry.subject, entry.actor, entry.owner, ...members],
  }
  const terms: Term[] = []
  for (const field of Object.keys(values) as (keyof typeof values)[]) {
    for (const value of new Set(values[field])) if (value !== undefined) terms.push({ field, value })
  }
  return terms
}

/** Terms of which an entry must have one. */
export type AnyOf = readonly [Term, ...Term[]]

/**
 * What a filter asks of an entry: one term of each list. A party finds entries by what they see of them, and by nothing else of them: a filter
 * that matched more would tell it.
 *
 * @param party - Whose own the entries must be: added by who is asking, never by a parameter.
 */
export function filterTerms(filter: DecisionFilter, party?: string): readonly AnyOf[] {
  const wanted: AnyOf[] = party === undefined ? [] : [[{ field: 'party', value: party }]]
  for (const field of FILTER_NAMES) {
    if (field === 'from' || field === 'to') continue
    const given = filter[field]
    if (given === undefined) continue
    const value = String(given)
    if (party === undefined || !isGuarded(field)) {
      wanted.push([{ field, value }])
      continue
    }
    const seen = seenBy(party, field, value)
    wanted.push([{ field, value }, seen], [{ field: 'insider', value: party }, seen])
  }
  return wanted
}

/** Whether an entry is among those that a filter means. */
export function entryMatches(entry: Entry, filter: DecisionFilter, party?: string): boolean {
  const at = entryTime(entry)
  if (filter.from !== undefined && at < filter.from) return false
  if (filter.to !== undefined && at >= filter.to) return false
  const terms = entryTerms(entry)
  return filterTerms(filter, party).every((anyOf) =>
    anyOf.some((wanted) => terms.some(({ field, value }) => field === wanted.field && value === wanted.value)),
  )
}
