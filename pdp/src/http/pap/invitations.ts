/**
 * `/v1/invitations` (PAP, rule C7).
 *
 * @module
 */
import {
  confirmRequestSchema,
  type Invitation,
  invitationRequestSchema,
  type PartyRef,
  redeemRequestSchema,
  refuse,
} from '@mandate/protocol'
import type { Router } from 'express'
import { confirm, invite, listInvitations, redeem, statusAt, withdraw } from '../../pap/invitations.ts'
import type { InvitationRecord } from '../../ports/stores.ts'
import { principalOf } from '../exchange.ts'
import { param, parse } from '../parse.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function invitationRoutes(router: Router, deps: PapRouteDeps): void {
  const { pseudonymizer } = deps
  const shown = (invitation: InvitationRecord, to: PartyRef | undefined) => shownInvitation(deps, invitation, to)
  router.post('/invitations', async (req, res) => {
    const { grant } = parse(invitationRequestSchema, req.body ?? {})
    refuseSubs(pseudonymizer, { 'grant.delegate_persona': grant?.delegate_persona?.split('/')[1] })
    const by = principalOf(res)
    const { invitation, code } = await invite(deps, grant, by)
    res.status(201).json({ ...shown(invitation, by.party), code })
  })
  router.get('/invitations', (_req, res) => {
    const by = principalOf(res)
    res.json({ items: listInvitations(deps, by).map((invitation) => shown(invitation, by.party)) })
  })
  router.post('/invitations/redeem', async (req, res) => {
    if (Object.keys(req.query).length > 0)
      throw refuse('invalid_request', 'A code stands in the body, never in the address.')
    const { code } = parse(redeemRequestSchema, req.body)
    const by = principalOf(res)
    res.json(shown(await redeem(deps, code, by), by.party))
  })
  router.post('/invitations/:id/confirm', async (req, res) => {
    const { redeemer } = parse(confirmRequestSchema, req.body)
    const by = principalOf(res)
    const party = pseudonymizer.toInternalKnown(redeemer) ?? 'user:unknown'
    res.json(shown(await confirm(deps, param(req.params.id, 'id'), party, by), by.party))
  })
  router.delete('/invitations/:id', async (req, res) => {
    await withdraw(deps, param(req.params.id, 'id'), principalOf(res))
    res.status(204).end()
  })
}

/** Each side learns the other's id and no more: what was offered is the inviter's to see until it starts. */
export function shownInvitation(
  { pseudonymizer, clock }: PapRouteDeps,
  invitation: InvitationRecord,
  to: PartyRef | undefined,
): Invitation {
  const { id, inviter, redeemer, grant, grantId, createdAt, expiresAt } = invitation
  const mine = inviter === to
  return {
    id,
    status: statusAt(invitation, clock()),
    created_at: instant(createdAt),
    expires_at: instant(expiresAt),
    inviter: pseudonymizer.toExternal(inviter),
    ...(redeemer ? { redeemer: pseudonymizer.toExternal(redeemer) } : {}),
    ...(grant && mine ? { grant } : {}),
    ...(grantId ? { grant_id: grantId } : {}),
  }
}
