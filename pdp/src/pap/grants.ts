/**
 * Grants: issued by owners, passed on by delegates, revoked by their parties and the delegators above (rules C1–C6, E1–E3, G2).
 *
 * @module
 */
import { type EpochMillis, type GrantRequest, type PartyRef, refuse } from '@mandate/protocol'
import type { GrantBody, GrantEnd, GrantRecord } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { type GrantFilter, grantExists, grantsOnPath, type Register } from '../ports/register.ts'
import type { Exchanged } from '../ports/stores.ts'
import type { StoreSet } from '../ports/transactions.ts'
import { actingViews, faultEntry, type GrantView, issuedEntry, viewOf } from './grant-view.ts'
import { lockKey } from './lock-keys.ts'
import {
  changeBy,
  narrowing,
  type PapDeps,
  type Principal,
  personOrAgent,
  requirePresent,
  requireStaying,
} from './pap.ts'
import { planGrant } from './plan.ts'
import {
  carryOutReplacement,
  finishReplacement,
  finishReplacementsBy,
  planReplacement,
  replacementWith,
} from './replace.ts'
import { requireRoom } from './seat-room.ts'

/** A validated issue: the grant, and the grants that it replaces or moves. */
export interface PlannedIssue {
  readonly grant: GrantBody
  /** The replaced grant first. Empty when none is replaced. */
  readonly exchanged: readonly Exchanged[]
}

/** A grant that was issued. */
export interface Issued extends GrantView {
  /** New ids of the grants that were moved under it, by old id. */
  readonly moved: Readonly<Record<string, string>>
}

/** Validates an issue; writes nothing. @throws Fault for the first rule that is broken. */
export async function planIssue(deps: PapDeps, request: GrantRequest, delegator: PartyRef): Promise<PlannedIssue> {
  const grant = await planGrant(deps, request, delegator)
  await requirePresentDeed(deps, grant)
  await requireStaying(deps, delegator, grant.delegate)
  const exchanged = await planReplacement(deps, request, grant)
  const duplicate = await deps.register.liveDuplicate(grant, deps.clock(), request.replaces)
  if (duplicate) throw grantExists(duplicate)
  await requireRoom(deps.register, grant, exchanged, deps.clock())
  return { grant, exchanged }
}

/**
 * Issues a grant: recorded first, then written to OpenFGA. When this rejects, the grant is undone; after a crash the next start completes or undoes it.
 *
 * @param request - The delegate by pseudonym.
 */
export async function issueGrant(deps: PapDeps, request: GrantRequest, by: Principal): Promise<Issued> {
  const delegator = personOrAgent(by)
  const others = [request.replaces, ...(request.moves ?? [])].filter((id) => id !== undefined)
  const keys = [lockKey.grantsBy(delegator), ...[...new Set(others)].sort().map(lockKey.grant)]
  return deps.locks.runAll(keys, async () => {
    await takeBackPending(deps, delegator, changeBy(by))
    const { grant, exchanged } = await planIssue(deps, request, delegator)
    if (exchanged.length > 0) await carryOutReplacement(deps, exchanged, delegator, changeBy(by))
    else await carryOutIssue(deps, grant, changeBy(by))
    await clearSeats(deps, grant)
    const record = { ...grant, revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }
    const moved = Object.fromEntries(exchanged.slice(1).map(({ from, to }) => [from.id, to.id]))
    return { ...(await viewOf(record, deps)), moved }
  })
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/**
 * Proposes a grant, within a transaction: other delegators may fill the delegate's seat at the same time, and an erasure may begin, on this PDP or on
 * another one.
 */
async function proposeIssue(within: StoreSet, grant: GrantBody, now: EpochMillis): Promise<void> {
  await requirePresent(within, grant.delegator, grant.delegate)
  await requireRoom(within.register, grant, [], now)
  await within.register.proposeGrant(grant, now)
}

async function carryOutIssue(deps: PapDeps, grant: GrantBody, by: By): Promise<void> {
  await deps.transaction((within) => proposeIssue(within, grant, deps.clock()))
  try {
    await deps.record([issuedEntry(grant, by)])
    await deps.authority.issue(grant)
  } catch (cause) {
    await undoGrant(deps, grant, by).catch(deps.unfinished)
    throw cause
  }
  await deps.register.completeGrant(grant.id)
}

/** Undoes grants of this delegator whose issue had no outcome: an equal grant must not be issued beside one. */
export async function takeBackPending(deps: PapDeps, delegator: PartyRef, by: By): Promise<void> {
  await finishReplacementsBy(deps, delegator, by)
  const take = (id: string): Promise<boolean> => deps.leases.take('grant', id)
  for (const grant of await deps.register.pendingGrants())
    if (grant.delegator === delegator && !(await replacementWith(deps, grant.id)) && (await take(grant.id)))
      await undoGrant(deps, grant, by)
}

/** Expired grants at one seat that are left to the sweep; more are removed at once. */
const EXPIRED_AT_SEAT = 32

/** Removes expired grants of a crowded seat: short-lived grants would accumulate until the sweep. */
async function clearSeats(deps: PapDeps, { scope, delegate }: GrantBody): Promise<void> {
  const now = deps.clock()
  const expired = (await deps.register.unsweptAt(scope, delegate)).filter(({ expiresAt }) => expiresAt <= now)
  if (expired.length > EXPIRED_AT_SEAT) deps.seatCleanup.removeExpired(expired)
}

/** @throws Fault `conflict` when the resource was transferred since it was looked up. */
async function requirePresentDeed({ intents }: PapDeps, { scope }: GrantBody): Promise<void> {
  if ('deed' in scope && (await intents.isPast(scope.deed)))
    throw refuse('conflict', 'scope: it has just changed hands. Look at it again.')
}

/** Undoes an issue that failed. Its Write may have been applied, so the grant is ended in OpenFGA if it is there. */
export async function undoGrant(
  { authority, register, record, clock }: PapDeps,
  grant: GrantBody,
  by: By,
): Promise<void> {
  if (await authority.isLive(grant)) await authority.end(grant, grant.delegator, clock(), 'not issued')
  await record([faultEntry(grant, by)])
  await register.dropGrant(grant.id)
}

/**
 * Revokes a grant and all grants below it. When this resolves, no later decision of any replica is permitted by them. The revocation takes effect before
 * it is logged: a failing log must not keep authority alive.
 */
export async function revokeGrant(deps: PapDeps, id: string, reason: string, by: Principal): Promise<GrantView> {
  const party = personOrAgent(by)
  return inTurnOfEnd(deps, id, async () => {
    await deps.narrowings.finish(lockKey.grant(id))
    const grant = (await deps.register.byId(id)) ?? (await deps.register.pendingGrant(id))
    if (!grant || !(await mayEnd(grant, party, deps.register)))
      throw refuse('grant_unknown', 'There is no such grant among yours.')
    if (grant.revokedAt !== undefined) return viewOf(grant, deps)
    const end = { by: party, at: deps.clock(), reason }
    const propose = (): Promise<void> => deps.register.proposeEnd(id, end)
    const narrowed = { what: lockKey.grant(id), turn: lockKey.grant(id) }
    await narrowing(deps, narrowed, propose, (retry) => finishEnd(deps, grant, end, changeBy(by), retry))
    return viewOf((await deps.register.byId(id)) ?? grant, deps)
  })
}

/** Runs the task holding the grant's lock; if the grant is part of a pending replacement, also the lock of that delegator's grants. */
export async function inTurnOfEnd<T>(deps: PapDeps, id: string, task: () => Promise<T>): Promise<T> {
  for (;;) {
    const replacer = (await replacementWith(deps, id))?.by
    const keys = [...(replacer ? [lockKey.grantsBy(replacer)] : []), lockKey.grant(id)]
    const end = async (): Promise<{ readonly result: T } | undefined> => {
      const now = (await replacementWith(deps, id))?.by
      return now === undefined || now === replacer ? { result: await task() } : undefined
    }
    const done = await deps.locks.runAll(keys, end, 'first')
    if (done) return done.result
  }
}

/**
 * Completes a pending end; it stays pending until its entry is recorded. If a pending replacement turns out to be carried out, the successor is ended:
 * the caller did not know of it.
 */
export async function finishEnd(
  deps: PapDeps,
  grant: GrantRecord,
  end: GrantEnd,
  by: By,
  beforeCompletion?: () => Promise<void>,
): Promise<void> {
  const replacement = await replacementWith(deps, grant.id)
  if (!replacement) return endOne(deps, grant, end, by, beforeCompletion)
  if (!(await finishReplacement(deps, replacement, by))) {
    // The replacement had the lease on the end.
    await deps.register.proposeEnd(grant.id, end)
    return endOne(deps, grant, end, by)
  }
  const successor = replacement.exchanged.find(({ from }) => from.id === grant.id)?.to
  const record = await deps.register.byId(successor?.id ?? grant.id)
  if (!record || record.revokedAt !== undefined || !(await mayEnd(record, end.by, deps.register))) return
  await deps.register.proposeEnd(record.id, end)
  await endOne(deps, record, end, by)
}

async function endOne(
  { authority, leases, register, record, seatCleanup }: PapDeps,
  grant: GrantRecord,
  end: GrantEnd,
  by: By,
  beforeCompletion?: () => Promise<void>,
): Promise<void> {
  if (grant.pending) await leases.require('grant', grant.id)
  // A pending grant may or may not be in OpenFGA.
  if (!grant.pending || (await authority.isLive(grant)))
    await authority.end(grant, end.by, end.at, endCode(grant, end.by))
  await record([{ kind: 'grant_revoked', ...by, owner: grant.owner, target: grant.id, change: { by: end.by } }])
  await beforeCompletion?.()
  if (grant.pending) await register.completeGrant(grant.id)
  await register.endGrant(grant.id, end)
  seatCleanup.removeBelow([grant.id])
}

/** OpenFGA stores a code: the person's words must be erasable, so only the database has them. */
const endCode = (grant: GrantBody, by: PartyRef): string => (by === grant.delegate ? 'renounced' : 'revoked')

/** Delegate, delegator, owner, and every delegator above may end a grant; an agent only as delegate or delegator (rules A6, E1). */
async function mayEnd(grant: GrantRecord, party: PartyRef, register: Register): Promise<boolean> {
  if (party === grant.delegate || party === grant.delegator || party === grant.owner) return true
  return party.startsWith('user:') && isDelegatorOn(grant, party, register)
}

const isDelegatorOn = async ({ path }: GrantRecord, party: PartyRef, register: Register): Promise<boolean> =>
  (await grantsOnPath(register, path)).some(({ delegator }) => delegator === party)

/** One grant with its chain. For its parties and auditors. */
export async function readGrant(
  deps: PapDeps,
  id: string,
  by: Principal,
): Promise<{ readonly view: GrantView; readonly chain: readonly GrantRecord[] }> {
  if (by.actor !== undefined) personOrAgent(by)
  const grant = (await deps.register.byId(id)) ?? (await deps.register.pendingGrant(id))
  const isAuditor = by.roles.includes('auditor')
  const entitled = isAuditor || (grant && by.party && (await isParty(grant, by.party, deps.register)))
  if (!grant || !entitled) throw refuse('grant_unknown', 'There is no such grant among yours.')
  return { view: await actingViews(deps)(grant), chain: await grantsOnPath(deps.register, grant.path) }
}

const isParty = async (grant: GrantRecord, party: PartyRef, register: Register): Promise<boolean> =>
  [grant.delegate, grant.delegator, grant.owner].includes(party) || isDelegatorOn(grant, party, register)

/** A page of grants, newest first: the caller's own, for auditors all. */
export async function listGrants(
  deps: PapDeps,
  filter: Omit<GrantFilter, 'party' | 'now'>,
  by: Principal,
): Promise<readonly GrantView[]> {
  const own = by.party
  const auditor = by.roles.includes('auditor')
  if (!auditor) {
    if (!own) throw refuse('forbidden', 'A service is no party to a grant.')
    personOrAgent(by)
    const named = [filter.delegator, filter.delegate, filter.owner].filter((party) => party !== undefined)
    if (named.length > 0 && !named.includes(own))
      throw refuse('forbidden', 'You may list grants that you are a party to.')
  }
  const now = deps.clock()
  const views: GrantView[] = []
  const view = actingViews(deps)
  // Whether a grant above has ended is not in the row, so filtered pages are filled up with further rows.
  for (let before = filter.before; ; ) {
    const grants = await deps.register.grants({
      ...filter,
      before,
      party: auditor ? undefined : own,
      pending: true,
      now,
    })
    for (const grant of grants) {
      const seen = await view(grant)
      if (filter.ended || seen.status === 'live' || seen.status === 'pending') views.push(seen)
    }
    before = grants.at(-1)?.id
    if (views.length >= filter.limit || grants.length < filter.limit) return views.slice(0, filter.limit)
  }
}
