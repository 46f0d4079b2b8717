/**
 * Invitations (rule C7): a code that can be redeemed once within a day, and a grant that is issued when the inviter confirms who redeemed it.
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
import type { WrongCodes } from '../ports/rates.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { InvitationRecord, Invitations } from '../ports/stores.ts'
import { issueGrant } from './grants.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, type PapDeps, type Principal, person } from './pap.ts'
import { planGrant, SOMEBODY } from './plan.ts'

export interface InvitationDeps extends PapDeps {
  readonly invitations: Invitations
  readonly wrongCodes: WrongCodes
}

/** 192 bits: too many to guess, so the hash needs no salt. */
const CODE_BYTES = 24
const LIFETIME_MS = INVITATION_LIFETIME * 1_000

/** Creates an invitation. Only this result contains the code. */
export async function invite(
  deps: InvitationDeps,
  grant: InvitedGrant | undefined,
  by: Principal,
): Promise<{ readonly invitation: InvitationRecord; readonly code: string }> {
  const inviter = person(by)
  return deps.locks.run(lockKey.invitationsOf(inviter), async () => {
    // A grant that is invalid for every delegate is rejected now, not at the confirmation.
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
 * Redeems a code. Wrong, used, withdrawn and expired codes get the same fault. After ten of them within a minute the caller is rate limited.
 */
export async function redeem(deps: InvitationDeps, code: string, by: Principal): Promise<InvitationRecord> {
  const redeemer = person(by)
  const isRight = await deps.wrongCodes.attempt(redeemer)
  const found = await deps.invitations.byCode(hashOf(code))
  if (!found || statusAt(found, deps.clock()) !== 'open') throw unknownCode()
  await isRight()
  if (found.inviter === redeemer) throw refuse('conflict', 'Nobody redeems an invitation of their own.')
  return deps.locks.run(lockKey.invitation(found.id), async () => {
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

/** Confirms the person who redeemed the invitation, and issues its grant. Idempotent. */
export async function confirm(
  deps: InvitationDeps,
  id: string,
  redeemer: PartyRef,
  by: Principal,
): Promise<InvitationRecord> {
  const inviter = person(by)
  return deps.locks.run(lockKey.invitation(id), async () => {
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

/** Issues the grant, unless an interrupted confirmation has done so. */
async function startGrant(deps: PapDeps, grant: InvitedGrant, delegate: PartyRef, by: Principal): Promise<string> {
  try {
    return (await issueGrant(deps, { ...grant, delegate }, by)).grant.id
  } catch (error) {
    const twin = error instanceof Fault && error.code === 'grant_exists' ? error.members?.['grant'] : undefined
    if (typeof twin === 'string') return twin
    throw error
  }
}

/** Withdraws an invitation. Either side may, until it is confirmed. Idempotent. */
export async function withdraw(deps: InvitationDeps, id: string, by: Principal): Promise<void> {
  const party = person(by)
  await deps.locks.run(lockKey.invitation(id), async () => {
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

/** The caller's invitations, sent and redeemed, newest first. */
export async function listInvitations(deps: InvitationDeps, by: Principal): Promise<readonly InvitationRecord[]> {
  return deps.invitations.of(person(by))
}

/** `expired` for an invitation that was not redeemed or not confirmed in time. */
export function statusAt({ status, expiresAt }: InvitationRecord, now: EpochMillis): InvitationStatus {
  return (status === 'open' || status === 'redeemed') && expiresAt <= now ? 'expired' : status
}

const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url')

/** Names both sides, so that both find the entry. */
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
