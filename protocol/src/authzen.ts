/**
 * AuthZEN Authorization API 1.0 requests. Unknown members are ignored at every level (section 10.1); known ones must have their type.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import { z } from 'zod'
import { idSchema } from './id.ts'

const actSchema = z
  .looseObject({ sub: idSchema })
  .describe(
    'Who acts now, when that is not the subject: the outermost `act` of RFC 8693. What it nests decides nothing.',
  )

export const subjectSchema = z
  .looseObject({
    type: idSchema.describe("`user`, `agent`, or the domain's word for people; subjects of any other type are denied."),
    id: idSchema,
    properties: z
      .looseObject({
        persona: z.string().optional().describe('`title/circle` that the subject acts in.'),
        act: actSchema.optional(),
        /** The session of the token that the subject came with, so that one that ended is denied. */
        sid: z.string().optional(),
        iat: z.number().optional().describe('When the token that names the session was issued, in seconds since 1970.'),
      })
      .optional(),
  })
  .meta({ id: 'Subject', description: 'Whose authority is used (AuthZEN 1.0, section 5.1).' })

export const actionSchema = z
  .looseObject({
    name: z.string().min(1).describe("An action of the domain's manifest; any other is denied."),
    properties: z.looseObject({}).optional().describe("Looked at as far as the domain's policy says."),
  })
  .meta({ id: 'Action', description: 'What is to be done (AuthZEN 1.0, section 5.3).' })

export const resourceSchema = z
  .looseObject({
    type: idSchema,
    id: idSchema,
    properties: z
      .looseObject({})
      .optional()
      .describe(
        "Attributes that the domain's manifest declares, each with its type and unit; others are not looked at.",
      ),
  })
  .meta({ id: 'Resource', description: 'What it is to be done to (AuthZEN 1.0, section 5.2).' })

/** `POST /access/v1/evaluation` (section 6). */
export const evaluationRequestSchema = z
  .looseObject({
    subject: subjectSchema,
    action: actionSchema,
    resource: resourceSchema,
    context: z
      .looseObject({})
      .optional()
      .describe("Looked at as far as the domain's policy says; facts come from the store, the time from the PDP."),
  })
  .meta({ id: 'EvaluationRequest', description: 'AuthZEN 1.0, section 6.1. Unknown members are ignored.' })
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

/** How many items one batch may have. */
export const MAX_BATCH = 1_000

export const EVALUATIONS_SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
export type EvaluationsSemantic = (typeof EVALUATIONS_SEMANTICS)[number]

/**
 * `POST /access/v1/evaluations` (section 7). Top-level members are defaults that an item replaces whole; they are checked after merging,
 * an item at a time, so that an unusable default does not fail the items that override it.
 */
export const evaluationsRequestSchema = z.looseObject({
  subject: z.unknown().optional().describe('Default of every item that has none.'),
  action: z.unknown().optional().describe('Default of every item that has none.'),
  resource: z.unknown().optional().describe('Default of every item that has none.'),
  context: z.unknown().optional().describe('Default of every item that has none.'),
  evaluations: z
    .array(z.looseObject({}))
    .max(MAX_BATCH, `must be at most ${MAX_BATCH} items`)
    .optional()
    .describe('Each item is an EvaluationRequest once the defaults are put in, or is denied with its error.'),
  options: z
    .looseObject({
      evaluations_semantic: z.enum(EVALUATIONS_SEMANTICS).optional().describe('`execute_all` when absent.'),
      reasons: z
        .boolean()
        .optional()
        .describe('`true`: every item is explained as a single evaluation always is. An extension of ours.'),
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
  /** The same members, signed (section 9.2): a JWT whose key is at `jwks_uri`. */
  signed_metadata: z.string().optional(),
  jwks_uri: z.string().optional(),
})
export type Metadata = z.infer<typeof metadataSchema>
