/**
 * Views of grants: with a status for the API, in full for log entries.
 *
 * @module
 */
import { type GRANT_STATUSES, PROBLEMS } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import { loggedTermsOf } from '../ports/grant-fields.ts'
import type { GrantBody, GrantRecord } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { grantsOnPath, type Register } from '../ports/register.ts'
import type { PapDeps } from './pap.ts'
import { type ActingFacts, actingFactsOf, type Withheld, withheldOf } from './withheld.ts'

type GrantStatus = (typeof GRANT_STATUSES)[number]

/** A grant with its status: only a `live` one confers authority. */
export interface GrantView {
  readonly grant: GrantRecord
  readonly status: GrantStatus
  /** Of a live grant that was listed or read; absent elsewhere. */
  readonly withheld?: readonly Withheld[]
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

export function issuedEntry(grant: GrantBody, by: By, more: Readonly<Record<string, unknown>> = {}): EntryDraft {
  return {
    kind: 'grant_issued',
    ...by,
    owner: grant.owner,
    target: grant.id,
    change: { ...loggedTermsOf(grant), ...more },
  }
}

/** The entry that cancels an issue: the grant was recorded as issued, and OpenFGA did not take it. */
export function faultEntry(grant: GrantBody, by: By): EntryDraft {
  const { status } = PROBLEMS.relations_unavailable
  return { kind: 'fault', ...by, target: grant.id, code: 'relations_unavailable', status }
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

/** Adds to views why a live grant cannot be used now. One for each request: it reads every agent and persona once. */
export function actingViews(deps: PapDeps): (grant: GrantRecord) => Promise<GrantView> {
  const facts: ActingFacts = actingFactsOf(deps)
  return async (grant) => {
    const view = await viewOf(grant, deps)
    return view.status === 'live' ? { ...view, withheld: await withheldOf(grant, facts, deps) } : view
  }
}
