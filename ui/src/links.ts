/**
 * The links of a chain as they are drawn: the terms of each in words, how each stood when it was decided, and how it stands now. Pure: the
 * pages bring the time and what they know of each grant.
 *
 * @module
 */
import type { EpochMillis, Limit, Link, LoggedEntry } from '@mandate/protocol'
import { counted, money, span } from './words.ts'

/** `broken`: not ended, but its giver could not give or it does not follow from the one before. `cut`: a link before it has ended. */
export type LinkState = 'live' | 'expired' | 'revoked' | 'broken' | 'cut' | 'unknown'

export interface ChainLink {
  readonly grant: string
  readonly delegator: string
  readonly delegate: string
  readonly actions: readonly string[]
  readonly scope: string
  readonly expiresAt: string
  /** `undefined`: not known. */
  readonly redelegations: number | undefined
  /** In words: `planned price at most EUR 4,100.00`. `undefined` when it is not known. */
  readonly limits: readonly string[] | undefined
  /** When it was decided; `undefined` where nothing was decided, only given. */
  readonly thenState: LinkState | undefined
  readonly nowState: LinkState
  readonly revokedAt: string | undefined
}

/** As much as a decision itself says. @param decidedAt - `undefined`: nothing was decided. */
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

/** The chain that an entry tells of: the one that was used, or else the one that a denial says is broken. */
export const chainOf = ({ chain = [], broken = [] }: Explained): readonly Link[] => (chain.length > 0 ? chain : broken)

/** What a denial says of one link of the chain that it names. */
const BREAKS: Readonly<Record<string, LinkState>> = {
  grant_expired: 'expired',
  grant_revoked: 'revoked',
  chain_broken: 'broken',
  owner_persona_unusable: 'broken',
}

/** As much as an entry itself says of its chain: of a broken one also which link broke it. */
export function entryLinks(entry: Explained & Pick<LoggedEntry, 'at'>, now: EpochMillis): readonly ChainLink[] {
  const { chain = [], reasons = [], at } = entry
  const isBroken = chain.length === 0
  const links = bareLinks(chainOf(entry), Date.parse(at), now).map((link): ChainLink => {
    const state = isBroken
      ? reasons.flatMap(({ code, grant }) => (grant === link.grant ? (BREAKS[code] ?? []) : []))[0]
      : undefined
    if (!state) return link
    // What has ended stays so; who could not give then may give again now.
    return { ...link, thenState: state, nowState: state === 'broken' ? link.nowState : state }
  })
  return endedThroughout(links)
}

/** What ends a link ends all behind it. */
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

/** A grant's limit in words: `planned price at most EUR 4,100.00`. */
export function limitWords({ attribute, at_most: most, at_least: least, currency }: Limit): string {
  const value = (bound: number): string => boundWords(bound, attribute, currency)
  const bounds = [
    ...(most === undefined ? [] : [`at most ${value(most)}`]),
    ...(least === undefined ? [] : [`at least ${value(least)}`]),
  ]
  const ahead = least !== undefined && isInstant(attribute) ? ' ahead' : ''
  return `${attribute.replaceAll('_', ' ')} ${bounds.join(' and ')}${ahead}`
}

/** Money in minor units of its currency, an instant in seconds ahead. */
function boundWords(value: number, attribute: string, currency: string | undefined): string {
  if (currency !== undefined) return money(value, currency)
  return isInstant(attribute) ? span(value) : counted(value)
}

const isInstant = (attribute: string): boolean => /(_at|time)$/u.test(attribute)
