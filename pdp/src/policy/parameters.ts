/**
 * Checks the names and parameters of a domain's conditions: a parameter named after an attribute needs that attribute in the manifest. Pure.
 *
 * @module
 */
import type { ConditionDescription, ModelDescription } from '../ports/model.ts'
import type { Manifest } from './manifest.ts'
import { SECTIONS } from './model.ts'
import { canBeStored, valueObjection } from './parameter-values.ts'
import { suggestion } from './yaml-message.ts'

// allowed: regexp: SECTIONS is a constant.
const PREFIXED = new RegExp(`^(${SECTIONS.map(([, of]) => of).join('|')})_(.+)$`, 'u')

/** Least length of a condition's name in a tuple of OpenFGA, which takes shorter ones in a model. */
const LEAST_NAME = 2

/** Whether the PDP sends the parameter with each Check; all other parameters must be stored with the fact. */
export function isAsked(manifest: Manifest, parameter: string): boolean {
  if (parameter === 'current_time') return true
  const [, of, name = ''] = PREFIXED.exec(parameter) ?? []
  return SECTIONS.some(([section, prefix]) => prefix === of && Object.hasOwn(manifest[section], name))
}

/**
 * Finds the first value of a stored fact's condition that cannot be: missing, of another type, or of a parameter that there is not.
 *
 * @returns The parameter, and what is wrong with its value.
 */
export function contextObjection(
  manifest: Manifest,
  { parameters }: ConditionDescription,
  context: Readonly<Record<string, unknown>>,
): { readonly parameter: string; readonly message: string } | undefined {
  for (const parameter of parameters.keys())
    if (!isAsked(manifest, parameter) && !Object.hasOwn(context, parameter))
      return { parameter, message: 'is missing; no question gives it.' }
  for (const [parameter, value] of Object.entries(context)) {
    const type = parameters.get(parameter)
    if (parameter === 'current_time') return { parameter, message: "the time is the PDP's to say." }
    const message = type ? valueObjection(type, value) : 'the condition has no such parameter.'
    if (message !== undefined) return { parameter, message }
  }
  return undefined
}

/**
 * Lists parameters of the pack's conditions that are never sent, by file and line: such a condition can never be evaluated. Lists conditions of which OpenFGA
 * stores no tuple.
 *
 * @param folder - The pack's folder.
 */
export function parameterObjections(
  manifest: Manifest,
  { conditions }: ModelDescription,
  folder: string,
): readonly string[] {
  const file = `${folder}/model.fga`
  const found: string[] = []
  for (const [condition, { file: declaredIn, parameters }] of conditions) {
    if (declaredIn !== file) continue
    if (condition.length < LEAST_NAME)
      found.push(
        `${file}: condition ${condition}: no fact with a condition of a name this short can be stored; rename it`,
      )
    for (const [parameter, { line, ...type }] of parameters) {
      if (!canBeStored(type))
        found.push(
          `${file}:${line}: condition ${condition} takes ${parameter} as any; no fact can store it, name its type`,
        )
      const [, of = '', name = ''] = PREFIXED.exec(parameter) ?? []
      if (of === '' || isAsked(manifest, parameter)) continue
      const section = SECTIONS.find(([, prefix]) => prefix === of)?.[0] ?? 'attributes'
      const declared = Object.keys(manifest[section])
      const list = declared.length > 0 ? `it has ${declared.join(', ')}` : 'it has none'
      const near = suggestion(name, declared)
      found.push(
        `${file}:${line}: condition ${condition} takes ${parameter}, but the manifest declares no "${name}" under ${section}; ${list}${near}`,
      )
    }
  }
  return found
}
