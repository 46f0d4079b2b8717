/**
 * Facts of domains whose own model decides: relations between subjects and resources, and attributes of either. Stored by the domain's services.
 *
 * @module
 */
import { z } from 'zod'
import { idSchema, nameSchema } from './id.ts'
import { recordSchema } from './record.ts'

/** How many facts one request may change: they are changed together. */
export const MAX_FACTS = 40
const MAX_ATTRIBUTES = 16

const entity = z.strictObject({ type: nameSchema, id: idSchema })

/** `subject` is in `relation` to `resource`. */
const relationFactSchema = z.strictObject({
  subject: z.strictObject({
    type: nameSchema,
    id: idSchema.describe('`*`: everybody of the type. Only here: elsewhere `*` is an id like any other.'),
    /** Whoever is in this relation to it, such as the members of a group. */
    relation: nameSchema.optional(),
  }),
  relation: nameSchema,
  /** Of a type of the domain's model, or the domain itself: `{ "type": "domain", "id": "<domain>" }`. */
  resource: entity,
  /** A condition of the domain's model, and those of its parameters that are fixed here. */
  condition: z.strictObject({ name: nameSchema, context: recordSchema(z.string(), z.json()).default({}) }).optional(),
})

const attributesSchema = recordSchema(z.string(), z.json()).refine(
  (attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES,
  `at most ${MAX_ATTRIBUTES} attributes`,
)

/** What is known of one subject or resource in the domain; it replaces what was known before. */
const subjectAttributesSchema = z.strictObject({ subject: entity, attributes: attributesSchema })
const resourceAttributesSchema = z.strictObject({ resource: entity, attributes: attributesSchema })

export const factSchema = z.union([relationFactSchema, subjectAttributesSchema, resourceAttributesSchema])
export type FactRequest = z.infer<typeof factSchema>

/** `POST /v1/facts`. Writing what is there, or removing what is not, is no error. */
export const factsRequestSchema = z
  .strictObject({
    domain: nameSchema,
    write: z.array(factSchema).default([]),
    remove: z.array(factSchema).default([]),
  })
  .refine(
    ({ write, remove }) => write.length + remove.length <= MAX_FACTS,
    `at most ${MAX_FACTS} facts are changed by one request`,
  )
export type FactsRequest = z.infer<typeof factsRequestSchema>

/** A file of facts, of one domain: as many as there are. */
export const factsFileSchema = z.strictObject({ domain: nameSchema, facts: z.array(factSchema) })

/** How many facts were there already, and how many changed. */
export const factsAnswerSchema = z.strictObject({ written: z.int(), removed: z.int() })
