/**
 * What is allowed in a pack's model and still worth a word: what later releases of OpenFGA will refuse, and what the embedded engine does not evaluate.
 *
 * @module
 */
import { loadProgram, modelLines, nextCheckFindings, type Policies, type PolicySources, Program } from '@mandate/pdp'

/** Lines of advice, each as `file:line: message`. */
export interface Advice {
  /** The pack will stop working with a later OpenFGA, or does not work on the embedded engine. */
  readonly warnings: readonly string[]
  /** Differences of a later OpenFGA that no decision of the PDP depends on. */
  readonly notes: readonly string[]
}

/** Collects the advice about the packs' own models; the core's has none. */
export function adviceOn({ model, program }: Policies, { packs }: PolicySources): Advice {
  const warnings: string[] = []
  const notes: string[] = []
  for (const { name, model: source } of packs) {
    const file = `${name}/model.fga`
    const lines = modelLines(source)
    for (const { level, type, relation, message } of nextCheckFindings(program)) {
      if (model.relation(type, relation)?.file !== file) continue
      const line = `${file}:${lines.relation(type, relation)}: ${message}`
      if (level === 'refused') warnings.push(`${line} (a later OpenFGA refuses such a model)`)
      else notes.push(`${line} (with a later OpenFGA)`)
    }
    for (const { condition, reason } of unevaluated(program))
      if (model.conditions.get(condition)?.file === file)
        warnings.push(`${file}:${lines.condition(condition)}: condition ${condition}: ${reason} (the embedded engine)`)
  }
  return { warnings, notes }
}

/** Conditions that the embedded engine does not evaluate, and why. */
function unevaluated(program: object): readonly { readonly condition: string; readonly reason: string }[] {
  const loaded = loadProgram(program)
  if (!(loaded instanceof Program)) return []
  return loaded.refused.map((refused) => {
    const { condition = '', reason = refused } =
      /^condition (?<condition>\S+): (?<reason>.*)$/su.exec(refused)?.groups ?? {}
    return { condition, reason: `not evaluated: ${reason}` }
  })
}
