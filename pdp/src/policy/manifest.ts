/**
 * A domain's manifest: titles, actions, resource types, attributes and gates. Data, checked whole when it is loaded; a new domain is a new
 * folder and no code.
 *
 * @module
 */
import { nameSchema, REASONS } from '@mandate/protocol'
import { z } from 'zod'

const names = z.array(nameSchema)

const titleSchema = z.strictObject({
  /** `self`: anybody may take it. `administrator`: it waits for a persona administrator. */
  assume: z.enum(['self', 'administrator']),
  /** What it may do with what it owns. */
  own: names,
  /** What it may do by grant. */
  by_grant: names,
})

const actionSchema = z.strictObject({
  implies: names.default([]),
  /** `account`: asked of the owner's account, since the thing does not exist yet. */
  on: z.enum(['resource', 'account']).default('resource'),
  /** Whether grants' own limits bind it. */
  limited: z.boolean().default(false),
})

const resourceSchema = z.strictObject({
  parent: nameSchema.optional(),
  /** Whether ids of this type say nothing about anybody, and so may stand in the log as they are. */
  opaque_ids: z.boolean().default(false),
})

const attributeSchema = z.strictObject({
  type: z.enum(['money', 'instant', 'integer', 'number']),
  minimum: z.number().optional(),
})
export type AttributeRule = z.infer<typeof attributeSchema>

const gateSchema = z
  .strictObject({
    name: nameSchema,
    /** The relation of the owner's persona that decides it. */
    relation: nameSchema,
    reason: z.string().regex(/^[a-z][a-z0-9_]*$/u),
    attribute: nameSchema.optional(),
    bound: z.enum(['at_most', 'at_least']).optional(),
    actions: names.min(1),
    /** Texts for a code that the core's table does not have. */
    user: z.string().optional(),
    admin: z.string().optional(),
    cure: z.string().optional(),
  })
  .refine((gate) => (gate.attribute === undefined) === (gate.bound === undefined), 'attribute and bound go together')
  .refine(
    (gate) => Object.hasOwn(REASONS, gate.reason) || (gate.user && gate.admin && gate.cure),
    'a new reason needs user, admin and cure texts',
  )
export type Gate = z.infer<typeof gateSchema>

export const manifestSchema = z
  .strictObject({
    domain: nameSchema,
    titles: z.record(nameSchema, titleSchema).default({}),
    actions: z.record(nameSchema, actionSchema),
    resources: z.record(nameSchema, resourceSchema),
    /** The resource type that stands for all of an owner's; its id is the owner's. */
    account: nameSchema,
    attributes: z.record(nameSchema, attributeSchema).default({}),
    gates: z.array(gateSchema).default([]),
  })
  .superRefine((manifest, context) => {
    for (const message of manifestObjections(manifest)) context.addIssue({ code: 'custom', message })
  })
export type Manifest = z.infer<typeof manifestSchema>

interface Shape {
  readonly titles: Readonly<Record<string, z.infer<typeof titleSchema>>>
  readonly actions: Readonly<Record<string, z.infer<typeof actionSchema>>>
  readonly resources: Readonly<Record<string, z.infer<typeof resourceSchema>>>
  readonly attributes: Readonly<Record<string, AttributeRule>>
  readonly gates: readonly Gate[]
  readonly account: string
}

/** Everything a name refers to must be declared in the same manifest. */
function* manifestObjections(manifest: Shape): Generator<string> {
  const action = (name: string, where: string) =>
    Object.hasOwn(manifest.actions, name)
      ? undefined
      : `${where}: there is no action "${name}"; declare it under actions`
  for (const [title, rule] of Object.entries(manifest.titles))
    for (const name of [...rule.own, ...rule.by_grant]) yield* present(action(name, `titles.${title}`))
  for (const [name, rule] of Object.entries(manifest.actions))
    for (const implied of rule.implies) yield* present(action(implied, `actions.${name}.implies`))
  for (const [type, rule] of Object.entries(manifest.resources))
    if (rule.parent && !Object.hasOwn(manifest.resources, rule.parent))
      yield `resources.${type}: there is no type "${rule.parent}"`
  if (Object.hasOwn(manifest.resources, manifest.account))
    yield `account: "${manifest.account}" is a resource type already`
  for (const gate of manifest.gates) {
    for (const name of gate.actions) yield* present(action(name, `gates.${gate.name}`))
    if (gate.attribute && !Object.hasOwn(manifest.attributes, gate.attribute))
      yield `gates.${gate.name}: there is no attribute "${gate.attribute}"`
  }
}

function* present(message: string | undefined): Generator<string> {
  if (message) yield message
}

/** The actions a grant of `actions` allows: themselves and whatever they imply, sorted, each once. */
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
