/**
 * Grants as sentences, and their order in lists.
 *
 * @module
 */
import type { EpochMillis, Grant } from '@mandate/protocol'
import { type Domains, domainOfScope, limitWords, minuteOf } from '@mandate/ui'
import type { Output } from '../../../src/shared/channel.ts'
import { strings } from '../strings.ts'
import { reaches, type TripRef } from './chain.ts'
import { actsOn } from './domains.tsx'
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
    isYou: delegate === people.me,
    acts: things.acts(actions, scope, thingOf(grant, people, thing)),
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
  const isAll = scope.startsWith('all:')
  if (owner === people.me) return isAll ? strings.things.allOfYours(thing) : thing
  const whose = people.called(owner)
  return isAll ? strings.things.allOf(whose, thing) : strings.things.ofOthers(whose, thing)
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

/** How a grant ended; `undefined` for a live one. @param grants - Grants among which the ones above it are looked up. */
export function endOf(grant: Grant, people: People, grants: readonly Grant[]): string | undefined {
  const { status, expires_at: until } = grant
  if (status === 'revoked') return revocationOf(grant, people)
  if (status === 'expired') return strings.sharing.expired(minuteOf(until))
  if (status === 'pending') return strings.sharing.pending
  if (status !== 'cut') return undefined
  const above = endedAbove(grant, grants)
  const end = above && endOf(above, people, grants)
  return above && end !== undefined
    ? strings.sharing.cut(people.called(above.delegate), end)
    : strings.sharing.cutUnknown
}

/** Why a live grant, or some of its actions, cannot be used now: one sentence for each reason. */
export function withheldWords(grant: Grant, people: People, domains: Domains): readonly string[] {
  const domain = domainOfScope(grant.scope, domains)
  return (grant.withheld ?? []).map(({ code, actions }) => {
    const isAll = grant.actions.every((action) => actions.includes(action))
    return strings.sharing.withheld(isAll ? undefined : actsOn(actions, domain), whyWithheld(code, grant, people))
  })
}

function whyWithheld(code: string, { owner, delegate }: Grant, people: People): string {
  const texts = strings.sharing
  const known = Object.hasOwn(texts.withheldBy, code) ? texts.withheldBy[code] : undefined
  if (known !== undefined) return known
  const isOwn = owner === people.me
  if (code === 'owner_persona_unusable')
    return isOwn ? texts.ownPersonaUnusable : texts.ownerPersonaUnusable(people.called(owner))
  if (code === 'persona_unusable')
    return delegate === people.me ? texts.noPersonaOfYours : texts.noPersonaOf(strings.capital(people.called(delegate)))
  return isOwn ? texts.noConsentOfYours : texts.noConsentOf(people.called(owner))
}

/** Reasons that the PDP sets itself. */
const SET_BY_PDP: ReadonlySet<string> = new Set(['revoked', 'renounced', 'replaced', 'erased'])

/** The reason that the person who revoked wrote for the parties of the grant. */
export function writtenReason(grant: Pick<Grant, 'revoke_reason'> | undefined): string | undefined {
  const reason = grant?.revoke_reason
  return reason === undefined || SET_BY_PDP.has(reason) ? undefined : reason
}

function revocationOf({ revoked_at: at, revoked_by: by, revoke_reason: reason }: Grant, people: People): string {
  const when = at === undefined ? '' : minuteOf(at)
  if (reason === 'replaced') return strings.sharing.replaced(when)
  if (reason === 'erased') return strings.sharing.erased(when)
  const end = strings.sharing.revokedBy(by === undefined ? '…' : people.called(by), when)
  const words = writtenReason({ revoke_reason: reason })
  return words === undefined ? end : strings.sharing.because(end, words)
}

/** The nearest grant above that ended by itself; `undefined` where the person may not read it. */
function endedAbove({ parent }: Grant, grants: readonly Grant[]): Grant | undefined {
  const above = grants.find(({ id }) => id === parent)
  return above?.status === 'cut' ? endedAbove(above, grants) : above
}

/** When grants were last used, as `uses.list` returns it. */
export type Uses = Output<'uses.list'>

/** `Never used`, `Last used 29 Nov 2026, 14:03`. */
export function useWords(id: string, { last, since }: Uses): string {
  const at = last[id]
  if (at !== undefined) return strings.sharing.lastUsed(minuteOf(at))
  return since === undefined ? strings.sharing.neverUsed : strings.sharing.notUsedSince(minuteOf(since))
}

/** Unused live grants first: they are the ones to take back. Otherwise as they were. */
export function unusedFirst(grants: readonly Grant[], uses: Uses | undefined): readonly Grant[] {
  if (!uses) return grants
  const isUnused = ({ id, status }: Grant): boolean => status === 'live' && uses.last[id] === undefined
  return [...grants.filter(isUnused), ...grants.filter((grant) => !isUnused(grant))]
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
