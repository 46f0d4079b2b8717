/**
 * What a reader may know of an entry, or of the answer that it records (design 3, *Codes*; design 4). One rule for every door: answers, lists,
 * exports, streams, replays and the index of what can be searched for. Pure.
 *
 * @see {@link file://./../../docs/adr/0070-what-a-reader-may-know.md ADR 0070}
 * @module
 */
import type { Entry, EntryKind } from './entry.ts'

/** Who reads, as entries name parties. */
export interface Reader {
  /** An auditor, or the service that keeps the type that was asked about. */
  readonly seesAll: boolean
  /** The person or agent; where an agent brings a person's token, both. */
  readonly parties: readonly string[]
  /** A person at an interactive client: no agent passes on what they read. */
  readonly inPerson: boolean
}

/**
 * `entitled` sees everything. `party` stands in the chain that was used, or in the one that nearly was: sees whose it is and why, and no figures.
 * `stranger` only asked: cannot tell a thing of somebody else's from one that does not exist.
 */
export type Standing = 'entitled' | 'party' | 'stranger'

/** What decides about a reader's standing. */
export type Disclosable = Pick<Entry, 'kind' | 'owner' | 'decision' | 'chain' | 'broken' | 'resource'>

/** Kinds that record a question; an entry of any other kind is wholly known to its parties. */
const QUESTIONS: ReadonlySet<EntryKind> = new Set(['evaluation', 'search', 'refused', 'fault'])
export const isQuestion = (kind: EntryKind): boolean => QUESTIONS.has(kind)

export function standingOf(entry: Disclosable, reader: Reader): Standing {
  const { kind, owner, decision, chain, broken, resource = '' } = entry
  if (reader.seesAll || !isQuestion(kind)) return 'entitled'
  // Nothing was looked up for it: its resource is a commitment, or somebody's account.
  if (kind !== 'evaluation') return isAccountOfOthers(resource, reader) ? 'stranger' : 'entitled'
  const isReader = (party: string | undefined): boolean => party !== undefined && reader.parties.includes(party)
  if (isReader(owner)) return reader.inPerson ? 'entitled' : 'party'
  const links = [...(chain ?? []), ...(broken ?? [])]
  const isMember = links.some(({ delegator, delegate }) => isReader(delegator) || isReader(delegate))
  return decision || isMember ? 'party' : 'stranger'
}

/** Reasons that tell which personas the subject holds, and how they stand. */
const ABOUT_PERSONAS: ReadonlySet<string> = new Set([
  'persona_unknown',
  'persona_unusable',
  'persona_mismatch',
  'persona_action',
])

/**
 * Whether the reader may not learn which personas the subject holds: an agent that no chain names acts for nobody there, and could
 * try them out one after another.
 */
export function hidesPersonas(
  { kind, chain = [] }: Pick<Disclosable, 'kind' | 'chain'>,
  { seesAll, inPerson, parties }: Reader,
): boolean {
  if (seesAll || inPerson || !isQuestion(kind)) return false
  const agents = new Set(parties.filter((party) => party.startsWith('agent:')))
  return !chain.some(({ delegator, delegate }) => agents.has(delegator) || agents.has(delegate))
}

/** As much of a reason as decides what is shown of it. */
type Told = Pick<NonNullable<Entry['reasons']>[number], 'code' | 'grant'>

/**
 * The code that a reader is told. To a stranger no grant, an unknown thing and a near miss of other people's are the same.
 *
 * @param hides - Whether personas are hidden from the reader ({@link hidesPersonas}).
 */
export function disclosedCode({ code, grant }: Told, standing: Standing, hides = false): string {
  if (hides && ABOUT_PERSONAS.has(code)) return 'no_grant'
  return standing === 'stranger' && (code === 'resource_unknown' || grant !== undefined) ? 'no_grant' : code
}

/** A reason without what its reader may not know. */
export function disclosedReason<R extends Told>(reason: R, standing: Standing, hides = false): R {
  if (standing === 'entitled') return reason
  const shown = without(reason, standing === 'party' ? FIGURES : [...FIGURES, 'grant'])
  return { ...shown, code: disclosedCode(reason, standing, hides) }
}

/** Reasons that look alike now, once: how many there were would tell. */
export function distinct<R>(reasons: readonly R[]): R[] {
  const seen = new Set<string>()
  return reasons.filter((reason) => {
    const text = JSON.stringify(reason)
    return !seen.has(text) && seen.add(text)
  })
}

const FIGURES = ['limit', 'actual', 'currency'] as const
/**
 * Members that a stranger never sees, whether the entry has them or not: what is missing must not tell either. Times and round trips tell how far
 * the question got.
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

/** An entry as one reader may see it. `withheld`: members that are left out or changed; absent when nothing is. */
export type Disclosed<E extends Entry> = E & { readonly withheld?: string[] }

export function disclose<E extends Entry>(entry: E, reader: Reader): Disclosed<E> {
  const standing = standingOf(entry, reader)
  const shown = standing === 'party' ? forParty(entry) : standing === 'stranger' ? forStranger(entry, reader) : entry
  return hidesPersonas(entry, reader) ? withoutPersonas(shown, standing) : shown
}

/** Of a persona that is held its name stands in the entry, of any other a commitment. */
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

/** An account is named by its owner's pseudonym. */
const isAccountOfOthers = (resource: string, { parties }: Reader): boolean => {
  const pseudonym = /:(?<id>p_[\w-]{22})$/u.exec(resource)?.groups?.['id']
  return pseudonym !== undefined && !parties.includes(`user:${pseudonym}`)
}

/** `type:~`: whether it is the id of something registered, or a commitment, would tell. A person's own account is theirs to see. */
function hiddenId(resource: string, { parties }: Reader): string {
  const colon = resource.indexOf(':')
  return parties.includes(`user:${resource.slice(colon + 1)}`) ? resource : `${resource.slice(0, colon)}:~`
}

/** Without some of its optional members. */
function without<T extends object>(value: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T
}
