/**
 * Chain links with their limits, and their state at the time of the decision and now. Read from the log entries that issued and revoked the grants.
 *
 * @module
 */
import type { Domain, LoggedEntry } from '@mandate/protocol'
import { type ChainLink, type Domains, domainOfScope, endedThroughout, entryLinks, limitWords } from '@mandate/ui'
import { z } from 'zod'
import { api } from './api.ts'

/** Bounds by attribute; money has its currency in the name: `planned_price.EUR`. */
const boundsSchema = z.record(z.string(), z.number())
const issuedSchema = z.object({ redelegations: z.number(), at_most: boundsSchema, at_least: boundsSchema }).partial()

/** Log entries about one grant. */
interface GrantEntries {
  readonly issued: LoggedEntry | undefined
  readonly revoked: LoggedEntry | undefined
}

/** Cache: entries do not change, and each query of the log is itself logged. Only a missing revocation is looked up again. */
const known = new Map<string, GrantEntries>()

async function grantEntries(grant: string, signal: AbortSignal): Promise<GrantEntries> {
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

/** Links with the members that the decision itself has. */
export const linksOf = (entry: LoggedEntry): readonly ChainLink[] => entryLinks(entry, Date.now())

/** Links with the limits and the state of each grant, from the log. */
export async function fullLinks(
  entry: LoggedEntry,
  domains: Domains,
  signal: AbortSignal,
): Promise<readonly ChainLink[]> {
  const bare = linksOf(entry)
  const histories = await Promise.all(bare.map(({ grant }) => grantEntries(grant, signal)))
  return endedThroughout(
    bare.map((link, at) => withHistory(link, histories[at], Date.parse(entry.at), domainOfScope(link.scope, domains))),
  )
}

function withHistory(
  link: ChainLink,
  history: GrantEntries | undefined,
  decidedAt: number,
  domain: Domain | undefined,
): ChainLink {
  const {
    redelegations,
    at_most: most = {},
    at_least: least = {},
  } = issuedSchema.catch({}).parse(history?.issued?.change ?? {})
  const revokedAt = history?.revoked?.at
  const wasRevoked = revokedAt !== undefined && Date.parse(revokedAt) <= decidedAt
  const isExpired = Date.parse(link.expiresAt) <= Date.now()
  return {
    ...link,
    redelegations,
    limits: history?.issued
      ? [...boundWords(most, 'at_most', domain), ...boundWords(least, 'at_least', domain)]
      : undefined,
    revokedAt,
    thenState: wasRevoked ? 'revoked' : link.thenState,
    nowState: revokedAt === undefined && link.nowState !== 'revoked' ? (isExpired ? 'expired' : 'live') : 'revoked',
  }
}

function boundWords(
  bounds: z.output<typeof boundsSchema>,
  side: 'at_most' | 'at_least',
  domain: Domain | undefined,
): readonly string[] {
  return Object.entries(bounds).map(([name, value]) => {
    const [attribute = name, currency] = name.split('.')
    return limitWords({ attribute, [side]: value, ...(currency === undefined ? {} : { currency }) }, domain)
  })
}
