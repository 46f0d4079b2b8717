/**
 * Facts on the wire, for domains with an authorization model of their own: relations between subjects and resources, and attributes of either. The
 * domain's services write them.
 *
 * @module
 */
import { z } from 'zod'
import { idSchema, nameSchema, relationNameSchema } from './id.ts'
import { recordSchema } from './record.ts'

/** The most facts that one request may change; they are changed atomically. */
export const MAX_FACTS = 40
const MAX_ATTRIBUTES = 16

const entity = z.strictObject({ type: nameSchema, id: idSchema })

/** States that `subject` has `relation` to `resource`. */
const relationFactSchema = z.strictObject({
  subject: z.strictObject({
    type: nameSchema,
    id: idSchema.describe('`*` is a wildcard: every subject of the type. Elsewhere `*` is an ordinary id.'),
    /** Makes the subject a set: everyone with this relation to it, such as the members of a group. */
    relation: relationNameSchema.optional(),
  }),
  relation: relationNameSchema,
  /** A resource of a type in the domain's model, or the domain itself: `{ "type": "domain", "id": "<domain>" }`. */
  resource: entity,
  /** A condition of the domain's model; `context` binds some of its parameters. */
  condition: z
    .strictObject({ name: relationNameSchema, context: recordSchema(z.string(), z.json()).default({}) })
    .optional(),
})

const attributesSchema = recordSchema(z.string(), z.json()).refine(
  (attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES,
  `at most ${MAX_ATTRIBUTES} attributes`,
)

/** All attributes of one subject or resource in the domain; replaces the previous ones. */
const subjectAttributesSchema = z.strictObject({ subject: entity, attributes: attributesSchema })
const resourceAttributesSchema = z.strictObject({ resource: entity, attributes: attributesSchema })

/** One fact: a relation, or the attributes of a subject or of a resource. */
export const factSchema = z.union([relationFactSchema, subjectAttributesSchema, resourceAttributesSchema])
/** A parsed {@link factSchema}. */
export type FactRequest = z.infer<typeof factSchema>

/** Body of `POST /v1/facts`. Idempotent: writing an existing fact and removing a missing one succeed. At most {@link MAX_FACTS} in all. */
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
/** A parsed {@link factsRequestSchema}. */
export type FactsRequest = z.infer<typeof factsRequestSchema>

/** Content of a facts file (`facts.yaml`): the facts of one domain, in any number. */
export const factsFileSchema = z.strictObject({ domain: nameSchema, facts: z.array(factSchema) })

/** Response of `POST /v1/facts`. `written`: facts that are new; `removed`: facts that the request removed, whether they were there or not. */
export const factsAnswerSchema = z.strictObject({ written: z.int(), removed: z.int() })
