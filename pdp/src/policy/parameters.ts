/**
 * Parameters of a domain's conditions: one that is named as an attribute must be one that the manifest declares. Pure.
 *
 * @module
 */
import type { Manifest } from './manifest.ts'
import { type ModelView, SECTIONS } from './model.ts'

const PREFIXED = new RegExp(`^(${SECTIONS.map(([, of]) => of).join('|')})_(.+)$`, 'u')

/** Whether a condition gets the parameter with the question: all others must stand in the fact. */
export function isAsked(manifest: Manifest, parameter: string): boolean {
  if (parameter === 'current_time') return true
  const [, of, name = ''] = PREFIXED.exec(parameter) ?? []
  return SECTIONS.some(([section, prefix]) => prefix === of && Object.hasOwn(manifest[section], name))
}

/**
 * Parameters of the pack's own conditions that no question can ever fill, by file and line: the condition would have no answer.
 *
 * @param folder - Of the pack.
 * @param source - The text of its model.
 */
export function parameterObjections(
  manifest: Manifest,
  { conditions }: ModelView,
  folder: string,
  source: string,
): readonly string[] {
  const file = `${folder}/model.fga`
  const found: string[] = []
  for (const [condition, { file: declaredIn, parameters }] of conditions) {
    if (declaredIn !== file) continue
    for (const parameter of parameters.keys()) {
      const [, of = '', name = ''] = PREFIXED.exec(parameter) ?? []
      if (of === '' || isAsked(manifest, parameter)) continue
      const section = SECTIONS.find(([, prefix]) => prefix === of)?.[0] ?? 'attributes'
      const declared = Object.keys(manifest[section])
      const list = declared.length > 0 ? `it has ${declared.join(', ')}` : 'it has none'
      found.push(
        `${file}:${lineOf(source, condition, parameter)}: condition ${condition} takes ${parameter}, but the manifest declares no "${name}" under ${section}; ${list}`,
      )
    }
  }
  return found
}

/** Where the condition names the parameter, counted from 1. */
function lineOf(source: string, condition: string, parameter: string): number {
  const lines = source.split('\n')
  const begin = Math.max(
    0,
    lines.findIndex((line) => new RegExp(`^\\s*condition\\s+${condition}\\b`, 'u').test(line)),
  )
  const at = lines.findIndex((line, index) => index >= begin && new RegExp(`\\b${parameter}\\b`, 'u').test(line))
  return (at < 0 ? begin : at) + 1
}
