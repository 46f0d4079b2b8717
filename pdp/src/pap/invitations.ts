/**
 * Invitations (rule C7): a code that is good once and for a day, and a grant that starts when the inviter has seen who took it.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  type EpochMillis,
  Fault,
  INVITATION_LIFETIME,
  type InvitationStatus,
  type InvitedGrant,
  MAX_INVITATIONS,
  type PartyRef,
  refuse,
} from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { InvitationRecord, Invitations } from '../ports/stores.ts'
import { issueGrant } from './grants.ts'
import { mutexKey } from './keyed-mutex.ts'
import { changeBy, type PapDeps, type Principal, person } from './pap.ts'
import { planGrant, SOMEBODY } from './plan.ts'

export interface InvitationDeps extends PapDeps {
  readonly invitations: Invitations
  readonly wrongCodes: WrongCodes
}

/** 192 bits: nobody guesses one, and its hash needs no salt. */
const CODE_BYTES = 24
const LIFETIME_MS = INVITATION_LIFETIME * 1_000

/** Invites somebody. The code is in the answer and nowhere else. */
export async function invite(
  deps: InvitationDeps,
  grant: InvitedGrant | undefined,
  by: Principal,
): Promise<{ readonly invitation: InvitationRecord; readonly code: string }> {
  const inviter = person(by)
  return deps.mutex.run(mutexKey.invitationsOf(inviter), async () => {
    // What could not be given to anybody is refused now, not when somebody has come.
    if (grant) await planGrant(deps, { ...grant, delegate: SOMEBODY }, inviter)
    const now = deps.clock()
    const sent = await deps.invitations.of(inviter)
    const open = sent.filter((one) => one.inviter === inviter && statusAt(one, now) === 'open')
    if (open.length >= MAX_INVITATIONS)
      throw refuse('conflict', `At most ${MAX_INVITATIONS} open invitations a person; withdraw one first.`)
    const code = `mi_${randomBytes(CODE_BYTES).toString('base64url')}`
    const invitation: InvitationRecord = {
      id: deps.newId(),
      inviter,
      status: 'open',
      grant,
      redeemer: undefined,
      grantId: undefined,
      createdAt: now,
      expiresAt: now + LIFETIME_MS,
    }
    await deps.record([entryOf(invitation, by)])
    await deps.invitations.add(invitation, hashOf(code))
    return { invitation, code }
  })
}

/**
 * Redeems a code, once. A code that is wrong, used, withdrawn or too old is unknown, all alike; after ten of them in a minute a caller waits.
 */
export async function redeem(deps: InvitationDeps, code: string, by: Principal): Promise<InvitationRecord> {
  const redeemer = person(by)
  deps.wrongCodes.requireFew(redeemer)
  const found = await deps.invitations.byCode(hashOf(code))
  if (!found || statusAt(found, deps.clock()) !== 'open') {
    deps.wrongCodes.count(redeemer)
    throw unknownCode()
  }
  if (found.inviter === redeemer) throw refuse('conflict', 'Nobody redeems an invitation of their own.')
  return deps.mutex.run(mutexKey.invitation(found.id), async () => {
    const now = deps.clock()
    const invitation = await deps.invitations.byId(found.id)
    if (!invitation || statusAt(invitation, now) !== 'open') throw unknownCode()
    const redeemed: InvitationRecord = { ...invitation, status: 'redeemed', redeemer, expiresAt: now + LIFETIME_MS }
    await deps.record([entryOf(redeemed, by)])
    if (!(await deps.invitations.change(redeemed, invitation.status))) throw unknownCode()
    return redeemed
  })
}

const unknownCode = () => refuse('invitation_unknown', 'No open invitation has that code.')

/** Confirms who redeemed it; a grant that it carries starts now. Confirming twice is no change. */
export async function confirm(
  deps: InvitationDeps,
  id: string,
  redeemer: PartyRef,
  by: Principal,
): Promise<InvitationRecord> {
  const inviter = person(by)
  return deps.mutex.run(mutexKey.invitation(id), async () => {
    const invitation = await deps.invitations.byId(id)
    if (!invitation || invitation.inviter !== inviter) throw unknownInvitation()
    if (invitation.redeemer !== redeemer) throw refuse('conflict', 'redeemer: is not who redeemed this invitation.')
    if (invitation.status === 'confirmed') return invitation
    const status = statusAt(invitation, deps.clock())
    if (status !== 'redeemed') throw refuse('conflict', `An invitation that is ${status} cannot be confirmed.`)
    const grantId = invitation.grant && (await startGrant(deps, invitation.grant, redeemer, by))
    const confirmed: InvitationRecord = { ...invitation, status: 'confirmed', grantId }
    await deps.record([entryOf(confirmed, by)])
    await requireChanged(deps, confirmed, invitation)
    return confirmed
  })
}

/** A try that was interrupted after the grant had started finds it there. */
async function startGrant(deps: PapDeps, grant: InvitedGrant, delegate: PartyRef, by: Principal): Promise<string> {
  try {
    return (await issueGrant(deps, { ...grant, delegate }, by)).grant.id
  } catch (error) {
    const twin = error instanceof Fault && error.code === 'grant_exists' ? error.members?.['grant'] : undefined
    if (typeof twin === 'string') return twin
    throw error
  }
}

/** Takes an invitation back, by whoever invited or redeemed it; what has been confirmed stays. Again is no error. */
export async function withdraw(deps: InvitationDeps, id: string, by: Principal): Promise<void> {
  const party = person(by)
  await deps.mutex.run(mutexKey.invitation(id), async () => {
    const invitation = await deps.invitations.byId(id)
    if (!invitation || ![invitation.inviter, invitation.redeemer].includes(party)) throw unknownInvitation()
    if (invitation.status === 'withdrawn') return
    if (invitation.status === 'confirmed')
      throw refuse('conflict', 'It is confirmed: revoke the grant that it started instead.')
    const withdrawn: InvitationRecord = { ...invitation, status: 'withdrawn' }
    await requireChanged(deps, withdrawn, invitation)
    await deps.record([entryOf(withdrawn, by)])
  })
}

/** @throws Fault `conflict` when its status is no longer what was read. */
async function requireChanged(
  { invitations }: InvitationDeps,
  to: InvitationRecord,
  from: InvitationRecord,
): Promise<void> {
  if (!(await invitations.change(to, from.status)))
    throw refuse('conflict', 'The invitation is being changed at the same time. Try again.')
}

const unknownInvitation = () => refuse('not_found', 'There is no such invitation among yours.')

/** Those one sent and those one redeemed, newest first. */
export async function listInvitations(deps: InvitationDeps, by: Principal): Promise<readonly InvitationRecord[]> {
  return deps.invitations.of(person(by))
}

/** An invitation that nobody took or confirmed in time has expired. */
export function statusAt({ status, expiresAt }: InvitationRecord, now: EpochMillis): InvitationStatus {
  return (status === 'open' || status === 'redeemed') && expiresAt <= now ? 'expired' : status
}

const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url')

/** Both sides find it in the log. */
function entryOf({ id, inviter, redeemer, status, grantId }: InvitationRecord, by: Principal): EntryDraft {
  return {
    kind: 'invitation_changed',
    ...changeBy(by),
    owner: inviter,
    ...(redeemer ? { subject: redeemer } : {}),
    target: id,
    change: { status, ...(grantId ? { grant: grantId } : {}) },
  }
}

const MINUTE_MS = 60_000
const MOST_WRONG = 10
/** How many callers are remembered; the one who has been quiet longest is forgotten first. */
const CALLERS = 10_000

/** Wrong codes of the last minute, by caller. Lost with the process: at 192 bits a code this is about noise, not about guessing. */
export class WrongCodes {
  readonly #clock: Clock
  readonly #at = new Map<PartyRef, readonly EpochMillis[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws Fault `too_many_requests`, right code or wrong. */
  requireFew(caller: PartyRef): void {
    if (this.#recent(caller).length < MOST_WRONG) return
    throw refuse('too_many_requests', 'Too many wrong codes. Wait a minute.')
  }

  count(caller: PartyRef): void {
    const recent = [...this.#recent(caller), this.#clock()]
    this.#at.delete(caller)
    this.#at.set(caller, recent)
    const [oldest] = this.#at.keys()
    if (this.#at.size > CALLERS && oldest) this.#at.delete(oldest)
  }

  #recent(caller: PartyRef): readonly EpochMillis[] {
    const since = this.#clock() - MINUTE_MS
    return (this.#at.get(caller) ?? []).filter((at) => at > since)
  }
}
