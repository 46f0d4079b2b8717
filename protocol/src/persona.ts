/**
 * Personas, agents and resources on the wire (policy administration).
 *
 * @module
 */
import { z } from 'zod'
import { idSchema, instantSchema, nameSchema, personaNameSchema } from './id.ts'
import { partySchema, scopeSchema } from './party.ts'
import { recordSchema } from './record.ts'

/** Statuses of a persona. Only an `active` one within its dates is usable; `pending` waits for an administrator; `revoked` is final. */
export const PERSONA_STATUSES = ['pending', 'active', 'inactive', 'suspended', 'revoked'] as const
/** One of {@link PERSONA_STATUSES}. */
export type PersonaStatus = (typeof PERSONA_STATUSES)[number]

/** Setting of one gate: an inclusive bound on its attribute. Money in minor units of `currency`, lead times in seconds. */
export const settingSchema = z.strictObject({
  at_most: z.number().optional(),
  at_least: z.number().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/u, 'must be an ISO 4217 code')
    .optional(),
})

/** Autonomy settings: what an owner lets agents do on their own. `consent: true` requires a limit for every gate of the domain that takes one. */
export const autonomySchema = z.strictObject({
  consent: z.boolean().describe('`true` requires a limit for every gate that takes one.'),
  limits: recordSchema(nameSchema, settingSchema)
    .default({})
    .describe("Limits by gate name, as in the domain's manifest."),
})
/** A parsed {@link autonomySchema}. */
export type Autonomy = z.infer<typeof autonomySchema>

const dates = { valid_from: instantSchema.optional(), valid_till: instantSchema.optional() }

/** Body of `POST /v1/personas`; the caller becomes the holder. A title that requires approval starts `pending`. */
export const personaRequestSchema = z.strictObject({
  title: nameSchema,
  circle: z.string().regex(/^[a-z0-9][a-z0-9-]{0,29}$/u, 'must be 1–30 lower-case letters, digits or "-"'),
  ...dates,
  autonomy: autonomySchema.optional(),
})

/** Query string of `GET /v1/personas`. */
export const personaListQuerySchema = z.strictObject({
  waiting: z
    .literal('true')
    .optional()
    .describe('`true`: the personas that wait for an administrator, instead of the caller’s own.'),
})

/** Body of `PATCH /v1/personas/{id}`. `autonomy: null` removes the settings. */
export const personaPatchSchema = z.strictObject({
  status: z.enum(PERSONA_STATUSES).optional(),
  ...dates,
  autonomy: autonomySchema.nullable().optional(),
})

/** `true` while the requested status is stored but not yet in effect. */
const pendingSchema = z
  .literal(true)
  .optional()
  .describe('The last change is not confirmed by the relationship store yet; it is retried until that responds.')

/** A persona: a role (`title`) of a person in a group (`circle`), with its autonomy settings. `holder` is `user:<sub>`. */
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
/** A parsed {@link personaSchema}. */
export type Persona = z.infer<typeof personaSchema>

/** Body of `POST /v1/agents`. `id` is the agent's client id at the identity provider (`azp` claim). */
export const agentRequestSchema = z.strictObject({
  id: idSchema,
  service_sub: idSchema
    .optional()
    .describe(
      "The `sub` of its service account; absent: taken from the agent's first own token. Later tokens must match.",
    ),
})

/** Body of `PATCH /v1/agents/{id}`. */
export const agentPatchSchema = z.strictObject({ status: z.enum(['active', 'suspended']) })

/** A registered agent. A suspended one is denied everything. */
export const agentSchema = z
  .object({
    id: z.string(),
    status: z.enum(['active', 'suspended']),
    created_at: instantSchema,
    pending: pendingSchema,
  })
  .meta({ id: 'Agent' })
/** A parsed {@link agentSchema}. */
export type Agent = z.infer<typeof agentSchema>

/** Body of `PUT /v1/resources/{type}/{id}`. A topmost resource has an owner (and the owner's persona); any other has a parent. */
export const resourceRequestSchema = z.union([
  z.strictObject({ owner: partySchema, owner_persona: personaNameSchema.optional() }),
  z.strictObject({ parent: scopeSchema }),
])

/** Body of `POST /v1/resources/{type}/{id}/transfer`: the new owner. */
export const transferRequestSchema = z.strictObject({ owner: partySchema, owner_persona: personaNameSchema.optional() })

/** A registered resource. `owner` is `user:<sub>`, `parent` is `type:id`. */
export const resourceRecordSchema = z
  .object({
    type: z.string(),
    id: z.string(),
    owner: z.string(),
    owner_persona: z.string().optional(),
    parent: z.string().optional(),
  })
  .meta({ id: 'ResourceRecord' })
/** A parsed {@link resourceRecordSchema}. */
export type ResourceRecord = z.infer<typeof resourceRecordSchema>

/** One page of a list. `next_cursor` is absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next_cursor?: string
}
