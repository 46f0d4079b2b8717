/**
 * A decision on the wire: AuthZEN's boolean, and in its `context` the chain and the reasons.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-5.5 AuthZEN 1.0, section 5.5}
 * @module
 */
import { z } from 'zod'
import { instantSchema } from './id.ts'

/** One reason. `limit` and `actual` only for those entitled to them; money is in minor units of `currency`. */
export const reasonSchema = z
  .looseObject({
    code: z.string().describe("A code of `docs/reasons.md`, or of a gate of the domain's manifest."),
    gate: z.string().optional().describe('The gate that failed, as the manifest names it. Absent when it is no gate.'),
    code_user: z
      .string()
      .optional()
      .describe('The code that the person concerned may be told, where it is another: `reason_user` is of this one.'),
    reason_user: z.string().describe('To be shown to the person concerned.'),
    reason_admin: z.string().optional().describe('For whoever runs the service.'),
    cure: z.string().optional().describe('What would change the answer.'),
    attribute: z.string().optional().describe('The attribute the gate looked at.'),
    limit: z.union([z.number(), z.string()]).optional().describe('Money in minor units, lead times in seconds.'),
    actual: z.union([z.number(), z.string()]).optional().describe('In the unit of `limit`.'),
    currency: z.string().optional().describe('ISO 4217, where `limit` and `actual` are money.'),
    grant: z.string().optional().describe('The grant that the code is about.'),
  })
  .meta({ id: 'Reason', description: 'One reason. `limit` and `actual` only for those entitled to them.' })
export type Reason = z.infer<typeof reasonSchema>

/** One link of a chain. The owner's link comes first. */
export const linkSchema = z
  .object({
    grant: z.string(),
    delegator: z.string(),
    delegate: z.string(),
    actions: z.array(z.string()),
    scope: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'Link', description: 'One grant of a chain.' })
export type Link = z.infer<typeof linkSchema>

/** What explains a decision. `chain` is empty when the subject acts in person on their own. */
export const decisionContextSchema = z
  .looseObject({
    evaluation_id: z.string().describe("Id of the decision log's entry."),
    evaluated_at: instantSchema,
    reason: z.string().describe('The code of the first reason.'),
    reasons: z.array(reasonSchema).min(1).describe('Primary first; a permit has exactly one.'),
    chain: z.array(linkSchema).describe("The owner's link first; empty when the subject acts in person."),
    broken: z
      .array(linkSchema)
      .optional()
      .describe('Of a denial: the chain of the grant that the reason names, where it once reached the resource.'),
    owner: z.string().optional(),
    owner_persona: z.string().optional().describe('`title/circle`.'),
    policy: z.string().optional().describe('`domain@hash`.'),
    model: z.string().optional().describe('Id of the model in OpenFGA.'),
  })
  .meta({ id: 'DecisionContext', description: 'What explains a decision.' })
export type DecisionContext = z.infer<typeof decisionContextSchema>

/** AuthZEN's Decision. */
export const decisionSchema = z.looseObject({
  decision: z.boolean(),
  context: z.looseObject({}).optional(),
})
export type Decision = z.infer<typeof decisionSchema>

/** What a single evaluation answers: always explained. */
export const evaluationAnswerSchema = z
  .strictObject({ decision: z.boolean(), context: decisionContextSchema })
  .meta({ id: 'EvaluationAnswer', description: 'AuthZEN 1.0, section 6.2.' })

/** An item of a batch that could not be decided. */
const itemErrorSchema = z.looseObject({
  error: z.strictObject({ status: z.int().min(400).max(599), message: z.string() }),
})

/** What a batch answers, in the order of the items; cut after the item that ended it. */
export const evaluationsAnswerSchema = z
  .strictObject({
    evaluations: z
      .array(
        z.union([
          z.strictObject({ decision: z.boolean() }),
          evaluationAnswerSchema,
          z.strictObject({ decision: z.literal(false), context: itemErrorSchema }),
        ]),
      )
      .min(1),
  })
  .meta({
    id: 'EvaluationsAnswer',
    description: 'AuthZEN 1.0, section 7.2. Items are bare unless reasons are asked for.',
  })
