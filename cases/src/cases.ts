/**
 * Schema of `cases.yaml`, the tests of a policy pack as given, when, then. Unknown members are mistakes. {@link file://./objections.ts} checks the names
 * of people, resources and actions against the rest of the file and the manifest.
 *
 * @module
 */
import { parseYaml, type Whereabouts } from '@mandate/pdp'
import { autonomySchema, factSchema, limitSchema, personaNameSchema } from '@mandate/protocol'
import { z } from 'zod'
import { ASK_FORM, readAsk } from './ask.ts'

/** Name of a person, agent or resource. It is also the `sub` or id at the PDP, so that responses can be read. */
const nameSchema = z.string().regex(/^[A-Za-z0-9][\w.@-]{0,63}$/u, 'must be a name: letters, digits, ".", "_", "-"')
const attributesSchema = z.record(z.string(), z.unknown()).default({})
const durationSchema = z
  .string()
  .regex(/^\d+ (second|minute|hour|day)s?$/u, 'must be a duration, such as 8 days or 30 minutes')

const resourceSchema = z.strictObject({
  type: z.string(),
  /** @default its name here */
  id: z.string().optional(),
  owner: nameSchema.optional(),
  /** The owner's persona that the resource belongs to. @default the owner's first */
  persona: personaNameSchema.optional(),
  /** Name of the parent resource. */
  parent: nameSchema.optional(),
  /** Attributes, as the service sends them. `in 5 hours` and `90 days ago` are instants. */
  with: attributesSchema,
})

const grantSchema = z.strictObject({
  /** Name by which later steps refer to the grant. */
  name: z.string().optional(),
  from: nameSchema,
  to: nameSchema,
  actions: z.array(z.string()).min(1),
  /** Name of a resource; `all`: everything of the owner in the domain. */
  on: z.string(),
  /** The giver's persona. @default the giver's first */
  persona: personaNameSchema.optional(),
  /** Name of the grant that is passed on. */
  parent: z.string().optional(),
  /** Time until it expires. */
  for: durationSchema.optional(),
  redelegations: z.int().min(0).optional(),
  unattended: z.boolean().optional(),
  delegate_persona: z.string().optional(),
  limits: z.array(limitSchema).optional(),
})

const settingsSchema = z.union([z.literal('none'), autonomySchema], 'must be none, or consent and limits')

const stepSchema = z
  .strictObject({
    grant: grantSchema.optional(),
    /** `grant`: its name. @default by its giver */
    revoke: z.strictObject({ grant: z.string(), by: nameSchema.optional() }).optional(),
    autonomy: z
      .strictObject({ of: nameSchema, persona: personaNameSchema.optional(), settings: settingsSchema })
      .optional(),
    persona: z
      .strictObject({
        of: nameSchema,
        name: personaNameSchema.optional(),
        status: z.enum(['active', 'inactive', 'suspended', 'revoked']),
      })
      .optional(),
    agent: z.strictObject({ name: nameSchema, status: z.enum(['active', 'suspended']) }).optional(),
    transfer: z
      .strictObject({ resource: nameSchema, to: nameSchema, persona: personaNameSchema.optional() })
      .optional(),
    /** Facts to write, and facts to remove. */
    facts: z.array(factSchema).min(1).optional(),
    without: z.array(factSchema).min(1).optional(),
    /** Advances the PDP's clock. */
    later: durationSchema.optional(),
  })
  .refine(
    (step) => Object.values(step).filter((verb) => verb !== undefined).length === 1,
    'a step does one thing: grant, revoke, autonomy, persona, agent, transfer, facts, without or later',
  )
/** One step of `given` or `when`: exactly one member is defined. */
export type CaseStep = z.output<typeof stepSchema>

const questionSchema = z
  .strictObject({
    ask: z.string().refine((text) => readAsk(text) !== undefined, `must be like "${ASK_FORM}"`),
    /** Attributes of the resource, added to or replacing its own; of the subject; of the action. */
    with: attributesSchema,
    with_subject: attributesSchema,
    with_action: attributesSchema,
    permit: z.string().optional(),
    /** All reason codes, primary first. */
    deny: z.array(z.string()).min(1).optional(),
    /** Names of the parties of the chain, owner first. */
    chain: z.array(nameSchema).optional(),
  })
  .refine(
    ({ permit, deny }) => (permit === undefined) !== (deny === undefined),
    'an ask ends in permit: <reason> or deny: [<reason>, …]',
  )
/** One request of `then` with its promised decision: either `permit` or `deny` is defined. */
export type CaseQuestion = z.output<typeof questionSchema>

const caseSchema = z.strictObject({
  case: z.string().min(1),
  /** Steps before the case. */
  given: z.array(stepSchema).default([]),
  /** Steps of the case. */
  when: z.array(stepSchema).default([]),
  /** Requests with their promised decisions. */
  // biome-ignore lint/suspicious/noThenProperty: given, when, then; nobody awaits a case
  then: z.array(questionSchema).min(1),
})
/** One case. */
export type PackCase = z.output<typeof caseSchema>

const personasSchema = z.union([personaNameSchema.transform((one) => [one]), z.array(personaNameSchema)], {
  error: 'must be a persona as title/circle, or a list of them; [] for a person without one',
})

const fileSchema = z.strictObject({
  /** Personas by person; the first is the default of steps and questions. */
  people: z.record(nameSchema, personasSchema).default({}),
  agents: z.array(nameSchema).default([]),
  resources: z.record(nameSchema, resourceSchema).default({}),
  /** Autonomy settings by person, of the first persona. */
  autonomy: z.record(nameSchema, autonomySchema).default({}),
  facts: z.array(factSchema).default([]),
  cases: z.array(caseSchema).min(1),
})
/** A valid `cases.yaml`, with defaults filled in. */
export type CaseFile = z.output<typeof fileSchema>

/** Parses the text of a `cases.yaml`. @throws PolicyError naming each mistake by file and line. */
export function parsePackCases(file: string, text: string): { readonly value: CaseFile; readonly where: Whereabouts } {
  return parseYaml(file, text, fileSchema)
}

const UNITS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400 }

/** Seconds in `8 days`. */
export function secondsIn(duration: string): number {
  const [count = '', unit = ''] = duration.split(' ')
  return Number(count) * (UNITS[unit.replace(/s$/u, '')] ?? Number.NaN)
}

/** An instant told from now: `in 5 hours`, `90 days ago`; anything else is `undefined`. */
export function instantIn(text: unknown, now: number): string | undefined {
  if (typeof text !== 'string') return undefined
  const ahead = /^in (?<duration>\d+ (?:second|minute|hour|day)s?)$/u.exec(text)?.groups?.['duration']
  const ago = /^(?<duration>\d+ (?:second|minute|hour|day)s?) ago$/u.exec(text)?.groups?.['duration']
  const seconds = ahead ? secondsIn(ahead) : ago ? -secondsIn(ago) : undefined
  return seconds === undefined ? undefined : new Date(now + seconds * 1000).toISOString()
}
