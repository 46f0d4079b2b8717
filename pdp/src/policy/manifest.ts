/**
 * A domain's manifest: titles, actions, resource types, attributes and gates. Data, checked whole when it is loaded; a new domain is a new
 * folder and no code.
 *
 * @module
 */
import {
  consentFormSchema,
  gateCodeSchema,
  limitFormSchema,
  MEASURES,
  nameSchema,
  PLAIN_VALUES,
  REASONS,
  unitSchema,
} from '@mandate/protocol'
import { z } from 'zod'

const names = z.array(nameSchema)
/** A text that windows show, in English. */
const text = z.string().min(1).max(400)

const titleSchema = z.strictObject({
  /** `self`: anybody may take it. `administrator`: it waits for a persona administrator. */
  assume: z.enum(['self', 'administrator']),
  /** What it may do with what it owns. */
  own: names,
  /** What it may do by grant. */
  by_grant: names,
  /** Its name as windows show it. Absent: the title with spaces. */
  label: text.optional(),
  /** What it lets a person do, for who chooses a persona. */
  about: text.optional(),
})

const actionSchema = z.strictObject({
  implies: names.default([]),
  /** `account`: asked of the owner's account, since the thing does not exist yet. */
  on: z.enum(['resource', 'account']).default('resource'),
  /** Whether grants' own limits bind it. */
  limited: z.boolean().default(false),
  /** Decided by this relation of the domain's own model between subject and resource; ownership and grants have no part in it. */
  relation: nameSchema.optional(),
  /** In the middle of a sentence: `book`. Absent: the action with spaces. */
  verb: text.optional(),
  /** Beside a checkbox of a grant: `Book what is in it`. Absent: the verb, capitalized. */
  label: text.optional(),
})

const resourceSchema = z.strictObject({
  parent: nameSchema.optional(),
  /** Whether ids of this type say nothing about anybody, and so may stand in the log as they are. */
  opaque_ids: z.boolean().default(false),
  /** Whether ids of this type are people's own: kept as pseudonyms, like subjects. */
  people: z.boolean().default(false),
  /** In the middle of a sentence: `a trip`, `trips`. Absent: the type with spaces. */
  called: unitSchema.optional(),
})

const attributeSchema = z.strictObject({
  /** Money, instants and numbers can be bounded by gates and limits; all of them can be parameters of the model's conditions. */
  type: z.enum([...MEASURES, ...PLAIN_VALUES]),
  minimum: z.number().optional(),
  /** In the middle of a sentence. Absent: the name with spaces. */
  label: text.optional(),
  /** What an `integer` or `number` counts: one word for all counts, or one for each. */
  unit: z.union([text, unitSchema]).optional(),
  /** What a relation is asked with when neither the request nor a stored fact says. */
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
})
export type AttributeRule = z.infer<typeof attributeSchema>

/** Codes that packs written for 0.1 use without texts: {@link gateTexts} makes some, so that such a pack can still be loaded or rolled back to. */
const WITHOUT_TEXTS: ReadonlySet<string> = new Set([
  'price_above_limit',
  'lead_time_too_short',
  'risk_above_limit',
  'effort_above_limit',
])

const gateSchema = z
  .strictObject({
    name: nameSchema,
    /** The relation of the owner's persona that decides it. */
    relation: nameSchema,
    reason: gateCodeSchema,
    attribute: z.string().optional(),
    bound: z.enum(['at_most', 'at_least']).optional(),
    actions: names.min(1),
    /** In the middle of a sentence: `lead time`. Absent: the name with spaces. */
    label: text.optional(),
    /** Texts for a code that {@link REASONS} does not have: for the person who asked, for administrators, and what would change the answer. */
    user: text.optional(),
    admin: text.optional(),
    cure: text.optional(),
    /** For the owner, who reads later what was denied to an agent of theirs. Absent: `user` and `cure` fit. */
    owner: text.optional(),
    owner_cure: text.optional(),
    /** How a window asks for the limit. Absent: a field made of the labels. */
    form: limitFormSchema.optional(),
    /** How a window asks for consent; of the gate without an attribute. */
    consent: consentFormSchema.optional(),
  })
  .refine((gate) => (gate.attribute === undefined) === (gate.bound === undefined), 'attribute and bound go together')
  .refine((gate) => gate.attribute !== undefined || gate.form === undefined, 'form needs an attribute')
  .refine((gate) => gate.attribute === undefined || gate.consent === undefined, 'consent goes without an attribute')
  .refine(
    ({ reason, user, admin, cure }) =>
      Object.hasOwn(REASONS, reason) || WITHOUT_TEXTS.has(reason) || (user && admin && cure),
    'a new reason needs user, admin and cure texts',
  )
export type Gate = z.infer<typeof gateSchema>

/** Actions and attributes are named by services: `GET`, `ownerID`. */
const wordSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,29}$/u, 'must be 1–30 characters: a letter, then letters, digits, "_" or "-"')
const attributesSchema = z.record(wordSchema, attributeSchema).default({})

const shapeSchema = z.strictObject({
  domain: nameSchema,
  /** Its name as windows show it. Absent: the domain, capitalized. */
  label: text.optional(),
  /** All of an owner's in it, in the middle of a sentence: `all trips`. */
  everything: text.optional(),
  titles: z.record(nameSchema, titleSchema).default({}),
  actions: z.record(wordSchema, actionSchema),
  resources: z.record(nameSchema, resourceSchema),
  /** The resource type that stands for all of an owner's; its id is the owner's. None where nothing is owned. */
  account: nameSchema.optional(),
  /** Other words for `user` that callers use for people in this domain. */
  subjects: names.default([]),
  /** Of the resource. */
  attributes: attributesSchema,
  subject_attributes: attributesSchema,
  action_attributes: attributesSchema,
  gates: z.array(gateSchema).default([]),
})

export const manifestSchema = shapeSchema.superRefine((manifest, context) => {
  for (const { path, message } of objections(manifest)) context.addIssue({ code: 'custom', path: [...path], message })
})

/** A domain's manifest, checked: every name it refers to is declared in it. Limits of money are in minor units, lead times in seconds. */
export type Manifest = z.infer<typeof manifestSchema>

interface Objection {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Everything a name refers to must be declared in the same manifest. */
function objections(manifest: z.infer<typeof shapeSchema>): readonly Objection[] {
  const { actions, titles, resources, account, subjects, attributes, gates } = manifest
  const undeclared = (path: Objection['path'], name: string): readonly Objection[] =>
    Object.hasOwn(actions, name) ? [] : [{ path, message: `there is no action "${name}"; declare it under actions` }]
  return [
    ...Object.entries(titles).flatMap(([title, rule]) =>
      (['own', 'by_grant'] as const).flatMap((key) =>
        rule[key].flatMap((name, index) => undeclared(['titles', title, key, index], name)),
      ),
    ),
    ...Object.entries(actions).flatMap(([name, rule]) => actionObjections(actions, name, rule)),
    ...Object.entries(resources).flatMap(([type, { parent }]) =>
      parent && !Object.hasOwn(resources, parent)
        ? [{ path: ['resources', type, 'parent'], message: `there is no type "${parent}"` }]
        : [],
    ),
    ...(account === undefined && Object.values(actions).some(({ relation }) => relation === undefined)
      ? [
          {
            path: ['account'],
            message: "name the type that stands for all of an owner's, or the relation that decides each action",
          },
        ]
      : []),
    ...(account && Object.hasOwn(resources, account)
      ? [{ path: ['account'], message: `"${account}" is a resource type already` }]
      : []),
    ...subjects.flatMap((word, index) =>
      word === 'agent' ? [{ path: ['subjects', index], message: '"agent" means an agent everywhere' }] : [],
    ),
    ...gates.flatMap((gate, index) => [
      ...gate.actions.flatMap((name, at) => undeclared(['gates', index, 'actions', at], name)),
      ...gateObjections(attributes, gate, index),
    ]),
  ]
}

function actionObjections(
  actions: z.infer<typeof shapeSchema>['actions'],
  name: string,
  rule: z.infer<typeof actionSchema>,
): readonly Objection[] {
  const path = ['actions', name]
  if (rule.relation && (rule.on === 'account' || rule.limited || rule.implies.length > 0))
    return [{ path, message: 'an action with a relation takes no on, limited or implies: grants have no part in it' }]
  return rule.implies.flatMap((implied, index) => {
    const found = Object.hasOwn(actions, implied) ? actions[implied] : undefined
    const at = [...path, 'implies', index]
    if (!found) return [{ path: at, message: `there is no action "${implied}"; declare it under actions` }]
    return found.relation ? [{ path: at, message: `"${implied}" is decided by a relation; no grant gives it` }] : []
  })
}

function gateObjections(
  attributes: Readonly<Record<string, AttributeRule>>,
  { attribute }: Gate,
  index: number,
): readonly Objection[] {
  if (attribute === undefined) return []
  const path = ['gates', index, 'attribute']
  const rule = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined
  if (!rule) return [{ path, message: `there is no attribute "${attribute}"` }]
  return isMeasure(rule.type) ? [] : [{ path, message: `"${attribute}" is no quantity: a gate cannot bound it` }]
}

/** Whether an attribute can be bounded. */
export const isMeasure = (type: AttributeRule['type']): type is (typeof MEASURES)[number] =>
  (MEASURES as readonly string[]).includes(type)

/** The actions that a grant of `actions` allows: themselves and those that they imply, sorted, each once. */
export function impliedActions(manifest: Manifest, actions: readonly string[]): readonly string[] {
  const all = new Set<string>()
  const visit = (name: string): void => {
    if (all.has(name)) return
    all.add(name)
    for (const implied of manifest.actions[name]?.implies ?? []) visit(implied)
  }
  for (const name of actions) visit(name)
  return [...all].sort()
}
