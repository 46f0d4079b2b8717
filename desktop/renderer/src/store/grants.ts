/**
 * Grants as sentences, and their order in lists.
 *
 * @module
 */
import type { EpochMillis, Grant } from '@mandate/protocol'
import { type Domains, domainOfScope, limitWords, minuteOf } from '@mandate/ui'
import { strings } from '../strings.ts'
import { reaches, type TripRef } from './chain.ts'
import type { People, Things } from './people.ts'

const DAY_MS = 86_400_000

export function endsSoon({ status, expires_at: until }: Grant, now: EpochMillis): boolean {
  return status === 'live' && Date.parse(until) - now < DAY_MS
}

/** `Yannick may see and book Three days in Milan until 29 Nov 2026, 14:00, and may pass it on once, given by you.` */
export function sentenceOf(grant: Terms, people: People, things: Things): string {
  const { delegate, delegator, actions, scope, redelegations, expires_at: until, status = 'live' } = grant
  const thing = things.nameOf(scope)
  const told = {
    who: strings.capital(people.called(delegate)),
    acts: things.actsOn(actions, scope),
    thing: thingOf(grant, people, thing),
    until: minuteOf(until),
    redelegations,
  }
  if (status !== 'live') return `${strings.sharing.sentenceEnded(told)}.`
  const by =
    delegator === people.me || delegate === people.me ? '' : `, ${strings.sharing.givenBy(people.called(delegator))}`
  return `${strings.sharing.sentence(told)}${by}.`
}

type Terms = Pick<Grant, 'delegate' | 'delegator' | 'actions' | 'scope' | 'redelegations' | 'expires_at' | 'owner'> & {
  readonly status?: Grant['status']
}

function thingOf({ owner, scope }: Terms, people: People, thing: string): string {
  if (owner !== people.me) return strings.things.ofOthers(people.called(owner), thing)
  return scope.startsWith('all:') ? strings.things.allOfYours(thing) : thing
}

/** Terms below the sentence: limits, and whether the grant works unattended. */
export function termsOf(
  { limits, unattended, scope }: Pick<Grant, 'limits' | 'unattended' | 'scope'>,
  domains: Domains,
): readonly string[] {
  const domain = domainOfScope(scope, domains)
  const words = limits.map((limit) => limitWords(limit, domain))
  return [
    ...(words.length > 0 ? [strings.sharing.within(words)] : []),
    ...(unattended ? [strings.sharing.unattended] : []),
  ]
}

/** How a grant ended; `undefined` for a live one. */
export function endOf(grant: Grant, people: People): string | undefined {
  const { status, revoked_at: at, revoked_by: by, expires_at: until } = grant
  if (status === 'revoked')
    return strings.sharing.revokedBy(by === undefined ? '…' : people.called(by), at === undefined ? '' : minuteOf(at))
  if (status === 'expired') return strings.sharing.expired(minuteOf(until))
  if (status === 'pending') return strings.sharing.pending
  return status === 'cut' ? strings.sharing.cut : undefined
}

export interface Branch {
  readonly grant: Grant
  /** Depth below the topmost grant in the list. */
  readonly depth: number
}

/** Orders grants depth-first: each after its parent, if that is in the list. */
export function asTree(grants: readonly Grant[]): readonly Branch[] {
  const ids = new Set(grants.map(({ id }) => id))
  const from = (parent: string | undefined, depth: number): readonly Branch[] =>
    grants
      .filter((grant) => (parent === undefined ? !ids.has(grant.parent ?? '') : grant.parent === parent))
      .flatMap((grant) => [{ grant, depth }, ...from(grant.id, depth + 1)])
  return from(undefined, 0)
}

/** Groups grants by scope, in order of first occurrence. */
export function byThing(grants: readonly Grant[]): ReadonlyMap<string, readonly Grant[]> {
  return Map.groupBy(grants, ({ scope }) => scope)
}

/** Other parties that may act on a trip, each once, in the order of the grants. */
export function holdersOf(grants: readonly Grant[], trip: TripRef, me: string): readonly string[] {
  const here = grants.filter((grant) => grant.status === 'live' && reaches(grant, trip))
  return [...new Set(here.map(({ delegate }) => delegate))].filter((party) => party !== me)
}
