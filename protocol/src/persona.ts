/**
 * Personas, agents and resources on the wire (PAP).
 *
 * @module
 */
import { z } from 'zod'
import { idSchema, instantSchema, nameSchema, personaNameSchema } from './id.ts'
import { partySchema, scopeSchema } from './party.ts'
import { recordSchema } from './record.ts'

export const PERSONA_STATUSES = ['pending', 'active', 'inactive', 'suspended', 'revoked'] as const
export type PersonaStatus = (typeof PERSONA_STATUSES)[number]

/** One gate's setting: a bound on the gate's attribute, inclusive; money in minor units of `currency`, lead times in seconds. */
const settingSchema = z.strictObject({
  at_most: z.number().optional(),
  at_least: z.number().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/u, 'must be an ISO 4217 code')
    .optional(),
})

/** What an owner lets agents do without them. `consent` needs a setting for every gate of the domain that has one. */
export const autonomySchema = z.strictObject({
  consent: z.boolean().describe('`true` needs a limit for every gate that has one.'),
  limits: recordSchema(nameSchema, settingSchema).default({}).describe("Keyed by the gates of the domain's manifest."),
})
export type Autonomy = z.infer<typeof autonomySchema>

const dates = { valid_from: instantSchema.optional(), valid_till: instantSchema.optional() }

/** `POST /v1/personas`: always one's own. A title that waits for an administrator starts `pending`. */
export const personaRequestSchema = z.strictObject({
  title: nameSchema,
  circle: z.string().regex(/^[a-z0-9][a-z0-9-]{0,29}$/u, 'must be 1–30 lower-case letters, digits or "-"'),
  ...dates,
  autonomy: autonomySchema.optional(),
})

/** `GET /v1/personas`. */
export const personaListQuerySchema = z.strictObject({
  waiting: z.literal('true').optional().describe('Those that wait for an administrator, instead of one’s own.'),
})

/** `PATCH /v1/personas/{id}`. `autonomy: null` takes the settings away. */
export const personaPatchSchema = z.strictObject({
  status: z.enum(PERSONA_STATUSES).optional(),
  ...dates,
  autonomy: autonomySchema.nullable().optional(),
})

/** Shown beside the status that was asked for. */
const pendingSchema = z
  .literal(true)
  .optional()
  .describe(
    'The last change is not confirmed by the relationship store yet; it is carried out as soon as that answers.',
  )

export const personaSchema = z
  .object({
    id: z.string(),
    holder: z.string(),
    title: z.string(),
    circle: z.string(),
    domain: z.string(),
    status: z.enum(PERSONA_STATUSES),
    valid_from: instantSchema,
    valid_till: instantSchema,
    autonomy: autonomySchema.optional(),
    created_at: instantSchema,
    pending: pendingSchema,
  })
  .meta({ id: 'Persona' })
export type Persona = z.infer<typeof personaSchema>

/** `POST /v1/agents`. The id is the agent's client id at the identity provider (`azp`). */
export const agentRequestSchema = z.strictObject({
  id: idSchema,
  service_sub: idSchema
    .optional()
    .describe("The sub of its service account; absent: of the agent's first own token. It must match from then on."),
})

/** `PATCH /v1/agents/{id}`. */
export const agentPatchSchema = z.strictObject({ status: z.enum(['active', 'suspended']) })

export const agentSchema = z
  .object({
    id: z.string(),
    status: z.enum(['active', 'suspended']),
    created_at: instantSchema,
    pending: pendingSchema,
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof agentSchema>

/** `PUT /v1/resources/{type}/{id}`: a topmost resource names its owner and their persona, any other its parent. */
export const resourceRequestSchema = z.union([
  z.strictObject({ owner: partySchema, owner_persona: personaNameSchema.optional() }),
  z.strictObject({ parent: scopeSchema }),
])

/** `POST /v1/resources/{type}/{id}/transfer`. */
export const transferRequestSchema = z.strictObject({ owner: partySchema, owner_persona: personaNameSchema.optional() })

export const resourceRecordSchema = z
  .object({
    type: z.string(),
    id: z.string(),
    owner: z.string(),
    owner_persona: z.string().optional(),
    parent: z.string().optional(),
  })
  .meta({ id: 'ResourceRecord' })
export type ResourceRecord = z.infer<typeof resourceRecordSchema>

/** A page of a list; `next_cursor` is absent on the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next_cursor?: string
}
