/**
 * Links of chains with terms and states from the grants that the person can read.
 *
 * @module
 */
import type { EpochMillis, Grant, Link } from '@mandate/protocol'
import { bareLinks, type ChainLink, type Domains, domainOfScope, limitWords } from '@mandate/ui'

/** Links of a chain. @param decidedAt - Time of the decision; `undefined`: there was no decision. */
export function linksOf(
  chain: readonly Link[],
  grants: readonly Grant[],
  domains: Domains,
  now: EpochMillis,
  decidedAt?: EpochMillis,
): readonly ChainLink[] {
  return withGrants(bareLinks(chain, decidedAt, now), grants, domains)
}

/** Adds terms and present states from grants. */
export function withGrants(
  links: readonly ChainLink[],
  grants: readonly Grant[],
  domains: Domains,
): readonly ChainLink[] {
  return links.map((link) => {
    const grant = grants.find(({ id }) => id === link.grant)
    if (!grant) return link
    const { redelegations, limits, status, scope, revoked_at: revokedAt } = grant
    const domain = domainOfScope(scope, domains)
    const words = limits.map((limit) => limitWords(limit, domain))
    const nowState = status === 'pending' ? 'unknown' : status
    return { ...link, redelegations, limits: words, nowState, revokedAt }
  })
}

/** Whether a grant's scope covers a trip, one of its items, or everything of its owner. */
export function reaches(grant: Pick<Grant, 'scope' | 'owner'>, trip: TripRef): boolean {
  const { scope, owner } = grant
  if (scope === `workflow:${trip.id}`) return true
  if (scope.startsWith('all:')) return owner === trip.owner
  return (trip.items ?? []).some(({ id }) => scope === `workflow_item:${id}`)
}

export interface TripRef {
  readonly id: string
  readonly owner: string
  /** Absent: unknown. */
  readonly items?: readonly { readonly id: string }[]
}
