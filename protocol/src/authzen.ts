/**
 * AuthZEN Authorization API 1.0 requests. Unknown members are ignored at every level (section 10.1); known ones must have their type.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import { z } from 'zod'
import { idSchema } from './id.ts'

/** Who acts now, when that is not the subject: RFC 8693's outermost `act`. What it nests decides nothing. */
const actSchema = z.looseObject({ sub: idSchema })

export const subjectSchema = z.looseObject({
  type: z.string().min(1),
  id: idSchema,
  properties: z
    .looseObject({
      /** `title/circle` that the subject acts in. */
      persona: z.string().optional(),
      act: actSchema.optional(),
    })
    .optional(),
})

export const actionSchema = z.looseObject({
  name: z.string().min(1),
  properties: z.looseObject({}).optional(),
})

export const resourceSchema = z.looseObject({
  type: z.string().min(1),
  id: idSchema,
  properties: z.looseObject({}).optional(),
})

/** `POST /access/v1/evaluation` (section 6). */
export const evaluationRequestSchema = z.looseObject({
  subject: subjectSchema,
  action: actionSchema,
  resource: resourceSchema,
  context: z.looseObject({}).optional(),
})
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

export const EVALUATIONS_SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
export type EvaluationsSemantic = (typeof EVALUATIONS_SEMANTICS)[number]

/**
 * `POST /access/v1/evaluations` (section 7). Top-level members are defaults that an item replaces whole; they are checked after merging,
 * an item at a time, so that an unusable default does not fail the items that override it.
 */
export const evaluationsRequestSchema = z.looseObject({
  subject: z.unknown().optional(),
  action: z.unknown().optional(),
  resource: z.unknown().optional(),
  context: z.unknown().optional(),
  evaluations: z.array(z.looseObject({})).optional(),
  options: z
    .looseObject({
      evaluations_semantic: z.enum(EVALUATIONS_SEMANTICS).optional(),
      /** Ours: `true` puts chain and reasons into every item, as a single evaluation always has them. */
      reasons: z.boolean().optional(),
    })
    .optional(),
})
export type EvaluationsRequest = z.infer<typeof evaluationsRequestSchema>

/** `GET /.well-known/authzen-configuration` (section 9). */
export const metadataSchema = z.looseObject({
  policy_decision_point: z.string(),
  access_evaluation_endpoint: z.string(),
  access_evaluations_endpoint: z.string().optional(),
  search_subject_endpoint: z.string().optional(),
  search_resource_endpoint: z.string().optional(),
  search_action_endpoint: z.string().optional(),
})
export type Metadata = z.infer<typeof metadataSchema>
