/**
 * Requests of data subjects (people whose data is held) on the wire (rule E4): export, erasure, and erasure notices to services.
 *
 * @module
 */
import { z } from 'zod'
import { grantSchema } from './grant.ts'
import { instantSchema, pageLimitSchema, pageTokenSchema, ulidSchema } from './id.ts'
import { invitationSchema } from './invitation.ts'
import { personaSchema } from './persona.ts'
import { loggedEntrySchema } from './query.ts'

/** Response of `DELETE /v1/subjects/me`, and of an operator's `DELETE` by pseudonym. */
export const erasureSchema = z.object({
  id: ulidSchema,
  erased_at: instantSchema,
  /** Number of grants and personas that ended. */
  ended: z.object({ grants: z.int(), personas: z.int() }),
  /** Client ids of the services and agents that receive a notice through `GET /v1/erasures`. */
  told: z.array(z.string()),
  /** Data that Mandate cannot delete, and who can: the identity provider, and every notified service that has not acknowledged. */
  remains: z.array(z.object({ where: z.string(), what: z.string(), how: z.string() })),
})
/** A parsed {@link erasureSchema}. */
export type Erasure = z.infer<typeof erasureSchema>

/** Response of `GET /v1/subjects/me/export`: all data held about the caller. */
export const personExportSchema = z.object({
  exported_at: instantSchema,
  subject: z.string(),
  pseudonym: z.string().describe('The person in the decision log.'),
  personas: z.array(personaSchema),
  grants: z.array(grantSchema),
  resources: z.array(z.string()).describe('`<type>:<id>` of the resources that the person owns.'),
  /** Facts about the person, in domains with an authorization model of their own. */
  facts: z.array(
    z.strictObject({
      domain: z.string(),
      subject: z.string().optional(),
      relation: z.string().optional(),
      resource: z.string().optional(),
      attributes: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  invitations: z.array(invitationSchema),
  decisions: z.array(loggedEntrySchema).describe('Newest first.'),
})

/** Query string of `GET /v1/erasures`: the calling service's unacknowledged notices, oldest first. */
export const erasureQuerySchema = z.strictObject({
  after: pageTokenSchema.optional(),
  limit: pageLimitSchema(200, 50),
})

/** A legal hold: while it is set, the person cannot be erased. */
export const legalHoldSchema = z
  .strictObject({
    pseudonym: z.string().describe('The person in the decision log: `p_…`.'),
    set_by: z.string().describe('The auditor, by pseudonym.'),
    set_at: instantSchema,
  })
  .meta({ id: 'LegalHold' })
/** A parsed {@link legalHoldSchema}. */
export type LegalHold = z.infer<typeof legalHoldSchema>

/** Response of `GET /v1/erasures/{id}`: client ids of the services that have not acknowledged the erasure. */
export const waitingErasureSchema = z.object({ id: ulidSchema, waiting: z.array(z.string()) })

/** An erasure notice. The service must delete everything about this `issuer` and `sub` (as in the person's tokens) from before `erased_at`. */
export const erasureNoticeSchema = z.object({
  id: ulidSchema,
  issuer: z.string(),
  sub: z.string(),
  erased_at: instantSchema,
})
/** A parsed {@link erasureNoticeSchema}. */
export type ErasureNotice = z.infer<typeof erasureNoticeSchema>

/** A person's pseudonym, as in the decision log: `p_` and 22 characters of base64url. */
export const pseudonymSchema = z.string().regex(/^p_[\w-]{22}$/u, 'must be a pseudonym: p_ and 22 characters')
