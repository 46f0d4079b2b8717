/**
 * Where the declarations of a model's source file stand, for messages. Reads lines, not the language: a compiled model names no lines.
 *
 * @module
 */

/** Returns the line of a declaration, counted from 1; 1 for one that the file does not have. */
export interface ModelLines {
  readonly type: (name: string) => number
  readonly relation: (type: string, name: string) => number
  readonly condition: (name: string) => number
  /** Every relation that the file defines, as `type#name`, with its line. */
  readonly relations: ReadonlyMap<string, number>
}

/** Finds the declarations of types (also extended ones), relations and conditions. */
export function modelLines(source: string): ModelLines {
  const types = new Map<string, number>()
  const relations = new Map<string, number>()
  const conditions = new Map<string, number>()
  let type = ''
  for (const [index, line] of source.split('\n').entries()) {
    const { declared, defined, condition } =
      /^\s*(?:(?:extend\s+)?type\s+(?<declared>[^\s#]+)|define\s+(?<defined>[^\s:]+)\s*:|condition\s+(?<condition>[^\s(]+))/u.exec(
        line,
      )?.groups ?? {}
    if (declared !== undefined) type = declared
    if (declared !== undefined && !types.has(declared)) types.set(declared, index + 1)
    if (defined !== undefined) relations.set(`${type}#${defined}`, index + 1)
    if (condition !== undefined) conditions.set(condition, index + 1)
  }
  return {
    type: (name) => types.get(name) ?? 1,
    relation: (of, name) => relations.get(`${of}#${name}`) ?? types.get(of) ?? 1,
    condition: (name) => conditions.get(name) ?? 1,
    relations,
  }
}
