/**
 * How to mend what OpenFGA's compiler objects to: its messages say what is wrong, in few words. Pure.
 *
 * @module
 */
import { nearestName } from '@mandate/service/nearest-name'
import type { ModelFile } from '../ports/model.ts'

/** What to add to a compiler's message about a file: ` …`, or nothing. */
export function mendText(message: string, file: string, files: readonly ModelFile[]): string {
  const sources = files.map(({ contents }) => contents).join('\n')
  const [, duplicate] = /^the type `(.+?)` is a duplicate/u.exec(message) ?? []
  if (duplicate !== undefined) return ` ${duplicateMend(duplicate, file, files)}`
  if (/expecting \{'#', 'module', 'model'\}$/u.test(message))
    return '; a model of a pack begins with a line "module NAME"'
  const [, type] = /^`(.+?)` is not a valid type/u.exec(message) ?? []
  if (type !== undefined) return near(type, namesIn(sources, /^\s*type\s+(\S+)/gmu))
  const [, relation] = /^the relation `(.+?)` does not exist/u.exec(message) ?? []
  if (relation !== undefined) return near(relation, namesIn(contentsOf(file, files), /^\s*define\s+([^\s:]+)\s*:/gmu))
  const [, condition] = /^`(.+?)` is not a defined condition/u.exec(message) ?? []
  return condition === undefined ? '' : near(condition, namesIn(sources, /^\s*condition\s+([^\s(]+)/gmu))
}

function near(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}

function duplicateMend(type: string, file: string, files: readonly ModelFile[]): string {
  const other = files.find(({ name, contents }) => name !== file && declares(contents, type))
  return other ? `It is a type of ${other.name}: write "extend type ${type}".` : 'Rename one of the two, or join them.'
}

const declares = (contents: string, type: string): boolean => namesIn(contents, /^\s*type\s+(\S+)/gmu).includes(type)
const contentsOf = (file: string, files: readonly ModelFile[]): string =>
  files.find(({ name }) => name === file)?.contents ?? ''
const namesIn = (text: string, form: RegExp): readonly string[] => [...text.matchAll(form)].map(([, name = '']) => name)
