/**
 * People as subjects of data on the wire (rule E4): their export, their erasure, and what services are told of it.
 *
 * @module
 */
import { z } from 'zod'
import { grantSchema } from './grant.ts'
import { instantSchema, pageLimitSchema, pageTokenSchema, ulidSchema } from './id.ts'
import { invitationSchema } from './invitation.ts'
import { personaSchema } from './persona.ts'
import { loggedEntrySchema } from './query.ts'

/** `DELETE /v1/subjects/me`, and by pseudonym for an operator. */
export const erasureSchema = z.object({
  id: ulidSchema,
  erased_at: instantSchema,
  /** Grants and personas that ended. */
  ended: z.object({ grants: z.int(), personas: z.int() }),
  /** Client ids of the services and agents that will find it in `GET /v1/erasures`. */
  told: z.array(z.string()),
  /** What Mandate cannot delete, and who can: the identity provider, and each that was told and did not acknowledge. */
  remains: z.array(z.object({ where: z.string(), what: z.string(), how: z.string() })),
})
export type Erasure = z.infer<typeof erasureSchema>

/** `GET /v1/subjects/me/export`: everything held about a person. */
export const personExportSchema = z.object({
  exported_at: instantSchema,
  subject: z.string(),
  pseudonym: z.string().describe('As the log knows them.'),
  personas: z.array(personaSchema),
  grants: z.array(grantSchema),
  resources: z.array(z.string()).describe('`<type>:<id>` of what they own.'),
  /** Of domains whose own model decides. */
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

/** `GET /v1/erasures`: oldest first, until the service has acknowledged each. */
export const erasureQuerySchema = z.strictObject({
  after: pageTokenSchema.optional(),
  limit: pageLimitSchema(200, 50),
})

/** `GET /v1/erasures/{id}`: who was told of an erasure and has not acknowledged it. */
export const waitingErasureSchema = z.object({ id: ulidSchema, waiting: z.array(z.string()) })

/** `sub` and `issuer` as the person's tokens had them. All that the service holds of them from before `erased_at` is to go. */
export const erasureNoticeSchema = z.object({
  id: ulidSchema,
  issuer: z.string(),
  sub: z.string(),
  erased_at: instantSchema,
})
export type ErasureNotice = z.infer<typeof erasureNoticeSchema>

/** A pseudonym, as the log and its readers know a person. */
export const pseudonymSchema = z.string().regex(/^p_[\w-]{22}$/u, 'must be a pseudonym: p_ and 22 characters')
