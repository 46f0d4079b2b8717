/**
 * The composed model as the rest of a policy looks at it, and what a manifest may not say of it. Pure.
 *
 * @module
 */
import { z } from 'zod'
import type { AttributeRule, Manifest } from './manifest.ts'
import type { Whereabouts } from './yaml.ts'

/** Whom a relation may be given to, and under which condition. */
export interface Assignable {
  readonly type: string
  /** `user:*`: everybody of the type at once. */
  readonly everybody: boolean
  /** `group#member`: whoever is in this relation to it. */
  readonly relation: string | undefined
  readonly condition: string | undefined
  /** As the model spells it. */
  readonly text: string
}

export interface RelationView {
  /** Where it is declared: `core.fga`, `travel/model.fga`. */
  readonly file: string
  readonly assignable: readonly Assignable[]
}

export interface ConditionView {
  readonly file: string
  /** OpenFGA's names of the parameters' types. */
  readonly parameters: ReadonlyMap<string, string>
}

export interface ModelView {
  /** Where each type is declared. */
  readonly files: ReadonlyMap<string, string>
  relation(type: string, name: string): RelationView | undefined
  readonly conditions: ReadonlyMap<string, ConditionView>
}

const sourceSchema = z.looseObject({ source_info: z.looseObject({ file: z.string() }).optional() })
const assignableSchema = z
  .looseObject({
    type: z.string(),
    condition: z.string().optional(),
    relation: z.string().optional(),
    wildcard: z.unknown().optional(),
  })
  .transform(({ type, condition, relation, wildcard }): Assignable => {
    const everybody = wildcard !== undefined
    const spelled = `${type}${everybody ? ':*' : ''}${relation ? `#${relation}` : ''}`
    return {
      type,
      everybody,
      relation: relation || undefined,
      condition: condition || undefined,
      text: `${spelled}${condition ? ` with ${condition}` : ''}`,
    }
  })
const modelSchema = z.looseObject({
  type_definitions: z.array(
    z.looseObject({
      type: z.string(),
      relations: z.record(z.string(), z.unknown()).default({}),
      metadata: sourceSchema
        .extend({
          relations: z
            .record(
              z.string(),
              sourceSchema.extend({
                directly_related_user_types: z.array(assignableSchema).default([]),
              }),
            )
            .default({}),
        })
        .optional(),
    }),
  ),
  conditions: z
    .record(
      z.string(),
      z.looseObject({
        parameters: z.record(z.string(), z.looseObject({ type_name: z.string() })).default({}),
        metadata: sourceSchema.optional(),
      }),
    )
    .default({}),
})

/** Reads a model as the transformer composed it. */
export function viewModel(model: Readonly<Record<string, unknown>>): ModelView {
  const { type_definitions: types, conditions } = modelSchema.parse(model)
  const files = new Map<string, string>()
  const relations = new Map<string, RelationView>()
  for (const { type, relations: named, metadata } of types) {
    const file = metadata?.source_info?.file ?? ''
    files.set(type, file)
    for (const name of Object.keys(named)) {
      const about = metadata?.relations[name]
      const assignable = about?.directly_related_user_types ?? []
      relations.set(`${type}#${name}`, { file: about?.source_info?.file ?? file, assignable })
    }
  }
  return {
    files,
    relation: (type, name) => relations.get(`${type}#${name}`),
    conditions: new Map(
      Object.entries(conditions).map(([name, { parameters, metadata }]) => [
        name,
        {
          file: metadata?.source_info?.file ?? '',
          parameters: new Map(Object.entries(parameters).map(([key, { type_name }]) => [key, type_name])),
        },
      ]),
    ),
  }
}

/**
 * What the manifest says and the model does not bear out, each with its file and line.
 *
 * @param file - The pack's own part of the model: `travel/model.fga`.
 */
export function modelObjections(
  manifest: Manifest,
  model: ModelView,
  { file, where }: { readonly file: string; readonly where: Whereabouts },
): readonly string[] {
  const found: string[] = []
  const object = (path: readonly PropertyKey[], message: string): void =>
    void found.push(`${where(path)}: ${path.map(String).join('.')}: ${message}`)
  for (const [type, { parent }] of Object.entries(manifest.resources)) {
    const path = ['resources', type]
    const definedIn = model.files.get(type)
    if (definedIn === undefined) object(path, `the model has no type ${type}`)
    else if (definedIn !== file && type !== 'user')
      object(path, `${type} is a type of ${definedIn}; a pack's resources are of types that it defines itself, or user`)
    else if (manifest.account !== undefined)
      requireDirect(model, type, parent ? ['parent', parent, 'located'] : ['owner', 'user', 'held'], (message) =>
        object(path, message),
      )
  }
  if (manifest.account !== undefined && model.files.has(manifest.account))
    object(['account'], `${manifest.account} is a type of the model; an account is a name of its own`)
  for (const [name, { relation }] of Object.entries(manifest.actions))
    if (relation && !Object.keys(manifest.resources).some((type) => model.relation(type, relation)))
      object(['actions', name, 'relation'], `no resource type of the model has the relation ${relation}`)
  for (const [index, { relation, bound }] of manifest.gates.entries())
    requireDirect(model, 'persona', [relation, 'user', bound], (message) =>
      object(['gates', index, 'relation'], message),
    )
  for (const [section, of] of SECTIONS)
    for (const [name, rule] of Object.entries(manifest[section]))
      for (const [condition, { parameters }] of model.conditions) {
        const parameter = parameters.get(`${of}_${name}`)
        if (parameter && !PARAMETERS[rule.type].includes(parameter) && isOurs(manifest, model, condition))
          object([section, name, 'type'], `condition ${condition} takes ${of}_${name} as ${spelled(parameter)}`)
      }
  return found
}

/** The manifest's attributes, and whose they are. */
export const SECTIONS = [
  ['subject_attributes', 'subject'],
  ['attributes', 'resource'],
  ['action_attributes', 'action'],
] as const

/** How OpenFGA may take each type of attribute. */
const PARAMETERS: Readonly<Record<AttributeRule['type'], readonly string[]>> = {
  string: ['TYPE_NAME_STRING'],
  boolean: ['TYPE_NAME_BOOL'],
  strings: ['TYPE_NAME_LIST'],
  number: ['TYPE_NAME_DOUBLE'],
  integer: ['TYPE_NAME_DOUBLE', 'TYPE_NAME_INT'],
  instant: ['TYPE_NAME_TIMESTAMP'],
  /** It has a currency, so no condition can take it for a number: it is for gates. */
  money: [],
}

const spelled = (parameter: string): string => parameter.replace('TYPE_NAME_', '').toLowerCase()

/** Whether a condition is used by this domain's own types, or by `domain` for it. */
function isOurs(manifest: Manifest, model: ModelView, condition: string): boolean {
  const files = new Set(Object.keys(manifest.resources).map((type) => model.files.get(type)))
  return files.has(model.conditions.get(condition)?.file)
}

function requireDirect(
  model: ModelView,
  type: string,
  [name, to, condition]: readonly [string, string, string | undefined],
  object: (message: string) => void,
): void {
  const relation = model.relation(type, name)
  if (relation?.assignable.some(({ text }) => text === `${to}${condition ? ` with ${condition}` : ''}`)) return
  object(`the model must say: type ${type} … define ${name}: [${to}${condition ? ` with ${condition}` : ''}]`)
}
