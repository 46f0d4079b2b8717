/**
 * Chains with what the person knows of their grants: terms and present state.
 *
 * @module
 */
import type { EpochMillis, Grant, Link } from '@mandate/protocol'
import { bareLinks, type ChainLink, type Domains, domainOfScope, limitWords } from '@mandate/ui'

/** @param decidedAt - When it was decided by this chain; `undefined`: nothing was decided. */
export function linksOf(
  chain: readonly Link[],
  grants: readonly Grant[],
  domains: Domains,
  now: EpochMillis,
  decidedAt?: EpochMillis,
): readonly ChainLink[] {
  return withGrants(bareLinks(chain, decidedAt, now), grants, domains)
}

/** Links with the terms and present state of those grants that the person knows. */
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

/** Whether a grant reaches a trip: by its own name, one of its items, or everything of its owner's. */
export function reaches(grant: Pick<Grant, 'scope' | 'owner'>, trip: TripRef): boolean {
  const { scope, owner } = grant
  if (scope === `workflow:${trip.id}`) return true
  if (scope.startsWith('all:')) return owner === trip.owner
  return (trip.items ?? []).some(({ id }) => scope === `workflow_item:${id}`)
}

export interface TripRef {
  readonly id: string
  readonly owner: string
  /** Where they are known. */
  readonly items?: readonly { readonly id: string }[]
}
