/**
 * Policies as operators see and change them.
 *
 * @module
 */
import { z } from 'zod'
import { instantSchema } from './id.ts'

/** `domain@hash` of every pack, in their order, with spaces between. */
const versionSchema = z.string().min(1).max(4_096)

export const policyRecordSchema = z.strictObject({
  version: versionSchema,
  loaded_at: instantSchema,
  in_force: z.boolean(),
})
export type PolicyRecord = z.infer<typeof policyRecordSchema>

/** `POST /v1/policies/activate`: a version that was loaded before. */
export const policyActivationSchema = z.strictObject({ version: versionSchema })
