/**
 * Invitations on the wire (rule C7): they make a grant possible between two people who do not know each other's ids.
 *
 * @module
 */
import { z } from 'zod'
import { grantRequestSchema } from './grant.ts'
import { instantSchema } from './id.ts'
import { partySchema } from './party.ts'

/** Maximum number of open invitations per person. */
export const MAX_INVITATIONS = 20
/** Time in which an invitation can be redeemed, and then again in which it can be confirmed, in seconds. */
export const INVITATION_LIFETIME = 86_400

/** A grant request without a delegate. The grant is issued when the inviter confirms the redeemer as its delegate. */
export const invitedGrantSchema = grantRequestSchema
  .omit({ delegate: true, replaces: true, moves: true })
  .extend({ actions: z.array(z.string()).default(['read']) })
  .meta({ id: 'InvitedGrant', description: 'A grant request whose delegate is not known yet.' })
/** A parsed {@link invitedGrantSchema}. */
export type InvitedGrant = z.infer<typeof invitedGrantSchema>

/** Body of `POST /v1/invitations`. Without `grant`, the two people only learn each other's ids. */
export const invitationRequestSchema = z.strictObject({ grant: invitedGrantSchema.optional() })

/** Body of `POST /v1/invitations/redeem`. The code is a secret, so it is in the body and never in a URL. */
export const redeemRequestSchema = z.strictObject({ code: z.string().min(1).max(128) })

/** Body of `POST /v1/invitations/{id}/confirm`: the inviter repeats the redeemer's id, so that a redeemer who changed meanwhile is not confirmed. */
export const confirmRequestSchema = z.strictObject({ redeemer: partySchema })

/** Statuses of an invitation. `withdrawn`: by the inviter. `expired`: not redeemed or not confirmed in time. */
export const INVITATION_STATUSES = ['open', 'redeemed', 'confirmed', 'withdrawn', 'expired'] as const
/** One of {@link INVITATION_STATUSES}. */
export type InvitationStatus = (typeof INVITATION_STATUSES)[number]

/** An invitation. The inviter sees `grant` and, once redeemed, `redeemer`; the redeemer sees `inviter`, but not the grant. */
export const invitationSchema = z
  .object({
    id: z.string(),
    status: z.enum(INVITATION_STATUSES),
    created_at: instantSchema,
    expires_at: instantSchema.describe('End of the time to redeem it and, once redeemed, to confirm it.'),
    inviter: z.string(),
    redeemer: z.string().optional(),
    grant: invitedGrantSchema.optional(),
    grant_id: z.string().optional().describe('Id of the issued grant, once confirmed.'),
    code: z.string().optional().describe('The code to redeem. Only in the response that creates the invitation.'),
  })
  .meta({ id: 'Invitation' })
/** A parsed {@link invitationSchema}. */
export type Invitation = z.infer<typeof invitationSchema>
