/**
 * The links of a chain as they are drawn: the terms of each in words, how each stood when it was decided, and how it stands now. Pure: the
 * pages bring the time and what they know of each grant.
 *
 * @module
 */
import type { EpochMillis, Limit, Link } from '@mandate/protocol'
import { counted, money, span } from './words.ts'

/** `cut`: itself unended, but a link before it has ended. */
export type LinkState = 'live' | 'expired' | 'revoked' | 'cut' | 'unknown'

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
