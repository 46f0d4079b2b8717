/**
 * Requests of the AuthZEN Authorization API 1.0. Unknown members are ignored at every level (section 10.1); known members must have the right type.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import { z } from 'zod'
import { idSchema } from './id.ts'

const actSchema = z
  .looseObject({ sub: idSchema })
  .describe(
    'The current actor, when it is not the subject: the outermost `act` claim of RFC 8693. Nested `act` claims are ignored.',
  )

/** An AuthZEN subject: whose authority is used (AuthZEN 1.0, section 5.1). `act` names the current actor (RFC 8693, section 4.1). */
export const subjectSchema = z
  .looseObject({
    type: idSchema.describe(
      "`user`, `agent`, or the domain's own type name for people; subjects of any other type are denied.",
    ),
    id: idSchema,
    properties: z
      .looseObject({
        persona: z.string().optional().describe('The persona that the subject acts in, `title/circle`.'),
        act: actSchema.optional(),
        /** `sid` claim of the subject's token: requests of a session that has ended are denied. */
        sid: z.string().optional(),
        iat: z.number().optional().describe('When the token that names the session was issued, in seconds since 1970.'),
      })
      .optional(),
  })
  .meta({ id: 'Subject', description: 'Whose authority is used (AuthZEN 1.0, section 5.1).' })

/** An AuthZEN action (AuthZEN 1.0, section 5.3). */
export const actionSchema = z
  .looseObject({
    name: z
      .string()
      .min(1)
      .describe(`An action of the domain's manifest, such as \`read\`, \`GET\` or \`ownerID\`; any other is denied.`),
    properties: z.looseObject({}).optional().describe("Only the members that the domain's policy names are used."),
  })
  .meta({ id: 'Action', description: 'The action that is requested (AuthZEN 1.0, section 5.3).' })

/** An AuthZEN resource (AuthZEN 1.0, section 5.2). */
export const resourceSchema = z
  .looseObject({
    type: idSchema,
    id: idSchema,
    properties: z
      .looseObject({})
      .optional()
      .describe("Attributes that the domain's manifest declares, each with its type and unit; others are ignored."),
  })
  .meta({ id: 'Resource', description: 'The resource that the action is on (AuthZEN 1.0, section 5.2).' })

/** Body of `POST /access/v1/evaluation`: one access evaluation (AuthZEN 1.0, section 6.1). */
export const evaluationRequestSchema = z
  .looseObject({
    subject: subjectSchema,
    action: actionSchema,
    resource: resourceSchema,
    context: z
      .looseObject({})
      .optional()
      .describe(
        "Only the members that the domain's policy names are used; facts come from the store, the time from the PDP.",
      ),
  })
  .meta({ id: 'EvaluationRequest', description: 'AuthZEN 1.0, section 6.1. Unknown members are ignored.' })
/** A parsed {@link evaluationRequestSchema}. */
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

/** The largest number of items in one batch of evaluations. */
export const MAX_BATCH = 1_000

/** Values of `options.evaluations_semantic` (AuthZEN 1.0, section 7.1.2): whether a batch stops at its first denial or permit. */
export const EVALUATIONS_SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
/** One of {@link EVALUATIONS_SEMANTICS}. */
export type EvaluationsSemantic = (typeof EVALUATIONS_SEMANTICS)[number]

/**
 * Body of `POST /access/v1/evaluations`: a batch of at most {@link MAX_BATCH} items (AuthZEN 1.0, section 7.1). Top-level members are defaults
 * that an item overrides as a whole. They are `unknown` here and validated item by item after merging, so that an invalid default does not fail
 * the items that override it.
 */
export const evaluationsRequestSchema = z.looseObject({
  subject: z.unknown().optional().describe('Default for items without one.'),
  action: z.unknown().optional().describe('Default for items without one.'),
  resource: z.unknown().optional().describe('Default for items without one.'),
  context: z.unknown().optional().describe('Default for items without one.'),
  evaluations: z
    .array(z.looseObject({}))
    .max(MAX_BATCH, `must be at most ${MAX_BATCH} items`)
    .optional()
    .describe('Each item, merged with the defaults, is an EvaluationRequest; an invalid one is denied with its error.'),
  options: z
    .looseObject({
      evaluations_semantic: z.enum(EVALUATIONS_SEMANTICS).optional().describe('`execute_all` when absent.'),
      reasons: z
        .boolean()
        .optional()
        .describe(
          '`true`: every item carries the reasons and chain that a single evaluation carries. An extension of Mandate.',
        ),
    })
    .optional(),
})
/** A parsed {@link evaluationsRequestSchema}. */
export type EvaluationsRequest = z.infer<typeof evaluationsRequestSchema>

/** Body of `GET /.well-known/authzen-configuration`: the PDP's metadata (AuthZEN 1.0, section 9.1). All endpoints are absolute URLs. */
export const metadataSchema = z.looseObject({
  policy_decision_point: z.string(),
  access_evaluation_endpoint: z.string(),
  access_evaluations_endpoint: z.string().optional(),
  search_subject_endpoint: z.string().optional(),
  search_resource_endpoint: z.string().optional(),
  search_action_endpoint: z.string().optional(),
  /** The same members as a signed JWT (AuthZEN 1.0, section 9.1.1); its key is published at `jwks_uri`. */
  signed_metadata: z.string().optional(),
  jwks_uri: z.string().optional(),
})
/** A parsed {@link metadataSchema}. */
export type Metadata = z.infer<typeof metadataSchema>
