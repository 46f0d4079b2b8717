/**
 * Whether a grant that is over, or narrower than what was asked, ever reached the resource: only then may its parties be told of it. A grant that
 * ended before the thing was there says nothing to its delegate but whose the thing is.
 *
 * @module
 */
import { type EpochMillis, type Link, ulidSchema } from '@mandate/protocol'
import { decodeTime } from 'ulid'
import type { GrantRecord } from '../ports/grants.ts'
import { grantsOnPath, type PastGrants } from '../ports/register.ts'
import { includesScope } from '../ports/scopes.ts'
import type { Place } from './admit.ts'
import { linkOf } from './chain.ts'

/**
 * The chain of a grant that missed, the owner's link first; empty where it never reached the resource, or is not wholly remembered.
 *
 * @param grant - The last link's.
 */
export async function brokenChain(grant: string, place: Place, past: PastGrants): Promise<readonly Link[]> {
  const leaf = await past.byId(grant)
  if (!leaf) return []
  const path = await grantsOnPath(past, leaf.path)
  return path.length === leaf.path.length && (await hasReached(leaf, path, place, past)) ? path.map(linkOf) : []
}

async function hasReached(
  leaf: GrantRecord,
  path: readonly GrantRecord[],
  place: Place,
  past: PastGrants,
): Promise<boolean> {
  if (!includesScope(place.within, leaf.scope)) return false
  const since = await sinceWhen(place, past)
  const end = Math.min(...path.map(({ expiresAt, revokedAt }) => Math.min(expiresAt, revokedAt ?? expiresAt)))
  return since < leaf.id || timeOf(since) < end
}

/** When all of a resource's place was there: the newest of its deed and of every part below, as a ULID. Empty for an account. */
async function sinceWhen({ deed = '', resource, ancestors, root }: Place, past: PastGrants): Promise<string> {
  const parts = [resource, ...ancestors].filter((ref) => ref !== root)
  return [deed, ...(await Promise.all(parts.map((part) => past.since(part))))].sort().at(-1) ?? ''
}

const timeOf = (since: string): EpochMillis => (ulidSchema.safeParse(since).success ? decodeTime(since) : 0)
