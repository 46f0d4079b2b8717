/**
 * Grants on the wire (PAP): one link of a chain, from a delegator to a delegate.
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

/** The shortest and longest life of a grant, and what it gets when nothing is said, in seconds (rule C5). */
export const GRANT_LIFETIME = { min: 60, max: 365 * 86_400, default: 7 * 86_400 } as const
/** How many limits and actions one grant may carry: OpenFGA evaluates them all at every check (rule C1). */
export const MAX_LIMITS = 4
export const MAX_ACTIONS = 16
/** How many grants may be named in `moves`; fewer where one atomic change of the store cannot hold them all. */
export const MAX_MOVES = 40

/**
 * A bound on one declared attribute, inclusive. Money is in minor units of `currency`; an instant is in seconds ahead of now
 * (`at_least: 604800` on `starts_at`: at least seven days ahead).
 */
export const limitSchema = z
  .strictObject({
    attribute: nameSchema.describe("One that the domain's manifest declares."),
    at_most: z.number().optional(),
    at_least: z.number().optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/u, 'must be an ISO 4217 code')
      .optional()
      .describe('ISO 4217; money has one, nothing else has.'),
  })
  .meta({
    id: 'Limit',
    description: 'An inclusive bound on one attribute. Money in minor units, an instant in seconds ahead of now.',
  })
export type Limit = z.infer<typeof limitSchema>

/** Either `title/circle` or a bare `title`, which any circle satisfies. */
const personaAskedSchema = z.union([personaNameSchema, nameSchema])

/** `POST /v1/grants`. With `parent` it is a re-delegation of that grant, without it a root grant. */
export const grantRequestSchema = z
  .strictObject({
    delegate: partySchema,
    delegator_persona: personaNameSchema
      .optional()
      .describe('The persona the delegator gives in; absent when an agent gives.'),
    delegate_persona: personaAskedSchema
      .optional()
      .describe('The persona the delegate must use it in, `title/circle` or any circle of a `title`; absent: any.'),
    actions: z.array(z.string()).describe(`At most ${MAX_ACTIONS}, with what they imply.`),
    scope: scopeSchema,
    limits: z.array(limitSchema).optional().describe(`At most ${MAX_LIMITS}.`),
    expires_at: instantSchema
      .optional()
      .describe('60 seconds to 365 days ahead; absent: in seven days, or with the parent when that is sooner.'),
    redelegations: z.int().min(0).default(0).describe('How many further links may follow.'),
    unattended: z
      .boolean()
      .default(false)
      .describe("Agents only: may be used on the agent's own schedule, with no subject acting through it."),
    parent: ulidSchema.optional().describe("The grant that is passed on; absent: a first grant, of what is one's own."),
    replaces: ulidSchema
      .optional()
      .describe("One's own grant that this one takes the place of, in the same instant. What lies below it ends."),
    moves: z
      .array(ulidSchema)
      .max(MAX_MOVES)
      .optional()
      .describe('Grants below the replaced one that go on below the new one, under new ids.'),
  })
  .meta({ id: 'GrantRequest', description: 'One link of a chain, asked for by its delegator.' })
export type GrantRequest = z.infer<typeof grantRequestSchema>

/**
 * `cut`: itself unended, but a grant above it has ended. `pending`: the relationship store did not answer when it was issued; it permits
 * nothing, and is taken back as soon as the store answers.
 */
export const GRANT_STATUSES = ['live', 'expired', 'revoked', 'cut', 'pending'] as const

const grantMembers = z.object({
  id: ulidSchema,
  status: z
    .enum(GRANT_STATUSES)
    .describe(
      '`cut`: itself unended, but a grant above it has ended. `pending`: not issued, and about to be taken back.',
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
  revoked_at: instantSchema.optional(),
  revoked_by: z.string().optional(),
  revoke_reason: z.string().optional(),
  replaced_by: ulidSchema.optional().describe('The grant that took its place, when `revoke_reason` is `replaced`.'),
  moved: z
    .record(ulidSchema, ulidSchema)
    .optional()
    .describe('Old ids and new ones of the grants that moved; only when a grant is issued.'),
  chain: z.array(linkSchema).optional().describe('From the owner down to this grant; only when one grant is read.'),
})
export const grantSchema = grantMembers.meta({
  id: 'Grant',
  description: 'One link of a chain, as its parties see it.',
})
export type Grant = z.infer<typeof grantSchema>

/** `POST /v1/grants/preview`: always 200. A refusal is the problem that issuing would be answered with, as data. */
export const grantPreviewSchema = z.discriminatedUnion('allowed', [
  z.object({
    allowed: z.literal(true),
    grant: grantMembers.omit({ id: true, status: true }),
    would_allow: z.array(
      z.object({
        action: z.string(),
        scope: z.string(),
        /** Whether limits of grants bind the action. */
        limited: z.boolean(),
        /** The owner's gates that it must pass at each use; only for agents. */
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
export type GrantPreview = z.infer<typeof grantPreviewSchema>

/** `POST /v1/grants/{id}/revoke`. */
export const revokeRequestSchema = z.strictObject({
  reason: freeTextSchema(200).default('revoked').describe('For the parties of the grant.'),
})

const partyAskedSchema = z
  .union([z.literal('me'), partySchema], 'must be me, user:<id> or agent:<id>')
  .optional()
  .describe('`me`, or a party.')

/** `GET /v1/grants`. Without a filter: all that the caller is a party to. */
export const grantQuerySchema = z.strictObject({
  delegator: partyAskedSchema,
  delegate: partyAskedSchema,
  owner: partyAskedSchema,
  resource: z.string().optional().describe('The scope, `<type>:<id>` or `all:<domain>`, as the grant has it.'),
  include: z.literal('ended').optional().describe('Ended grants too.'),
  limit: pageLimitSchema(200, 50),
  cursor: pageTokenSchema.optional(),
})
export type GrantQuery = z.infer<typeof grantQuerySchema>
