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
import { confirm, invite, listInvitations, redeem, statusAt, withdraw } from '../../pap/invitations.ts'
import type { InvitationRecord } from '../../ports/stores.ts'
import { principalOf } from '../exchange.ts'
import type { IdsOf, OperationHandlers } from '../handlers.ts'
import type { INVITATION_OPERATIONS } from '../openapi/grants.ts'
import { param, parse } from '../parse.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function invitationHandlers(deps: PapRouteDeps): OperationHandlers<IdsOf<typeof INVITATION_OPERATIONS>> {
  const { pseudonymizer } = deps
  const shown = (invitation: InvitationRecord, to: PartyRef | undefined) => shownInvitation(deps, invitation, to)
  return {
    invite: async (req, res) => {
      const { grant } = parse(invitationRequestSchema, req.body ?? {})
      await refuseSubs(pseudonymizer, { 'grant.delegate_persona': grant?.delegate_persona?.split('/')[1] })
      const by = principalOf(res)
      const { invitation, code } = await invite(deps, grant, by)
      res.status(201).json({ ...(await shown(invitation, by.party)), code })
    },
    listInvitations: async (_req, res) => {
      const by = principalOf(res)
      const invitations = await listInvitations(deps, by)
      res.json({ items: await Promise.all(invitations.map((invitation) => shown(invitation, by.party))) })
    },
    redeemInvitation: async (req, res) => {
      if (Object.keys(req.query).length > 0)
        throw refuse('invalid_request', 'Send the code in the body, never in the URL.')
      const { code } = parse(redeemRequestSchema, req.body)
      const by = principalOf(res)
      res.json(await shown(await redeem(deps, code, by), by.party))
    },
    confirmInvitation: async (req, res) => {
      const { redeemer } = parse(confirmRequestSchema, req.body)
      const by = principalOf(res)
      const party = (await pseudonymizer.toInternalKnown(redeemer)) ?? 'user:unknown'
      res.json(await shown(await confirm(deps, param(req.params['id'], 'id'), party, by), by.party))
    },
    withdrawInvitation: async (req, res) => {
      await withdraw(deps, param(req.params['id'], 'id'), principalOf(res))
      res.status(204).end()
    },
  }
}

/** Maps an invitation for its reader. Each side sees the other's id; only the inviter sees the grant until it takes effect. */
export async function shownInvitation(
  { pseudonymizer, clock }: PapRouteDeps,
  invitation: InvitationRecord,
  to: PartyRef | undefined,
): Promise<Invitation> {
  const { id, inviter, redeemer, grant, grantId, createdAt, expiresAt } = invitation
  const mine = inviter === to
  return {
    id,
    status: statusAt(invitation, clock()),
    created_at: instant(createdAt),
    expires_at: instant(expiresAt),
    inviter: await pseudonymizer.toExternal(inviter),
    ...(redeemer ? { redeemer: await pseudonymizer.toExternal(redeemer) } : {}),
    ...(grant && mine ? { grant } : {}),
    ...(grantId ? { grant_id: grantId } : {}),
  }
}
