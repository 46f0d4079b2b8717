/**
 * Invitations on the wire (rule C7): how two people who do not know each other's ids come to be delegator and delegate.
 *
 * @module
 */
import { z } from 'zod'
import { grantRequestSchema } from './grant.ts'
import { instantSchema } from './id.ts'
import { partySchema } from './party.ts'

/** How many may be open a person at the same time, and how long each may be redeemed, and then confirmed, in seconds. */
export const MAX_INVITATIONS = 20
export const INVITATION_LIFETIME = 86_400

/** A grant that waits for its delegate; it starts when the inviter confirms who that is. */
export const invitedGrantSchema = grantRequestSchema
  .omit({ delegate: true, replaces: true, moves: true })
  .extend({ actions: z.array(z.string()).default(['read']) })
  .meta({ id: 'InvitedGrant', description: 'A grant that waits for its delegate.' })
export type InvitedGrant = z.infer<typeof invitedGrantSchema>

/** `POST /v1/invitations`. */
export const invitationRequestSchema = z.strictObject({ grant: invitedGrantSchema.optional() })

/** `POST /v1/invitations/redeem`. A code stands in a body, never in a URL. */
export const redeemRequestSchema = z.strictObject({ code: z.string().min(1).max(128) })

/** `POST /v1/invitations/{id}/confirm`: the inviter names who it is that they saw, so that nobody else is confirmed by mistake. */
export const confirmRequestSchema = z.strictObject({ redeemer: partySchema })

export const INVITATION_STATUSES = ['open', 'redeemed', 'confirmed', 'withdrawn', 'expired'] as const
export type InvitationStatus = (typeof INVITATION_STATUSES)[number]

/** To the inviter with its grant and, once it is redeemed, the redeemer; to the redeemer with the inviter and no more. */
export const invitationSchema = z
  .object({
    id: z.string(),
    status: z.enum(INVITATION_STATUSES),
    created_at: instantSchema,
    expires_at: instantSchema.describe('Until when it may be redeemed, and then confirmed.'),
    inviter: z.string(),
    redeemer: z.string().optional(),
    grant: invitedGrantSchema.optional(),
    grant_id: z.string().optional().describe('The grant that started, once it is confirmed.'),
    code: z.string().optional().describe('Shown once, to whoever invites.'),
  })
  .meta({ id: 'Invitation' })
export type Invitation = z.infer<typeof invitationSchema>
