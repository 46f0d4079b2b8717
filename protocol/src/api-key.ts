/**
 * API keys on the wire: credentials for callers without OIDC, limited to evaluations of the named resource types.
 *
 * @module
 */
import { z } from 'zod'
import { freeTextSchema, instantSchema, nameSchema } from './id.ts'

/** Maximum lifetime of a key, in days. */
export const MAX_KEY_DAYS = 366

/** Body of `POST /v1/keys`. */
export const keyRequestSchema = z.strictObject({
  name: freeTextSchema(100).describe('Label in the list of keys.'),
  types: z.array(nameSchema).min(1).max(32).describe('The resource types that it may ask about.'),
  expires_at: instantSchema.describe(`In the future, at most ${MAX_KEY_DAYS} days ahead.`),
})
/** A parsed {@link keyRequestSchema}. */
export type KeyRequest = z.infer<typeof keyRequestSchema>

/** An API key. The key itself is only in the response that creates it; the PDP stores a hash. */
export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    types: z.array(z.string()),
    created_at: instantSchema,
    expires_at: instantSchema,
    revoked_at: instantSchema.optional(),
    key: z
      .string()
      .optional()
      .describe('The key itself, to send as `Authorization: Bearer mk_…`. Only in the response that creates it.'),
  })
  .meta({ id: 'Key' })
/** A parsed {@link keySchema}. */
export type Key = z.infer<typeof keySchema>
