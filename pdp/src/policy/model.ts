/**
 * Checks a manifest against the compiled model of its pack. Pure.
 *
 * @module
 */
import type { Assignable, ModelDescription, Parameter } from '../ports/model.ts'
import type { AttributeRule, Manifest } from './manifest.ts'
import type { Whereabouts } from './yaml.ts'
import { suggestion } from './yaml-message.ts'

/**
 * Lists the entries of the manifest that contradict the model, each with file and line.
 *
 * @param file - The model file of the pack, for error messages: `travel/model.fga`.
 */
export function modelObjections(
  manifest: Manifest,
  model: ModelDescription,
  { file, where }: { readonly file: string; readonly where: Whereabouts },
): readonly string[] {
  const found: string[] = []
  const object = (path: readonly PropertyKey[], message: string): void =>
    void found.push(`${where(path)}: ${path.map(String).join('.')}: ${message}`)
  for (const [type, { parent }] of Object.entries(manifest.resources)) {
    const path = ['resources', type]
    const definedIn = model.files.get(type)
    if (definedIn === undefined)
      object(
        path,
        `the model has no type ${type}${suggestion(type, typesIn(model, file))}; add "type ${type}" to ${file}`,
      )
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
      object(
        ['actions', name, 'relation'],
        `no resource type of the model has the relation ${relation}${suggestion(relation, relationsOf(model, manifest))}`,
      )
  for (const [index, { relation, bound }] of manifest.gates.entries())
    requireDirect(model, 'persona', [relation, 'user', bound], (message) =>
      object(['gates', index, 'relation'], message),
    )
  wordObjections(manifest, model, object)
  return found
}

type Objecting = (path: readonly PropertyKey[], message: string) => void

/** Subject types and attributes whose names the model uses otherwise. */
function wordObjections(manifest: Manifest, model: ModelDescription, object: Objecting): void {
  for (const [index, word] of manifest.subjects.entries())
    if (word !== 'user' && model.files.has(word))
      object(
        ['subjects', index],
        `${word} is a type of ${model.files.get(word)}, but a subject type of the manifest means user; let the model say user instead of ${word}`,
      )
  for (const [section, of] of SECTIONS)
    for (const [name, rule] of Object.entries(manifest[section]))
      for (const [condition, { parameters }] of model.conditions) {
        const parameter = parameters.get(`${of}_${name}`)
        const objection = parameter && typeObjection(rule, parameter)
        if (objection !== undefined && isOurs(manifest, model, condition))
          object([section, name, 'type'], `condition ${condition} takes ${of}_${name} as ${objection}`)
      }
}

/** The sections of a manifest that declare attributes, and the prefix of a condition's parameter for each. */
export const SECTIONS = [
  ['subject_attributes', 'subject'],
  ['attributes', 'resource'],
  ['action_attributes', 'action'],
] as const

/** The parameter types that a condition may declare for each type of attribute, as the model's language writes them. */
const PARAMETERS: Readonly<Record<AttributeRule['type'], readonly string[]>> = {
  string: ['string'],
  boolean: ['bool'],
  strings: ['list<string>'],
  number: ['double'],
  integer: ['double', 'int', 'uint'],
  instant: ['timestamp'],
  duration: ['duration'],
  ipaddress: ['ipaddress'],
  /** None: money has a currency, and a condition has no such type. Only gates use money. */
  money: [],
}

/** The parameter's type and what would fit instead, where the attribute cannot be its value; otherwise `undefined`. */
function typeObjection({ type, minimum }: AttributeRule, parameter: Parameter): string | undefined {
  const taken = parameterText(parameter)
  const fitting = PARAMETERS[type]
  if (taken === 'uint' && type === 'integer' && !(minimum !== undefined && minimum >= 0))
    return 'uint; give the attribute "minimum: 0", or take it as int'
  if (fitting.includes(taken)) return undefined
  const types = Object.entries(PARAMETERS).flatMap(([name, texts]) => (texts.includes(taken) ? [name] : []))
  const instead = types.length === 0 ? 'no attribute can be' : `make the attribute ${types.join(' or ')}`
  return `${taken}, and the attribute is ${type}: ${instead}${fitting.length === 0 ? '' : `, or take it as ${fitting.join(' or ')}`}`
}

/** `list<string>`. */
const parameterText = ({ type, of }: Parameter): string => (of === undefined ? type : `${type}<${of}>`)

/** Whether the condition is used by types of this domain, or by the core type `domain` for it. */
function isOurs(manifest: Manifest, model: ModelDescription, condition: string): boolean {
  const files = new Set(Object.keys(manifest.resources).map((type) => model.files.get(type)))
  return files.has(model.conditions.get(condition)?.file)
}

function requireDirect(
  model: ModelDescription,
  type: string,
  [name, to, condition]: readonly [string, string, string | undefined],
  object: (message: string) => void,
): void {
  const relation = model.relation(type, name)
  if (relation?.assignable.some((one) => one.type === to && one.condition === condition && isOneSubject(one))) return
  const extended = type === 'persona' ? ', under "extend type persona"' : ''
  const now = relation
    ? `; now it says [${relation.assignable.map(({ text }) => text).join(', ')}]`
    : `${extended}${suggestion(name, model.relationsOf(type))}`
  object(`the model must say: type ${type} … define ${name}: [${to}${condition ? ` with ${condition}` : ''}]${now}`)
}

const typesIn = (model: ModelDescription, file: string): readonly string[] =>
  [...model.files].flatMap(([type, declaredIn]) => (declaredIn === file ? [type] : []))

const relationsOf = (model: ModelDescription, { resources }: Manifest): readonly string[] => [
  ...new Set(Object.keys(resources).flatMap((type) => model.relationsOf(type))),
]

const isOneSubject = ({ everybody, relation }: Assignable): boolean => !everybody && relation === undefined
