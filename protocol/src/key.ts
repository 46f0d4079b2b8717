/**
 * API keys on the wire: for callers without OIDC, to ask about named resource types and for nothing else.
 *
 * @module
 */
import { z } from 'zod'
import { instantSchema, nameSchema } from './id.ts'

/** How long a key may live, in days. */
export const MAX_KEY_DAYS = 366

/** `POST /v1/keys`. */
export const keyRequestSchema = z.strictObject({
  /** For people who read the list; it stands nowhere else. */
  name: z.string().trim().min(1).max(100),
  /** The resource types it may ask about. */
  types: z.array(nameSchema).min(1).max(32),
  expires_at: instantSchema,
})
export type KeyRequest = z.infer<typeof keyRequestSchema>

export const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  types: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string(),
  revoked_at: z.string().optional(),
  /** The key itself, to send as `Authorization: Bearer mk_…`. Shown once. */
  key: z.string().optional(),
})
export type Key = z.infer<typeof keySchema>
