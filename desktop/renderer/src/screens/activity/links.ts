/**
 * Links of a logged chain with terms and states from the grants that the person can read. Pure.
 *
 * @module
 */
import type { EpochMillis, Grant, LoggedEntry } from '@mandate/protocol'
import { type ChainLink, type Domains, endedThroughout, entryLinks } from '@mandate/ui'
import { withGrants } from '../../store/chain.ts'

/** The state of each link at the time of the decision, and now. */
export function thenAndNow(
  entry: Pick<LoggedEntry, 'chain' | 'broken' | 'reasons' | 'at'>,
  grants: readonly Grant[],
  domains: Domains,
  now: EpochMillis,
): readonly ChainLink[] {
  const decidedAt = Date.parse(entry.at)
  const links = withGrants(entryLinks(entry, now), grants, domains).map((link): ChainLink => {
    const { revokedAt } = link
    const wasRevoked = revokedAt !== undefined && Date.parse(revokedAt) <= decidedAt
    return wasRevoked ? { ...link, thenState: 'revoked' } : link
  })
  return endedThroughout(links)
}

/** The live grants of a chain that the person gave, and so can revoke. */
export function toRevoke(
  { chain = [] }: Pick<LoggedEntry, 'chain'>,
  grants: readonly Grant[],
  me: string,
): readonly Grant[] {
  const ids = new Set(chain.map(({ grant }) => grant))
  return grants.filter(({ id, delegator, status }) => ids.has(id) && delegator === me && status === 'live')
}
