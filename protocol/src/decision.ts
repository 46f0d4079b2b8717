/**
 * Decisions on the wire: AuthZEN's boolean `decision`, with reasons and the delegation chain in its `context`.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-5.5 AuthZEN 1.0, section 5.5}
 * @module
 */
import { z } from 'zod'
import { instantSchema } from './id.ts'
import { decisionCodeSchema } from './reason.ts'

/** One reason of a decision. `limit` and `actual` are present only for readers entitled to them; money is in minor units of `currency`. */
export const reasonSchema = z
  .looseObject({
    code: decisionCodeSchema.describe("A code of `docs/reasons.md`, or of a gate of the domain's manifest."),
    gate: z
      .string()
      .optional()
      .describe('The gate that failed, by its name in the manifest. Absent when the reason is not a gate.'),
    code_user: decisionCodeSchema
      .optional()
      .describe(
        'The code that may be shown to the person concerned, when it differs from `code`; `reason_user` explains this one.',
      ),
    reason_user: z.string().describe('Text for the person concerned.'),
    reason_admin: z.string().optional().describe('Text for the operator of the service.'),
    cure: z.string().optional().describe('What the reader can do about a denial.'),
    attribute: z.string().optional().describe('The attribute that the gate compared.'),
    limit: z
      .union([z.number(), z.string()])
      .optional()
      .describe('The bound. Money in minor units, lead times in seconds.'),
    actual: z
      .union([z.number(), z.string()])
      .optional()
      .describe('The value that was compared, in the unit of `limit`.'),
    currency: z.string().optional().describe('ISO 4217 code, when `limit` and `actual` are money.'),
    grant: z.string().optional().describe('Id of the grant that the reason is about.'),
  })
  .meta({ id: 'Reason', description: 'One reason. `limit` and `actual` only for readers entitled to them.' })
/** A parsed {@link reasonSchema}. */
export type Reason = z.infer<typeof reasonSchema>

/** One link of a delegation chain: a grant as it stood when the decision was made. `scope` is `type:id` or `all:<domain>`; `expires_at` RFC 3339. */
export const linkSchema = z
  .object({
    grant: z.string(),
    delegator: z.string(),
    delegate: z.string(),
    actions: z.array(z.string()),
    scope: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'Link', description: 'One grant of a delegation chain.' })
/** A parsed {@link linkSchema}. */
export type Link = z.infer<typeof linkSchema>

/**
 * The `context` of a decision: its explanation. `chain` starts with the owner's grant and is empty when the owner acts in person.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0, section 5.5.2}
 */
export const decisionContextSchema = z
  .looseObject({
    evaluation_id: z.string().describe('Id of the entry in the decision log.'),
    evaluated_at: instantSchema,
    reason: decisionCodeSchema.describe('The code of the first reason.'),
    reasons: z.array(reasonSchema).min(1).describe('Primary first; a permit has exactly one.'),
    chain: z.array(linkSchema).describe("The owner's grant first; empty when the owner acts in person."),
    broken: z
      .array(linkSchema)
      .optional()
      .describe(
        'In a denial: the chain of the grant that the reason names, if that chain once reached the resource. It confers nothing.',
      ),
    owner: z.string().optional(),
    owner_persona: z.string().optional().describe('`title/circle`.'),
    policy: z.string().optional().describe('`domain@hash`.'),
    model: z.string().optional().describe('Id of the authorization model in OpenFGA.'),
  })
  .meta({ id: 'DecisionContext', description: 'The explanation of a decision.' })
/** A parsed {@link decisionContextSchema}. */
export type DecisionContext = z.infer<typeof decisionContextSchema>

/** A Decision of any AuthZEN PDP, with an uninterpreted `context` (AuthZEN 1.0, section 5.5). */
export const decisionSchema = z.looseObject({
  decision: z.boolean(),
  context: z.looseObject({}).optional(),
})
/** A parsed {@link decisionSchema}. */
export type Decision = z.infer<typeof decisionSchema>

/** Response of `POST /access/v1/evaluation` (AuthZEN 1.0, section 6.2). Mandate always includes the `context`. */
export const evaluationAnswerSchema = z
  .strictObject({ decision: z.boolean(), context: decisionContextSchema })
  .meta({ id: 'EvaluationAnswer', description: 'AuthZEN 1.0, section 6.2.' })

/** `context` of a batch item that could not be evaluated; `status` is an HTTP status code (AuthZEN 1.0, section 7.2.1). */
const itemErrorSchema = z.looseObject({
  error: z.strictObject({ status: z.int().min(400).max(599), message: z.string() }),
})

/**
 * Response of `POST /access/v1/evaluations`: results in the order of the items (AuthZEN 1.0, section 7.2). Ends with the item that ended the batch,
 * when `evaluations_semantic` stops early.
 */
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
    description: 'AuthZEN 1.0, section 7.2. Items have no context unless `options.reasons` is true.',
  })
