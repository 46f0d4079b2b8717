/**
 * The links of a logged chain with what the person knows of their grants: how each stood when it was decided, and how it stands now. Pure.
 *
 * @module
 */
import type { EpochMillis, Grant, LoggedEntry } from '@mandate/protocol'
import { type ChainLink, endedThroughout, entryLinks } from '@mandate/ui'
import { withGrants } from '../../store/chain.ts'

export function thenAndNow(
  entry: Pick<LoggedEntry, 'chain' | 'broken' | 'reasons' | 'at'>,
  grants: readonly Grant[],
  now: EpochMillis,
): readonly ChainLink[] {
  const decidedAt = Date.parse(entry.at)
  const links = withGrants(entryLinks(entry, now), grants).map((link): ChainLink => {
    const { revokedAt } = link
    const wasRevoked = revokedAt !== undefined && Date.parse(revokedAt) <= decidedAt
    return wasRevoked ? { ...link, thenState: 'revoked' } : link
  })
  return endedThroughout(links)
}

/** Those of a chain that the person gave and that still live: theirs to end at once. */
export function toRevoke(
  { chain = [] }: Pick<LoggedEntry, 'chain'>,
  grants: readonly Grant[],
  me: string,
): readonly Grant[] {
  const ids = new Set(chain.map(({ grant }) => grant))
  return grants.filter(({ id, delegator, status }) => ids.has(id) && delegator === me && status === 'live')
}
