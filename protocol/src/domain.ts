/**
 * Domains as the PDP describes them (`GET /v1/domains`): titles, actions, attributes, gates and texts of the policy packs in force. Whatever shows
 * limits or reasons reads it instead of knowing a domain. Texts are English.
 *
 * @module
 */
import { z } from 'zod'
import { nameSchema } from './id.ts'
import { settingSchema } from './persona.ts'

/** Attribute types that gates and limits can bound: money in minor units, instants as seconds ahead of now. */
export const MEASURES = ['money', 'instant', 'integer', 'number'] as const
/** Attribute types that only conditions of a domain's own model read. */
export const PLAIN_VALUES = ['string', 'boolean', 'strings', 'duration', 'ipaddress'] as const

/** A noun for one and for several: `{ one: 'minute', many: 'minutes' }`. */
export const unitSchema = z.strictObject({ one: z.string().min(1).max(40), many: z.string().min(1).max(40) })
/** A noun for one and for several, in English. */
export type Unit = z.infer<typeof unitSchema>

const text = z.string().min(1).max(400)

/** How a form asks for a gate's limit, and how a sentence says it. */
export const limitFormSchema = z.strictObject({
  label: text.describe('Label of the field: `Risk, at most`.'),
  help: text.optional(),
  sentence: text
    .regex(/\{limit\}/u, 'must hold {limit}')
    .describe('Said of a limit that is set, with `{limit}` for it: `risk at most {limit}`.'),
  suggested: settingSchema.optional().describe('What the field holds before a limit was ever set; not a default.'),
  minimum: z.number().optional().describe('Smallest value that the form takes, as on the wire. The PDP takes any.'),
  maximum: z.number().optional().describe('Largest value that the form takes, likewise.'),
})
/** How a form asks for a gate's limit. */
export type LimitForm = z.infer<typeof limitFormSchema>

/** How a form asks for consent, and how a sentence about limits begins. */
export const consentFormSchema = z.strictObject({
  question: text.describe('`May agents book for you, without asking each time?`'),
  sentence: text.describe('Begins the sentence of which the limits are the end: `Agents may book for you`.'),
})
/** How a form asks for consent. */
export type ConsentForm = z.infer<typeof consentFormSchema>

/** What a reason of a domain's own gate means, to each of those who may read it. */
export const gateTextsSchema = z.object({
  user: z.string().describe('For the person whose request was denied.'),
  admin: z.string().describe('For whoever runs the service.'),
  cure: z.string().describe('What would change the answer.'),
  owner: z.string().optional().describe('For the owner, who reads later what was denied to an agent of theirs.'),
  owner_cure: z.string().optional().describe('What the owner can change.'),
})

/** One gate of a domain. Without `attribute` and `bound` it is consent. */
export const domainGateSchema = z.object({
  name: nameSchema,
  label: z.string().describe('In the middle of a sentence: `lead time`.'),
  reason: z.string(),
  actions: z.array(z.string()),
  attribute: z.string().optional(),
  bound: z.enum(['at_most', 'at_least']).optional(),
  form: limitFormSchema.optional(),
  consent: consentFormSchema.optional(),
})
/** One gate of a domain. */
export type DomainGate = z.infer<typeof domainGateSchema>

/** An attribute of a domain's resources. */
export const domainAttributeSchema = z.object({
  type: z.enum([...MEASURES, ...PLAIN_VALUES]),
  label: z.string().describe('In the middle of a sentence: `planned price`.'),
  unit: unitSchema.optional(),
})
/** An attribute of a domain's resources. */
export type DomainAttribute = z.infer<typeof domainAttributeSchema>

/** One policy pack in force, as `GET /v1/domains` serves it. Records are keyed by the manifest's names, in its order. */
export const domainSchema = z
  .object({
    domain: nameSchema,
    version: z.string().describe('`domain@hash`, as entries of the log name it.'),
    label: z.string(),
    everything: z.string().describe('All of an owner’s in this domain, in the middle of a sentence: `all trips`.'),
    account: z.string().optional().describe('The type that stands for all of an owner’s.'),
    resources: z.record(
      z.string(),
      z.object({
        parent: z.string().optional(),
        called: unitSchema.describe('In the middle of a sentence: `a trip`, `trips`.'),
      }),
    ),
    titles: z.record(
      z.string(),
      z.object({
        label: z.string(),
        assume: z.enum(['self', 'administrator']).describe('Who may take it; `administrator`: one must approve.'),
        about: z.string().optional().describe('What it lets a person do.'),
      }),
    ),
    actions: z.record(
      z.string(),
      z.object({
        verb: z.string().describe('In the middle of a sentence: `book`.'),
        label: z.string().describe('Beside a checkbox of a grant: `Book what is in it`.'),
        on: z.enum(['resource', 'account']),
        implies: z.array(z.string()),
        limited: z.boolean().describe('Whether gates and grants’ own limits bind it.'),
        grantable: z.boolean().describe('Whether a grant can give it; `false`: the domain’s own model decides it.'),
      }),
    ),
    attributes: z.record(z.string(), domainAttributeSchema),
    gates: z.array(domainGateSchema),
    reasons: z
      .record(z.string(), gateTextsSchema)
      .describe('Codes of this domain’s gates that are none of the core’s.'),
  })
  .meta({ id: 'Domain' })
/** One policy pack in force. */
export type Domain = z.infer<typeof domainSchema>

/** `GET /v1/domains`, in the order of the packs. */
export const domainListSchema = z.object({ items: z.array(domainSchema) })
