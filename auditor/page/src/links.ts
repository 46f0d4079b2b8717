/**
 * The links of a chain with their limits, and how each stood when it was decided and stands now: from the entries that issued and revoked
 * them, which are in the same log.
 *
 * @module
 */
import type { Domain, LoggedEntry } from '@mandate/protocol'
import { type ChainLink, type Domains, domainOfScope, endedThroughout, entryLinks, limitWords } from '@mandate/ui'
import { z } from 'zod'
import { api } from './api.ts'

/** By attribute, `planned_price.EUR` where it has a currency. */
const boundsSchema = z.record(z.string(), z.number())
const issuedSchema = z.object({ redelegations: z.number(), at_most: boundsSchema, at_least: boundsSchema }).partial()

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
export const linksOf = (entry: LoggedEntry): readonly ChainLink[] => entryLinks(entry, Date.now())

/** With what the log tells of each grant. */
export async function fullLinks(
  entry: LoggedEntry,
  domains: Domains,
  signal: AbortSignal,
): Promise<readonly ChainLink[]> {
  const bare = linksOf(entry)
  const tales = await Promise.all(bare.map(({ grant }) => told(grant, signal)))
  return endedThroughout(
    bare.map((link, at) => withTale(link, tales[at], Date.parse(entry.at), domainOfScope(link.scope, domains))),
  )
}

function withTale(link: ChainLink, tale: Told | undefined, decidedAt: number, domain: Domain | undefined): ChainLink {
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
    limits: tale?.issued
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
