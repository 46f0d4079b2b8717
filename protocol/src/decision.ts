/**
 * A decision on the wire: AuthZEN's boolean, and in its `context` the chain and the reasons.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-5.5 AuthZEN 1.0, section 5.5}
 * @module
 */
import { z } from 'zod'

/** One reason. `limit` and `actual` only for those entitled to them; money is in minor units of `currency`. */
export const reasonSchema = z.looseObject({
  code: z.string(),
  /** The gate that failed, as the manifest names it. Absent for reasons that are no gate. */
  gate: z.string().optional(),
  reason_user: z.string(),
  reason_admin: z.string().optional(),
  cure: z.string().optional(),
  /** The attribute the gate looked at. */
  attribute: z.string().optional(),
  limit: z.union([z.number(), z.string()]).optional(),
  actual: z.union([z.number(), z.string()]).optional(),
  /** ISO 4217; present when `limit` and `actual` are money. */
  currency: z.string().optional(),
})
export type Reason = z.infer<typeof reasonSchema>

/** One link of a chain. The owner's link comes first. */
export const linkSchema = z.object({
  grant: z.string(),
  delegator: z.string(),
  delegate: z.string(),
  actions: z.array(z.string()),
  scope: z.string(),
  expires_at: z.string(),
})
export type Link = z.infer<typeof linkSchema>

/** What explains a decision. `chain` is empty when the subject acts in person on their own. */
export const decisionContextSchema = z.looseObject({
  evaluation_id: z.string(),
  evaluated_at: z.string(),
  reason: z.string(),
  reasons: z.array(reasonSchema),
  chain: z.array(linkSchema),
  owner: z.string().optional(),
  owner_persona: z.string().optional(),
  policy: z.string().optional(),
  model: z.string().optional(),
})
export type DecisionContext = z.infer<typeof decisionContextSchema>

/** AuthZEN's Decision. */
export const decisionSchema = z.looseObject({
  decision: z.boolean(),
  context: z.looseObject({}).optional(),
})
export type Decision = z.infer<typeof decisionSchema>
