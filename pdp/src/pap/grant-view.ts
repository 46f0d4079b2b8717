/**
 * Views of grants: with a status for the API, in full for log entries.
 *
 * @module
 */
import { type GRANT_STATUSES, PROBLEMS } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { GrantBody, GrantRecord } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { grantsOnPath, type Register } from '../ports/register.ts'

type GrantStatus = (typeof GRANT_STATUSES)[number]

/** A grant with its status: only a `live` one confers authority. */
export interface GrantView {
  readonly grant: GrantRecord
  readonly status: GrantStatus
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

export function issuedEntry(grant: GrantBody, by: By, more: Readonly<Record<string, unknown>> = {}): EntryDraft {
  return { kind: 'grant_issued', ...by, owner: grant.owner, target: grant.id, change: { ...described(grant), ...more } }
}

/** The entry that cancels an issue: the grant was recorded as issued, and OpenFGA did not take it. */
export function faultEntry(grant: GrantBody, by: By): EntryDraft {
  const { status } = PROBLEMS.relations_unavailable
  return { kind: 'fault', ...by, target: grant.id, code: 'relations_unavailable', status }
}

/** The members of a grant's entry. */
function described(grant: GrantBody): Readonly<Record<string, unknown>> {
  return {
    delegator: grant.delegator,
    delegate: grant.delegate,
    ...(grant.asks ? { delegate_persona: grant.asks } : {}),
    actions: grant.actions,
    scope: grant.covers,
    expires_at: new Date(grant.expiresAt).toISOString(),
    redelegations: grant.redelegations,
    unattended: grant.unattended,
    ...(grant.parent ? { parent: grant.parent } : {}),
    ...(Object.keys(grant.atMost).length > 0 ? { at_most: grant.atMost } : {}),
    ...(Object.keys(grant.atLeast).length > 0 ? { at_least: grant.atLeast } : {}),
  }
}

/** Computes the status from the grant and all grants above it. */
export async function viewOf(
  grant: GrantRecord,
  { register, clock }: { readonly register: Pick<Register, 'byIds'>; readonly clock: Clock },
): Promise<GrantView> {
  if (grant.pending) return { grant, status: 'pending' }
  const now = clock()
  if (grant.revokedAt !== undefined) return { grant, status: 'revoked' }
  if (grant.expiresAt <= now) return { grant, status: 'expired' }
  const above = grant.path.slice(0, -1)
  const links = await grantsOnPath(register, above)
  const isEnded = links.some(({ revokedAt, expiresAt }) => revokedAt !== undefined || expiresAt <= now)
  const cut = isEnded || links.length < above.length
  return { grant, status: cut ? 'cut' : 'live' }
}
