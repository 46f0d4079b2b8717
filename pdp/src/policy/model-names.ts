/**
 * Checks the names that a pack's model declares: what requests and facts cannot name is of no use in it. Pure.
 *
 * @module
 */
import { nameSchema, relationNameSchema } from '@mandate/protocol'
import type { z } from 'zod'
import type { ModelDescription } from '../ports/model.ts'
import { modelLines } from './model-lines.ts'

/**
 * Lists the names of a form that the PDP does not take, by file and line.
 *
 * @param file - The model file of the pack, for messages.
 * @param source - Its text.
 */
export function nameObjections(model: ModelDescription, file: string, source: string): readonly string[] {
  const lines = modelLines(source)
  const found: string[] = []
  const check = (schema: z.ZodString, name: string, line: number, what: string): void => {
    const objection = schema.safeParse(name).error?.issues[0]?.message
    if (objection !== undefined) found.push(`${file}:${line}: ${what} ${objection}`)
  }
  for (const [type, declaredIn] of model.files)
    if (declaredIn === file) check(nameSchema, type, lines.type(type), `type ${type}: its name`)
  for (const [key, line] of lines.relations) {
    const name = key.slice(key.indexOf('#') + 1)
    check(relationNameSchema, name, line, `relation ${name}: its name`)
  }
  for (const [name, condition] of model.conditions)
    if (condition.file === file) check(relationNameSchema, name, lines.condition(name), `condition ${name}: its name`)
  return found
}
