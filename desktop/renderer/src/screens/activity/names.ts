/**
 * Resolves pseudonyms of the log: the person's own, and those of parties to their grants, since a grant has the same id in the log. Computed in the
 * window, not stored. Pure.
 *
 * @module
 */
import type { Grant, LoggedEntry } from '@mandate/protocol'
import { z } from 'zod'

/** Maps `user:<pseudonym>` to `user:<sub>`. */
export type Known = ReadonlyMap<string, string>

const partiesSchema = z.object({ delegator: z.string(), delegate: z.string() })

/** @param pseudonym - The person's own pseudonym, if known. */
export function knownFrom(
  entries: readonly LoggedEntry[],
  grants: readonly Grant[],
  me: string,
  pseudonym: string | undefined,
): Known {
  const byId = new Map(grants.map((grant) => [grant.id, grant]))
  const known = new Map<string, string>()
  if (pseudonym !== undefined) known.set(pseudonym, me)
  const learn = (id: string, { delegator, delegate }: z.infer<typeof partiesSchema>): void => {
    const grant = byId.get(id)
    if (!grant) return
    if (delegator.startsWith('user:')) known.set(delegator, grant.delegator)
    if (delegate.startsWith('user:')) known.set(delegate, grant.delegate)
  }
  for (const { chain = [], broken = [], kind, target = '', change } of entries) {
    for (const link of [...chain, ...broken]) learn(link.grant, link)
    const parties = kind === 'grant_issued' ? partiesSchema.safeParse(change) : undefined
    if (parties?.success) learn(target, parties.data)
  }
  return known
}
