/**
 * The links of a chain with their limits, and how each stood when it was decided and stands now: from the entries that issued and revoked
 * them, which are in the same log.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { z } from 'zod'
import { api } from './api.ts'
import { counted, money, span } from './words.ts'

export type LinkState = 'live' | 'expired' | 'revoked' | 'cut' | 'unknown'

export interface ChainLink {
  readonly grant: string
  readonly delegator: string
  readonly delegate: string
  readonly actions: readonly string[]
  readonly scope: string
  readonly expiresAt: string
  readonly redelegations: number | undefined
  /** In words: `planned price at most EUR 4,100.00`. `undefined` when the log was not asked, or does not say. */
  readonly limits: readonly string[] | undefined
  /** When it was decided. */
  readonly thenState: LinkState
  readonly nowState: LinkState
  readonly revokedAt: string | undefined
}

const issuedSchema = z
  .object({
    redelegations: z.number(),
    at_most: z.record(z.string(), z.unknown()),
    at_least: z.record(z.string(), z.unknown()),
  })
  .partial()

interface Told {
  readonly issued: LoggedEntry | undefined
  readonly revoked: LoggedEntry | undefined
}

/** What was found stays so: a grant is issued once, and an end is an end. Each look leaves entries, so none is looked at twice. */
const known = new Map<string, Told>()

async function told(grant: string, signal: AbortSignal): Promise<Told> {
  const before = known.get(grant)
  if (before?.revoked) return before
  const [issued, revoked] = await Promise.all([
    before?.issued ?? api.grant(grant, 'grant_issued', signal),
    api.grant(grant, 'grant_revoked', signal),
  ])
  const now = { issued, revoked }
  known.set(grant, now)
  return now
}

/** As much as the decision itself says. */
export function bareLinks({ chain = [], at }: LoggedEntry): readonly ChainLink[] {
  return chain.map((link) => ({
    grant: link.grant,
    delegator: link.delegator,
    delegate: link.delegate,
    actions: link.actions,
    scope: link.scope,
    expiresAt: link.expires_at,
    redelegations: undefined,
    limits: undefined,
    thenState: Date.parse(link.expires_at) <= Date.parse(at) ? 'expired' : 'live',
    nowState: Date.parse(link.expires_at) <= Date.now() ? 'expired' : 'unknown',
    revokedAt: undefined,
  }))
}

/** With what the log tells of each grant. */
export async function fullLinks(entry: LoggedEntry, signal: AbortSignal): Promise<readonly ChainLink[]> {
  const tales = await Promise.all(bareLinks(entry).map(({ grant }) => told(grant, signal)))
  const links = bareLinks(entry).map((link, at) => withTale(link, tales[at], Date.parse(entry.at)))
  // What ends a link ends all behind it.
  return links.map((link, at) => ({
    ...link,
    thenState: behind(links.slice(0, at), ({ thenState }) => thenState, link.thenState),
    nowState: behind(links.slice(0, at), ({ nowState }) => nowState, link.nowState),
  }))
}

function behind(before: readonly ChainLink[], stateOf: (link: ChainLink) => LinkState, own: LinkState): LinkState {
  return own === 'live' && before.some((link) => stateOf(link) !== 'live') ? 'cut' : own
}

function withTale(link: ChainLink, tale: Told | undefined, decidedAt: number): ChainLink {
  const {
    redelegations,
    at_most: most = {},
    at_least: least = {},
  } = issuedSchema.catch({}).parse(tale?.issued?.change ?? {})
  const revokedAt = tale?.revoked?.at
  const wasRevoked = revokedAt !== undefined && Date.parse(revokedAt) <= decidedAt
  const isExpired = Date.parse(link.expiresAt) <= Date.now()
  return {
    ...link,
    redelegations,
    limits: tale?.issued ? [...limitWords(most, 'at most'), ...limitWords(least, 'at least')] : undefined,
    revokedAt,
    thenState: wasRevoked ? 'revoked' : link.thenState,
    nowState: revokedAt === undefined ? (isExpired ? 'expired' : 'live') : 'revoked',
  }
}

function limitWords(limits: Readonly<Record<string, unknown>>, how: string): readonly string[] {
  return Object.entries(limits).map(([name, value]) => {
    const [attribute = name, currency] = name.split('.')
    return `${attribute.replaceAll('_', ' ')} ${how} ${valueWords(value, attribute, currency)}`
  })
}

const moneySchema = z.object({ amount: z.number(), currency: z.string() })

function valueWords(value: unknown, attribute: string, currency: string | undefined): string {
  const sum = moneySchema.safeParse(value)
  if (sum.success) return money(sum.data.amount, sum.data.currency)
  if (typeof value !== 'number') return String(value)
  if (currency !== undefined) return money(value, currency)
  return /(_at|time)$/u.test(attribute) ? span(value) : counted(value)
}
