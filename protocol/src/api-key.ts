/**
 * API keys on the wire: for callers without OIDC, to ask about named resource types and for nothing else.
 *
 * @module
 */
import { z } from 'zod'
import { freeTextSchema, instantSchema, nameSchema } from './id.ts'

/** How long a key may live, in days. */
export const MAX_KEY_DAYS = 366

/** `POST /v1/keys`. */
export const keyRequestSchema = z.strictObject({
  name: freeTextSchema(100).describe('For people who read the list; it stands nowhere else.'),
  types: z.array(nameSchema).min(1).max(32).describe('The resource types it may ask about.'),
  expires_at: instantSchema.describe(`Ahead, by at most ${MAX_KEY_DAYS} days.`),
})
export type KeyRequest = z.infer<typeof keyRequestSchema>

export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    types: z.array(z.string()),
    created_at: instantSchema,
    expires_at: instantSchema,
    revoked_at: instantSchema.optional(),
    key: z.string().optional().describe('The key itself, to send as `Authorization: Bearer mk_…`. Shown once.'),
  })
  .meta({ id: 'Key' })
export type Key = z.infer<typeof keySchema>
