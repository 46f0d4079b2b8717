/**
 * `cases.yaml`: what a policy pack promises, as given, when, then, in the words of any domain. Read strictly; what it says of people,
 * resources and actions is held against the pack's manifest by {@link file://./objections.ts}.
 *
 * @module
 */
import { parseYaml, type Whereabouts } from '@mandate/pdp'
import { autonomySchema, factSchema, limitSchema, personaNameSchema } from '@mandate/protocol'
import { z } from 'zod'
import { ASK_FORM, readAsk } from '../fixtures/ask.ts'

/** People are known to the PDP by it, as are agents and resources, so that what it answers can be read. */
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
  /** The owner's persona it is created under. @default their first */
  persona: personaNameSchema.optional(),
  /** A resource above. */
  parent: nameSchema.optional(),
  /** Its attributes, as its service sends them. `in 5 hours`, `90 days ago`: an instant. */
  with: attributesSchema,
})

const grantSchema = z.strictObject({
  /** So that later steps can speak of it. */
  name: z.string().optional(),
  from: nameSchema,
  to: nameSchema,
  actions: z.array(z.string()).min(1),
  /** A resource, or `all` of the owner's. */
  on: z.string(),
  /** The giver's. @default their first */
  persona: personaNameSchema.optional(),
  /** The name of the grant that is passed on. */
  parent: z.string().optional(),
  /** How long it lives. */
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
    /** A grant by its name; by whom, when that is not its giver. */
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
    /** Facts that become true, and facts that no longer are. */
    facts: z.array(factSchema).min(1).optional(),
    without: z.array(factSchema).min(1).optional(),
    /** Time passes. */
    later: durationSchema.optional(),
  })
  .refine(
    (step) => Object.values(step).filter((verb) => verb !== undefined).length === 1,
    'a step does one thing: grant, revoke, autonomy, persona, agent, transfer, facts, without or later',
  )
export type CaseStep = z.output<typeof stepSchema>

const questionSchema = z
  .strictObject({
    ask: z.string().refine((text) => readAsk(text) !== undefined, `must be like "${ASK_FORM}"`),
    /** Attributes of the resource, beside its own or in their place; of whoever asks; of the action. */
    with: attributesSchema,
    with_subject: attributesSchema,
    with_action: attributesSchema,
    permit: z.string().optional(),
    /** The whole list of reasons, primary first. */
    deny: z.array(z.string()).min(1).optional(),
    /** Who stands in the chain, the owner first. */
    chain: z.array(nameSchema).optional(),
  })
  .refine(
    ({ permit, deny }) => (permit === undefined) !== (deny === undefined),
    'an ask ends in permit: <reason> or deny: [<reason>, …]',
  )
export type CaseQuestion = z.output<typeof questionSchema>

const caseSchema = z.strictObject({
  case: z.string().min(1),
  /** What is so before. */
  given: z.array(stepSchema).default([]),
  /** What happens. */
  when: z.array(stepSchema).default([]),
  /** What is asked then, and what must be answered. */
  // biome-ignore lint/suspicious/noThenProperty: given, when, then; nobody awaits a case
  then: z.array(questionSchema).min(1),
})
export type PackCase = z.output<typeof caseSchema>

const personasSchema = z.union([personaNameSchema.transform((one) => [one]), z.array(personaNameSchema)], {
  error: 'must be a persona as title/circle, or a list of them; [] for a person without one',
})

const fileSchema = z.strictObject({
  /** Each with their personas; the first is the one that they act in when nothing is said. */
  people: z.record(nameSchema, personasSchema).default({}),
  agents: z.array(nameSchema).default([]),
  resources: z.record(nameSchema, resourceSchema).default({}),
  /** What each lets agents do, in their first persona. */
  autonomy: z.record(nameSchema, autonomySchema).default({}),
  facts: z.array(factSchema).default([]),
  cases: z.array(caseSchema).min(1),
})
export type CaseFile = z.output<typeof fileSchema>

/** @throws PolicyError naming each mistake by file and line. */
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
