/**
 * The chain of a grant that has ended or is too narrow, for the answer of a denial. Shown only if the grant ever covered the resource: a grant that
 * ended before the resource was registered would only reveal its owner to the delegate.
 *
 * @module
 */
import { type EpochMillis, type Link, ulidSchema } from '@mandate/protocol'
import { decodeTime } from 'ulid'
import type { GrantRecord } from '../ports/grants.ts'
import { grantsOnPath, type PastGrants } from '../ports/register.ts'
import { includesScope } from '../ports/scopes.ts'
import { linkOf } from './chain.ts'
import type { Target } from './locate.ts'

/**
 * @param grant - Id of the chain's last grant.
 * @returns The owner's link first. Empty when the grant never covered the resource, or a grant of its path is not in the register.
 */
export async function brokenChain(grant: string, target: Target, past: PastGrants): Promise<readonly Link[]> {
  const leaf = await past.byId(grant)
  if (!leaf) return []
  const path = await grantsOnPath(past, leaf.path)
  return path.length === leaf.path.length && (await hasReached(leaf, path, target, past)) ? path.map(linkOf) : []
}

async function hasReached(
  leaf: GrantRecord,
  path: readonly GrantRecord[],
  target: Target,
  past: PastGrants,
): Promise<boolean> {
  if (!includesScope(target.within, leaf.scope)) return false
  const since = await sinceWhen(target, past)
  const end = Math.min(...path.map(({ expiresAt, revokedAt }) => Math.min(expiresAt, revokedAt ?? expiresAt)))
  return since < leaf.id || timeOf(since) < end
}

/** The newest of the deed and of the registrations of the resource and its ancestors below the root, as a ULID. Empty for an account. */
async function sinceWhen({ deed = '', resource, ancestors, root }: Target, past: PastGrants): Promise<string> {
  const parts = [resource, ...ancestors].filter((ref) => ref !== root)
  return [deed, ...(await Promise.all(parts.map((part) => past.since(part))))].sort().at(-1) ?? ''
}

const timeOf = (since: string): EpochMillis => (ulidSchema.safeParse(since).success ? decodeTime(since) : 0)
