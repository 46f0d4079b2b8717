/**
 * Redaction of log entries and decisions per reader. Every way to read them (responses, lists, exports, streams, replays, the search index) applies
 * this one rule. Pure.
 *
 * @see {@link file://./../../docs/adr/0070-what-a-reader-may-know.md ADR 0070}
 * @module
 */
import type { Entry, EntryKind } from './entry.ts'
import { type DecisionCode, hasCode, type ReasonCode } from './reason.ts'

/** The reader of an entry. Parties are named as in log entries, by pseudonym. */
export interface Reader {
  /** True for an auditor, and for the service that is registered for the resource type. */
  readonly seesAll: boolean
  /** The person or agent that reads; both, when an agent presents a person's token. */
  readonly parties: readonly string[]
  /** True for a person at an interactive client, so that no agent sees what they read. */
  readonly inPerson: boolean
}

/**
 * How much of an entry a reader sees. `entitled`: everything. `party` (a member of the used or of the nearest chain): owner and reasons, without
 * amounts. `stranger` (anyone else who asked): cannot distinguish another person's resource from a nonexistent one.
 */
export type Standing = 'entitled' | 'party' | 'stranger'

/** The members of an entry that {@link standingOf} uses. */
export type Disclosable = Pick<Entry, 'kind' | 'owner' | 'decision' | 'chain' | 'broken' | 'resource'>

/** Kinds of entries that record a request for a decision. An entry of any other kind is shown to its parties in full. */
const QUESTIONS: ReadonlySet<EntryKind> = new Set(['evaluation', 'search', 'refused', 'fault'])
/** Whether entries of this kind record a request for a decision, so that they are redacted for some readers. */
export const isQuestion = (kind: EntryKind): boolean => QUESTIONS.has(kind)

/** Computes a reader's {@link Standing} towards an entry. */
export function standingOf(entry: Disclosable, reader: Reader): Standing {
  const { kind, owner, decision, chain, broken, resource = '' } = entry
  if (reader.seesAll || !isQuestion(kind)) return 'entitled'
  // No resource was looked up: `resource` is a salted commitment, or an account, which is named by its owner's pseudonym.
  if (kind !== 'evaluation') return isAccountOfOthers(resource, reader) ? 'stranger' : 'entitled'
  const isReader = (party: string | undefined): boolean => party !== undefined && reader.parties.includes(party)
  if (isReader(owner)) return reader.inPerson ? 'entitled' : 'party'
  const links = [...(chain ?? []), ...(broken ?? [])]
  const isMember = links.some(({ delegator, delegate }) => isReader(delegator) || isReader(delegate))
  return decision || isMember ? 'party' : 'stranger'
}

/** Reason codes that reveal which personas the subject holds, and their status. */
const ABOUT_PERSONAS: readonly ReasonCode[] = [
  'persona_unknown',
  'persona_unusable',
  'persona_mismatch',
  'persona_action',
]

/**
 * Whether the subject's personas are hidden from the reader. They are hidden from an agent that is in no chain of the decision: it could
 * otherwise probe persona names one by one.
 */
export function hidesPersonas(
  { kind, chain = [] }: Pick<Disclosable, 'kind' | 'chain'>,
  { seesAll, inPerson, parties }: Reader,
): boolean {
  if (seesAll || inPerson || !isQuestion(kind)) return false
  const agents = new Set(parties.filter((party) => party.startsWith('agent:')))
  return !chain.some(({ delegator, delegate }) => agents.has(delegator) || agents.has(delegate))
}

/** The members of a reason that its redaction depends on. */
type ReasonKey = Pick<NonNullable<Entry['reasons']>[number], 'code' | 'grant'>

/**
 * The reason code that a reader sees. A stranger gets `no_grant` for an unknown resource and for every reason that is about a grant.
 *
 * @param hides - Whether personas are hidden from the reader ({@link hidesPersonas}).
 */
export function disclosedCode(reason: ReasonKey, standing: Standing, hides = false): DecisionCode {
  if (hides && hasCode(reason, ...ABOUT_PERSONAS)) return 'no_grant'
  const isAboutGrant = hasCode(reason, 'resource_unknown') || reason.grant !== undefined
  return standing === 'stranger' && isAboutGrant ? 'no_grant' : reason.code
}

/** Redacts one reason: removes amounts for a party, amounts and the grant id for a stranger, and replaces the code ({@link disclosedCode}). */
export function disclosedReason<R extends ReasonKey>(reason: R, standing: Standing, hides = false): R {
  if (standing === 'entitled') return reason
  const shown = without(reason, standing === 'party' ? FIGURES : [...FIGURES, 'grant'])
  return { ...shown, code: disclosedCode(reason, standing, hides) }
}

/** Removes duplicates after redaction, by JSON text, keeping the order: the number of equal reasons would leak how many grants exist. */
export function distinct<R>(reasons: readonly R[]): R[] {
  const seen = new Set<string>()
  return reasons.filter((reason) => {
    const text = JSON.stringify(reason)
    return !seen.has(text) && seen.add(text)
  })
}

const FIGURES = ['limit', 'actual', 'currency'] as const
/**
 * Members removed for a stranger. All are listed in `withheld`, present or not, so that their absence reveals nothing. Latency and round trips are
 * among them because they reveal how far the evaluation got.
 */
const FROM_STRANGERS = [
  'as_of',
  'attributes',
  'broken',
  'latency_ms',
  'owner',
  'policy',
  'root',
  'round_trips',
  'salt',
] as const

/** An entry as redacted for one reader. `withheld` lists the members that were removed or changed; absent when none was. */
export type Disclosed<E extends Entry> = E & { readonly withheld?: string[] }

/** Redacts an entry for one reader. Returns the entry itself when the reader may see all of it. */
export function disclose<E extends Entry>(entry: E, reader: Reader): Disclosed<E> {
  const standing = standingOf(entry, reader)
  const shown = standing === 'party' ? forParty(entry) : standing === 'stranger' ? forStranger(entry, reader) : entry
  return hidesPersonas(entry, reader) ? withoutPersonas(shown, standing) : shown
}

/** Removes `persona`: it is a name when the subject holds that persona and a salted commitment otherwise, so either form reveals which. */
function withoutPersonas<E extends Entry>(entry: Disclosed<E>, standing: Standing): Disclosed<E> {
  const { reasons = [], withheld = [] } = entry
  return {
    ...without(entry, ['persona']),
    ...(entry.reasons ? { reasons: distinct(reasons.map((reason) => disclosedReason(reason, standing, true))) } : {}),
    withheld: [...new Set([...withheld, 'persona', 'reasons'])].sort(),
  }
}

function forParty<E extends Entry>(entry: E): Disclosed<E> {
  const { attributes = {}, reasons = [] } = entry
  const hasFigures = reasons.some(({ limit, actual }) => limit !== undefined || actual !== undefined)
  if (Object.keys(attributes).length === 0 && !hasFigures) return entry
  const withheld = ['attributes', ...(hasFigures ? ['reasons'] : []), 'salt']
  return { ...without(entry, ['attributes', 'salt']), ...reasonsOf(entry, 'party'), withheld }
}

function forStranger<E extends Entry>(entry: E, reader: Reader): Disclosed<E> {
  const { resource } = entry
  return {
    ...without(entry, FROM_STRANGERS),
    ...reasonsOf(entry, 'stranger'),
    ...(resource === undefined ? {} : { resource: hiddenId(resource, reader) }),
    withheld: [...FROM_STRANGERS, 'reasons', 'resource'].sort(),
  }
}

const reasonsOf = ({ reasons }: Entry, standing: Standing): Pick<Entry, 'reasons'> =>
  reasons ? { reasons: reasons.map((reason) => disclosedReason(reason, standing)) } : {}

/** Whether the resource is another person's account: its id is the owner's pseudonym. */
const isAccountOfOthers = (resource: string, { parties }: Reader): boolean => {
  const pseudonym = /:(?<id>p_[\w-]{22})$/u.exec(resource)?.groups?.['id']
  return pseudonym !== undefined && !parties.includes(`user:${pseudonym}`)
}

/** Replaces a resource's id, `type:~`: an id and a commitment look different, which would reveal whether it is registered. Own accounts are kept. */
function hiddenId(resource: string, { parties }: Reader): string {
  const colon = resource.indexOf(':')
  return parties.includes(`user:${resource.slice(colon + 1)}`) ? resource : `${resource.slice(0, colon)}:~`
}

/** Copies an object without some of its optional members. */
function without<T extends object>(value: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T
}
