/**
 * Policy versions on the wire, for operators: the list of loaded versions, and activating one.
 *
 * @module
 */
import { z } from 'zod'
import { instantSchema } from './id.ts'

/** Version of the loaded policy: `domain@hash` of every pack in order, separated by spaces. */
const versionSchema = z.string().min(1).max(4_096)

/** A policy version that was loaded. Exactly one is `in_force`. */
export const policyRecordSchema = z.strictObject({
  version: versionSchema,
  loaded_at: instantSchema,
  in_force: z.boolean(),
})
/** A parsed {@link policyRecordSchema}. */
export type PolicyRecord = z.infer<typeof policyRecordSchema>

/** Body of `POST /v1/policies/activate`: a version that was loaded before. */
export const policyActivationSchema = z.strictObject({ version: versionSchema })
