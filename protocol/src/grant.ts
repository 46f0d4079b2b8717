/**
 * Grants on the wire (policy administration): a grant is one link of a delegation chain, from a delegator to a delegate.
 *
 * @module
 */
import { z } from 'zod'
import { linkSchema } from './decision.ts'
import {
  freeTextSchema,
  instantSchema,
  nameSchema,
  pageLimitSchema,
  pageTokenSchema,
  personaNameSchema,
  ulidSchema,
} from './id.ts'
import { partySchema, scopeSchema } from './party.ts'

/** Minimum, maximum and default lifetime of a grant, in seconds (rule C5). */
export const GRANT_LIFETIME = { min: 60, max: 365 * 86_400, default: 7 * 86_400 } as const
/** Maximum number of limits of one grant: OpenFGA evaluates all of them in every check (rule C1). */
export const MAX_LIMITS = 4
/** Maximum number of actions of one grant, implied actions included (rule C1). */
export const MAX_ACTIONS = 16
/** Maximum number of grants in `moves`. Fewer are accepted when the relationship store cannot change that many atomically. */
export const MAX_MOVES = 40

/**
 * An inclusive bound on one declared attribute. Money is in minor units of `currency`; an instant is in seconds from now
 * (`at_least: 604800` on `starts_at`: at least seven days ahead).
 */
export const limitSchema = z
  .strictObject({
    attribute: nameSchema.describe("An attribute that the domain's manifest declares."),
    at_most: z.number().optional(),
    at_least: z.number().optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/u, 'must be an ISO 4217 code')
      .optional()
      .describe('ISO 4217 code; required for money, not allowed otherwise.'),
  })
  .meta({
    id: 'Limit',
    description: 'An inclusive bound on one attribute. Money in minor units, an instant in seconds from now.',
  })
/** A parsed {@link limitSchema}. */
export type Limit = z.infer<typeof limitSchema>

/** A required persona: `title/circle`, or a `title` alone, which a persona of any circle satisfies. */
const personaAskedSchema = z.union([personaNameSchema, nameSchema])

/** Body of `POST /v1/grants`. With `parent` it re-delegates that grant; without it, it is a root grant by the owner. */
export const grantRequestSchema = z
  .strictObject({
    delegate: partySchema,
    delegator_persona: personaNameSchema
      .optional()
      .describe('The persona that the delegator acts in; absent when the delegator is an agent.'),
    delegate_persona: personaAskedSchema
      .optional()
      .describe(
        'The persona that the delegate must act in: `title/circle`, or `title` for any circle; absent: any persona.',
      ),
    actions: z.array(z.string()).describe(`At most ${MAX_ACTIONS}, including the actions that they imply.`),
    scope: scopeSchema,
    limits: z.array(limitSchema).optional().describe(`At most ${MAX_LIMITS}.`),
    expires_at: instantSchema
      .optional()
      .describe(
        '60 seconds to 365 days ahead; absent: seven days ahead, or the expiry of the parent when that is sooner.',
      ),
    redelegations: z.int().min(0).default(0).describe('How many further links of the chain may follow.'),
    unattended: z
      .boolean()
      .default(false)
      .describe('Agents only: the agent may use it on its own schedule, without a person acting through it.'),
    parent: ulidSchema
      .optional()
      .describe("The grant to re-delegate; absent: a root grant on the caller's own resource."),
    replaces: ulidSchema
      .optional()
      .describe("The caller's own grant that this one replaces atomically. Grants below the replaced one end."),
    moves: z
      .array(ulidSchema)
      .max(MAX_MOVES)
      .optional()
      .describe('Grants below the replaced one that are re-issued below the new one, under new ids.'),
  })
  .meta({ id: 'GrantRequest', description: 'A request by a delegator for one link of a chain.' })
/** A parsed {@link grantRequestSchema}, defaults applied. */
export type GrantRequest = z.infer<typeof grantRequestSchema>

/**
 * Statuses of a grant. `cut`: not ended itself, but a grant above it in the chain has ended. `pending`: the relationship store did not respond when
 * it was issued; it permits nothing, and is revoked as soon as the store responds.
 */
export const GRANT_STATUSES = ['live', 'expired', 'revoked', 'cut', 'pending'] as const

const grantMembers = z.object({
  id: ulidSchema,
  status: z
    .enum(GRANT_STATUSES)
    .describe(
      '`cut`: not ended itself, but a grant above it has ended. `pending`: issuing it failed half-way; it is about to be revoked.',
    ),
  delegator: z.string(),
  delegator_persona: z.string().optional(),
  delegate: z.string(),
  delegate_persona: z.string().optional(),
  owner: z.string(),
  actions: z.array(z.string()),
  scope: z.string(),
  limits: z.array(limitSchema),
  expires_at: instantSchema,
  redelegations: z.int(),
  unattended: z.boolean(),
  parent: ulidSchema.optional(),
  created_at: instantSchema,
  withheld: z
    .array(z.object({ code: z.string(), actions: z.array(z.string()) }))
    .optional()
    .describe(
      'Of a live grant that is listed or read: actions that it does not permit now, by reason code (`agent_suspended`, `owner_persona_unusable`, `chain_broken`, `persona_unusable`, the code of a gate of consent). Absent when all can be used. Limits of attributes and sessions are left to each decision.',
    ),
  revoked_at: instantSchema.optional(),
  revoked_by: z.string().optional(),
  revoke_reason: z.string().optional(),
  replaced_by: ulidSchema.optional().describe('The grant that replaced it, when `revoke_reason` is `replaced`.'),
  moved: z
    .record(ulidSchema, ulidSchema)
    .optional()
    .describe('New ids of the moved grants, by old id; only in the response that issues a grant.'),
  chain: z
    .array(linkSchema)
    .optional()
    .describe('The chain from the owner to this grant; only when a single grant is read.'),
})
/** A grant as its parties see it. Parties and owner are `user:<sub>` or `agent:<client id>`. */
export const grantSchema = grantMembers.meta({
  id: 'Grant',
  description: 'A grant (one link of a chain), as its parties see it.',
})
/** A parsed {@link grantSchema}. */
export type Grant = z.infer<typeof grantSchema>

/** Response of `POST /v1/grants/preview`, always 200: what the grant would allow, or the problem (RFC 9457) that issuing it would return. */
export const grantPreviewSchema = z.discriminatedUnion('allowed', [
  z.object({
    allowed: z.literal(true),
    grant: grantMembers.omit({ id: true, status: true, withheld: true }),
    would_allow: z.array(
      z.object({
        action: z.string(),
        scope: z.string(),
        /** Whether limits of grants bind the action. */
        limited: z.boolean(),
        /** The owner's gates that the action must pass at each use; only for agents. */
        gates: z.array(z.string()),
      }),
    ),
  }),
  z.looseObject({
    allowed: z.literal(false),
    code: z.string(),
    status: z.int(),
    title: z.string(),
    detail: z.string().optional(),
    field: z.string().optional(),
  }),
])
/** A parsed {@link grantPreviewSchema}. */
export type GrantPreview = z.infer<typeof grantPreviewSchema>

/** Body of `POST /v1/grants/{id}/revoke`. */
export const revokeRequestSchema = z.strictObject({
  reason: freeTextSchema(200).default('revoked').describe('Shown to the parties of the grant.'),
})

const partyAskedSchema = z
  .union([z.literal('me'), partySchema], 'must be me, user:<id> or agent:<id>')
  .optional()
  .describe('`me`, or a party.')

/** Query string of `GET /v1/grants`. Without a filter: all grants that the caller is a party to. */
export const grantQuerySchema = z.strictObject({
  delegator: partyAskedSchema,
  delegate: partyAskedSchema,
  owner: partyAskedSchema,
  resource: z.string().optional().describe('Exact scope of the grant: `<type>:<id>` or `all:<domain>`.'),
  include: z.literal('ended').optional().describe('Include ended grants.'),
  limit: pageLimitSchema(200, 50),
  cursor: pageTokenSchema.optional(),
})
/** A parsed {@link grantQuerySchema}. */
export type GrantQuery = z.infer<typeof grantQuerySchema>
