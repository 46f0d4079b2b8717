/**
 * Operations on invitations, which connect two people who do not know each other's ids. Names that are given here stay on this machine.
 *
 * @module
 */
import { invitationSchema } from '@mandate/protocol'
import { z } from 'zod'
import { invitationCodeIn } from '../shared/invitation-link.ts'
import { part } from './api.ts'
import type { Handlers } from './handlers.ts'
import { CallProblem } from './problems.ts'

type Names =
  | 'invitations.list'
  | 'invitations.create'
  | 'invitations.redeem'
  | 'invitations.confirm'
  | 'invitations.withdraw'

const listSchema = z.object({ items: z.array(invitationSchema) })

export const invitationHandlers: Handlers<Names> = {
  'invitations.list': (_input, { api }) => api.call('pdp', { path: '/v1/invitations' }, listSchema),
  'invitations.create': async (body, { api, emit }) => {
    const made = await api.call('pdp', { method: 'POST', path: '/v1/invitations', body }, invitationSchema)
    emit('changed', { what: 'invitations' })
    return made
  },
  'invitations.redeem': async ({ code: typed, name }, { api, contacts, emit }) => {
    const code = invitationCodeIn(typed)
    if (code === undefined) {
      throw new CallProblem('invitation_unknown', 'That is not an invitation code.', { field: 'code' })
    }
    // Checked first: a code works once.
    if (name !== undefined) contacts.checkName(name)
    const path = '/v1/invitations/redeem'
    const redeemed = await api.call('pdp', { method: 'POST', path, body: { code } }, invitationSchema)
    if (name !== undefined) await contacts.name(redeemed.inviter, name)
    emit('changed', { what: 'invitations' })
    return redeemed
  },
  'invitations.confirm': async ({ id, redeemer, name }, { api, contacts, emit }) => {
    if (name !== undefined) contacts.checkName(name)
    const path = `/v1/invitations/${part(id)}/confirm`
    const confirmed = await api.call('pdp', { method: 'POST', path, body: { redeemer } }, invitationSchema)
    if (name !== undefined) await contacts.name(redeemer, name)
    emit('changed', { what: 'invitations' })
    if (confirmed.grant_id !== undefined) emit('changed', { what: 'grants' })
    return confirmed
  },
  'invitations.withdraw': async ({ id }, { api, emit }) => {
    await api.text('pdp', { method: 'DELETE', path: `/v1/invitations/${part(id)}` })
    emit('changed', { what: 'invitations' })
  },
}
