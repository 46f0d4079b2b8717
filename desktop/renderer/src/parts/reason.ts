/**
 * Texts of a reason by who reads it. Pure.
 *
 * @module
 */
import type { Reason } from '@mandate/protocol'
import { type Domains, reasonText } from '@mandate/ui'

/**
 * The reason in the owner's words. A response words it for the person who asked, who need not be the owner.
 *
 * @param domain - The domain of the decision, where it is known.
 * @returns The reason unchanged, where its code has no text for owners.
 */
export function wordedForOwner(reason: Reason, domains: Domains, domain?: Domains[number]): Reason {
  const { owner, owner_cure: cure } = reasonText(reason.code, domains, domain) ?? {}
  if (owner === undefined) return reason
  const { cure: _forOthers, ...rest } = reason
  return { ...rest, reason_user: owner, ...(cure ? { cure } : {}) }
}
