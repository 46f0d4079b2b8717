/**
 * Grants: issued by owners, passed on by delegates, revoked by whoever stands above (rules C1–C6, E1–E3, G2).
 *
 * @module
 */
import { type GrantRequest, type PartyRef, PROBLEMS, refuse } from '@mandate/protocol'
import type { Clock, GrantBody, GrantFilter, GrantRecord, Register } from '../ports.ts'
import { changeBy, type PapDeps, type Principal, person, personOrAgent } from './pap.ts'
import { planGrant } from './plan.ts'

/** A grant, and whether it confers anything now. */
export interface GrantView {
  readonly grant: GrantRecord
  readonly status: 'live' | 'expired' | 'revoked' | 'cut'
}

/**
 * Issues a grant. Nothing of it exists when this rejects: the entry comes first, then the tuples; what a crash leaves half done is
 * settled at the next start.
 *
 * @param request - The delegate already by pseudonym.
 */
export async function issueGrant(deps: PapDeps, request: GrantRequest, by: Principal): Promise<GrantView> {
  const delegator = personOrAgent(by)
  const grant = await planGrant(deps, request, delegator)
  const twin = deps.register.liveTwin(grant, deps.clock())
  if (twin) throw refuse('grant_exists', `The same grant is live already: ${twin}.`, { grant: twin })
  deps.register.proposeGrant(grant)
  try {
    await deps.record([
      { kind: 'grant_issued', ...changeBy(by), owner: grant.owner, target: grant.id, change: described(grant) },
    ])
    await deps.authority.issue(grant)
  } catch (cause) {
    await undoProposal(deps, grant, by)
    throw cause
  }
  deps.register.settleGrant(grant.id)
  return viewOf({ ...grant, revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }, deps)
}

/** A write that failed may still have landed. What cannot be settled now is settled at the next start. */
async function undoProposal(deps: PapDeps, grant: GrantBody, by: Principal): Promise<void> {
  const gone = await deps.authority
    .isLive(grant)
    .then((live) => !live || deps.authority.end(grant, grant.delegator, deps.clock(), 'not issued'))
    .catch(() => false)
  if (gone) deps.register.dropGrant(grant.id)
  // The log may be the very thing that failed: then there is no entry to correct.
  await deps
    .record([
      {
        kind: 'fault',
        ...changeBy(by),
        target: grant.id,
        code: 'relations_unavailable',
        status: PROBLEMS.relations_unavailable.status,
      },
    ])
    .catch(() => undefined)
}

/** Everything about a grant that its entry keeps. */
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

/**
 * Ends a grant and all below it. When this resolves, no later decision anywhere is permitted by it. Authority goes first and the entry
 * second: a log that cannot be written must not keep authority alive.
 */
export async function revokeGrant(deps: PapDeps, id: string, reason: string, by: Principal): Promise<GrantView> {
  const party = by.party?.startsWith('agent:') ? personOrAgent(by) : person(by)
  const grant = deps.register.byId(id)
  if (!grant || !mayEnd(grant, party, deps.register))
    throw refuse('grant_unknown', 'There is no such grant among yours.')
  if (grant.revokedAt !== undefined) return viewOf(grant, deps)
  const end = { by: party, at: deps.clock(), reason }
  deps.register.proposeEnd(id, end)
  await deps.authority.end(grant, party, end.at, endCode(grant, party))
  deps.register.endGrant(id, end)
  await deps.record([{ kind: 'grant_revoked', ...changeBy(by), owner: grant.owner, target: id, change: { by: party } }])
  return viewOf(deps.register.byId(id) ?? grant, deps)
}

/** What the store keeps of an end: a code, since a person's words must be erasable. */
export const endCode = (grant: GrantBody, by: PartyRef): string => (by === grant.delegate ? 'renounced' : 'revoked')

/** Its delegator, any delegator above, the owner, and its delegate; an agent only what it holds or gave (rules A6, E1). */
function mayEnd(grant: GrantRecord, party: PartyRef, register: Register): boolean {
  if (party === grant.delegate || party === grant.delegator || party === grant.owner) return true
  return party.startsWith('user:') && grant.path.some((id) => register.byId(id)?.delegator === party)
}

/** One grant with its chain, for its parties and auditors. */
export function readGrant(
  deps: PapDeps,
  id: string,
  by: Principal,
): { readonly view: GrantView; readonly chain: readonly GrantRecord[] } {
  const grant = deps.register.byId(id)
  const entitled = by.roles.includes('auditor') || (grant && by.party && isParty(grant, by.party, deps.register))
  if (!grant || !entitled) throw refuse('grant_unknown', 'There is no such grant among yours.')
  return { view: viewOf(grant, deps), chain: grant.path.flatMap((link) => deps.register.byId(link) ?? []) }
}

const isParty = (grant: GrantRecord, party: PartyRef, register: Register): boolean =>
  [grant.delegate, grant.delegator, grant.owner].includes(party) ||
  grant.path.some((id) => register.byId(id)?.delegator === party)

/** A page of grants, newest first: one's own for everybody, anybody's for auditors. */
export function listGrants(
  deps: PapDeps,
  filter: Omit<GrantFilter, 'party' | 'now'>,
  by: Principal,
): readonly GrantView[] {
  const own = by.party
  const auditor = by.roles.includes('auditor')
  if (!auditor) {
    if (!own) throw refuse('forbidden', 'A service is no party to a grant.')
    const named = [filter.delegator, filter.delegate, filter.owner].filter((party) => party !== undefined)
    if (named.length > 0 && !named.includes(own))
      throw refuse('forbidden', 'You may list grants that you are a party to.')
  }
  const now = deps.clock()
  const grants = deps.register.grants({ ...filter, party: auditor ? undefined : own, now })
  return grants.map((grant) => viewOf(grant, deps)).filter((view) => filter.ended || view.status === 'live')
}

/** Looks at the grant's own end and at those of every grant above it. */
export function viewOf(
  grant: GrantRecord,
  { register, clock }: { readonly register: Register; readonly clock: Clock },
): GrantView {
  const now = clock()
  if (grant.revokedAt !== undefined) return { grant, status: 'revoked' }
  if (grant.expiresAt <= now) return { grant, status: 'expired' }
  const above = grant.path.slice(0, -1).map((id) => register.byId(id))
  const cut = above.some((link) => link === undefined || link.revokedAt !== undefined || link.expiresAt <= now)
  return { grant, status: cut ? 'cut' : 'live' }
}
