/**
 * Links of a chain as pages draw them: terms in words, state at the time of the decision, state now. Pure: callers pass the time and what they
 * know of each grant.
 *
 * @module
 */
import type { EpochMillis, Link, LoggedEntry } from '@mandate/protocol'

/** State of a link. `broken`: live, but its giver is not usable or it does not attenuate its parent. `cut`: an earlier link has ended. */
export type LinkState = 'live' | 'expired' | 'revoked' | 'broken' | 'cut' | 'unknown'

/** A link with the state of its grant. */
export interface ChainLink {
  readonly grant: string
  readonly delegator: string
  readonly delegate: string
  readonly actions: readonly string[]
  readonly scope: string
  readonly expiresAt: string
  /** `undefined`: unknown. */
  readonly redelegations: number | undefined
  /** In words: `planned price at most EUR 4,100.00`. `undefined`: unknown. */
  readonly limits: readonly string[] | undefined
  /** State at the time of the decision; `undefined` where there was no decision. */
  readonly thenState: LinkState | undefined
  readonly nowState: LinkState
  readonly revokedAt: string | undefined
}

/** Links from a decision alone: no limits, and no state but expiry. @param decidedAt - `undefined`: there was no decision. */
export function bareLinks(
  chain: readonly Link[],
  decidedAt: EpochMillis | undefined,
  now: EpochMillis,
): readonly ChainLink[] {
  return chain.map((link) => {
    const ends = Date.parse(link.expires_at)
    return {
      grant: link.grant,
      delegator: link.delegator,
      delegate: link.delegate,
      actions: link.actions,
      scope: link.scope,
      expiresAt: link.expires_at,
      redelegations: undefined,
      limits: undefined,
      thenState: decidedAt === undefined ? undefined : ends <= decidedAt ? 'expired' : 'live',
      nowState: ends <= now ? 'expired' : 'unknown',
      revokedAt: undefined,
    }
  })
}

type Explained = Pick<LoggedEntry, 'chain' | 'broken' | 'reasons'>

/** The chain that was used, or the broken chain that a denial names. */
export const chainOf = ({ chain = [], broken = [] }: Explained): readonly Link[] => (chain.length > 0 ? chain : broken)

/** State of the link that a denial names, by reason code. */
const BREAKS: Readonly<Record<string, LinkState>> = {
  grant_expired: 'expired',
  grant_revoked: 'revoked',
  chain_broken: 'broken',
  owner_persona_unusable: 'broken',
}

/** Links from an entry alone; of a broken chain the link that broke it has that state. */
export function entryLinks(entry: Explained & Pick<LoggedEntry, 'at'>, now: EpochMillis): readonly ChainLink[] {
  const { chain = [], reasons = [], at } = entry
  const isBroken = chain.length === 0
  const links = bareLinks(chainOf(entry), Date.parse(at), now).map((link): ChainLink => {
    const state = isBroken
      ? reasons.flatMap(({ code, grant }) => (grant === link.grant ? (BREAKS[code] ?? []) : []))[0]
      : undefined
    if (!state) return link
    // An ended link stays ended; a giver that was not usable then may be usable now.
    return { ...link, thenState: state, nowState: state === 'broken' ? link.nowState : state }
  })
  return endedThroughout(links)
}

/** Marks live links after an ended one as `cut`. */
export function endedThroughout(links: readonly ChainLink[]): readonly ChainLink[] {
  return links.map((link, at) => {
    const before = links.slice(0, at)
    const { thenState } = link
    const isCutThen = before.some((one) => one.thenState !== undefined && hasEnded(one.thenState))
    const isCutNow = before.some(({ nowState }) => hasEnded(nowState))
    return {
      ...link,
      thenState: thenState === 'live' && isCutThen ? 'cut' : thenState,
      nowState: link.nowState === 'live' && isCutNow ? 'cut' : link.nowState,
    }
  })
}

const hasEnded = (state: LinkState): boolean => state !== 'live' && state !== 'unknown'
