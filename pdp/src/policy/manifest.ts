/**
 * A domain's manifest: titles, actions, resource types, attributes and gates. Data that is validated when it is loaded: a new domain
 * needs a new folder, but no code.
 *
 * @module
 */
import {
  actionNameSchema,
  consentFormSchema,
  gateCodeSchema,
  limitFormSchema,
  MEASURES,
  nameSchema,
  PLAIN_VALUES,
  REASONS,
  type ReasonCode,
  relationNameSchema,
  unitSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import { attributeObjection } from './attribute-values.ts'
import { suggestion } from './yaml-message.ts'

const actionNames = z.array(actionNameSchema)
/** A text for user interfaces, in English. */
const text = z.string().min(1).max(400)

const titleSchema = z.strictObject({
  /** Who may assign the persona title: `self`: every person to themselves; `administrator`: a persona administrator must approve. */
  assume: z.enum(['self', 'administrator']),
  /** Actions that this persona title permits on resources that it owns. */
  own: actionNames,
  /** Actions that this persona title permits on resources of others, with a grant. */
  by_grant: actionNames,
  /** Name of the title in user interfaces. Absent: the title, its hyphens replaced by spaces. */
  label: text.optional(),
  /** Description of the title, for a person who chooses a persona. */
  about: text.optional(),
})

const actionSchema = z.strictObject({
  implies: actionNames.default([]),
  /** `account`: checked on the owner's account resource, because the action creates its resource. */
  on: z.enum(['resource', 'account']).default('resource'),
  /** Whether limits in a grant apply to this action. */
  limited: z.boolean().default(false),
  /** Relation of the domain's own model that decides this action. Ownership and grants are not used then. */
  relation: relationNameSchema.optional(),
  /** Verb for texts, as inside a sentence: `book`. Absent: the action, its hyphens replaced by spaces. */
  verb: text.optional(),
  /** Label of the checkbox in the grant dialog: `Book what is in it`. Absent: the verb, capitalized. */
  label: text.optional(),
})

const resourceSchema = z.strictObject({
  parent: nameSchema.optional(),
  /** Whether ids of this type identify no person, so that the log may contain them as they are. */
  opaque_ids: z.boolean().default(false),
  /** Whether ids of this type are subs of people: they are replaced by pseudonyms, like subjects. */
  people: z.boolean().default(false),
  /** Name of the type inside a sentence, for one and for many: `a trip`, `trips`. Absent: the type, with spaces. */
  called: unitSchema.optional(),
})

const attributeSchema = z.strictObject({
  /** Type of the attribute. Gates and limits can bound money, instants and numbers; every type but money can be a parameter of a condition. */
  type: z.enum([...MEASURES, ...PLAIN_VALUES]),
  minimum: z.number().optional(),
  /** Name of the attribute inside a sentence: `planned price`. Absent: the attribute's name, with spaces. */
  label: text.optional(),
  /** Unit of an `integer` or `number`: one word, or singular and plural. */
  unit: z.union([text, unitSchema]).optional(),
  /** Value for conditions when neither the request nor a stored fact has one. */
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
})
export type AttributeRule = z.infer<typeof attributeSchema>

/** Reason codes that packs for release 0.1 have without texts: {@link gateTexts} generates them, so that such a pack can still be loaded. */
const WITHOUT_TEXTS: ReadonlySet<string> = new Set([
  'price_above_limit',
  'lead_time_too_short',
  'risk_above_limit',
  'effort_above_limit',
])

/** The only reason of the core that gates share. With another one a denial by a gate would be shown as an ended grant, or as a permit. */
const CONSENT_REASON: ReasonCode = 'no_consent'

const gateSchema = z
  .strictObject({
    name: nameSchema,
    /** Relation of the owner's persona in the model that decides this gate. */
    relation: relationNameSchema,
    reason: gateCodeSchema,
    attribute: z.string().optional(),
    bound: z.enum(['at_most', 'at_least']).optional(),
    actions: actionNames.min(1),
    /** Name of the gate inside a sentence: `lead time`. Absent: its name, with spaces. */
    label: text.optional(),
    /** Texts of a reason code that is not in {@link REASONS}: for the person who asked, for administrators, and the remedy. */
    user: text.optional(),
    admin: text.optional(),
    cure: text.optional(),
    /** Text for the owner, about a denial of one of their agents. Absent: `user` and `cure` are used. */
    owner: text.optional(),
    owner_cure: text.optional(),
    /** Form field for the limit in user interfaces. Absent: generated from the labels. */
    form: limitFormSchema.optional(),
    /** Form field for consent in user interfaces; for the gate without an attribute only. */
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
  .refine(({ reason }) => reason === CONSENT_REASON || !Object.hasOwn(REASONS, reason), {
    path: ['reason'],
    error: ({ input }) =>
      `"${(input as { readonly reason: string }).reason}" means something else in every domain; name a reason of this gate`,
  })
export type Gate = z.infer<typeof gateSchema>

/** Name of an attribute. Services choose them, so upper case is permitted: `ownerID`. Conditions have it as part of a parameter's name. */
const attributeNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,29}$/u, 'must be 1–30 characters: a letter, then letters, digits, "_" or "-"')
const attributesSchema = z.record(attributeNameSchema, attributeSchema).default({})

const shapeSchema = z.strictObject({
  domain: nameSchema,
  /** Name of the domain in user interfaces. Absent: the domain, capitalized. */
  label: text.optional(),
  /** Text for all resources of one owner in this domain, inside a sentence: `all trips`. */
  everything: text.optional(),
  titles: z.record(nameSchema, titleSchema).default({}),
  actions: z.record(actionNameSchema, actionSchema),
  resources: z.record(nameSchema, resourceSchema),
  /** Resource type that represents all resources of one owner; its id is the owner's id. Absent when the domain has no ownership. */
  account: nameSchema.optional(),
  /** Subject types that callers of this domain may send instead of `user`. */
  subjects: z.array(nameSchema).default([]),
  /** Attributes of resources. */
  attributes: attributesSchema,
  subject_attributes: attributesSchema,
  action_attributes: attributesSchema,
  gates: z.array(gateSchema).default([]),
})

export const manifestSchema = shapeSchema.superRefine((manifest, context) => {
  for (const { path, message } of objections(manifest)) context.addIssue({ code: 'custom', path: [...path], message })
})

/** A validated manifest: every name that it uses is declared in it. Money limits are in minor units, lead times in seconds. */
export type Manifest = z.infer<typeof manifestSchema>

interface Objection {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Errors for names that the manifest uses but does not declare. */
function objections(manifest: z.infer<typeof shapeSchema>): readonly Objection[] {
  const { actions, titles, resources, account, subjects, attributes, gates } = manifest
  const undeclared = (path: Objection['path'], name: string): readonly Objection[] =>
    Object.hasOwn(actions, name) ? [] : [{ path, message: noAction(actions, name) }]
  return [
    ...Object.entries(titles).flatMap(([title, rule]) =>
      (['own', 'by_grant'] as const).flatMap((key) =>
        rule[key].flatMap((name, index) => undeclared(['titles', title, key, index], name)),
      ),
    ),
    ...Object.entries(actions).flatMap(([name, rule]) => actionObjections(actions, name, rule)),
    ...Object.entries(resources).flatMap(([type, { parent }]) =>
      parent && !Object.hasOwn(resources, parent)
        ? [{ path: ['resources', type, 'parent'], message: missing('type', parent, Object.keys(resources)) }]
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
    ...ATTRIBUTE_SECTIONS.flatMap((section) =>
      Object.entries(manifest[section]).flatMap(([name, rule]) => defaultObjection(rule, [section, name, 'default'])),
    ),
    ...gates.flatMap((gate, index) => [
      ...gate.actions.flatMap((name, at) => undeclared(['gates', index, 'actions', at], name)),
      ...gateObjections(attributes, gate, index),
    ]),
  ]
}

const ATTRIBUTE_SECTIONS = ['attributes', 'subject_attributes', 'action_attributes'] as const

function defaultObjection(rule: AttributeRule, path: Objection['path']): readonly Objection[] {
  if (rule.default === undefined) return []
  if (rule.type === 'money') return [{ path, message: 'money has no default: conditions do not take it' }]
  const message = attributeObjection(rule.type, rule.default)
  return message === undefined ? [] : [{ path, message }]
}

const missing = (what: string, name: string, known: readonly string[]): string =>
  `there is no ${what} "${name}"${suggestion(name, known)}`

function noAction(actions: object, name: string): string {
  const near = suggestion(name, Object.keys(actions))
  return `there is no action "${name}"${near === '' ? '; declare it under actions' : near}`
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
    if (!found) return [{ path: at, message: noAction(actions, implied) }]
    return found.relation ? [{ path: at, message: `"${implied}" is decided by a relation; no grant gives it` }] : []
  })
}

function gateObjections(
  attributes: Readonly<Record<string, AttributeRule>>,
  { attribute, bound, form }: Gate,
  index: number,
): readonly Objection[] {
  if (attribute === undefined) return []
  const path = ['gates', index, 'attribute']
  const rule = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined
  if (!rule) return [{ path, message: missing('attribute', attribute, Object.keys(attributes)) }]
  if (!isMeasure(rule.type)) return [{ path, message: `"${attribute}" is no quantity: a gate cannot bound it` }]
  const { suggested } = form ?? {}
  if (!suggested || bound === undefined) return []
  const at = ['gates', index, 'form', 'suggested']
  if (suggested[bound] === undefined) return [{ path: at, message: `the gate is ${bound}: write { ${bound}: … }` }]
  const isMoney = rule.type === 'money'
  if (isMoney === (suggested.currency !== undefined)) return []
  return [
    { path: at, message: isMoney ? 'money needs a currency, such as currency: EUR' : 'only money has a currency' },
  ]
}

/** Whether an attribute can be bounded. */
export const isMeasure = (type: AttributeRule['type']): type is (typeof MEASURES)[number] =>
  (MEASURES as readonly string[]).includes(type)

/** Actions that a grant of `actions` permits: these and the ones that they imply, sorted, without duplicates. */
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
