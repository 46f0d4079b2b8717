/**
 * Every export of a package's public index has a doc comment: shape, unit, errors and source, where there are any.
 *
 * @module
 */
import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import { lineAt, type Objection, type Tree } from './tree.ts'

/** Packages without users outside of this repository. */
const INTERNAL = ['test']
const MEND = 'say what the type cannot: shape, unit, failure, source'

/** A name that a file exports: declared there, or handed on from another file. */
interface Exported {
  readonly name: string
  /** Offset of the declaration, or of what hands the name on. */
  readonly start: number
  readonly from?: { readonly file: string; readonly name: string }
}

interface Parsed {
  readonly exports: readonly Exported[]
  /** Files that `export *` hands on whole. */
  readonly stars: readonly string[]
  /** Offsets where a documented statement begins, and the text of its comment. */
  readonly docs: ReadonlyMap<number, string>
}

export function checkExports(tree: Tree): readonly Objection[] {
  const parsed = new Map<string, Parsed>()
  const parse = (file: string): Parsed => {
    const known = parsed.get(file) ?? parseExports(tree, file)
    parsed.set(file, known)
    return known
  }
  const seen = new Set<string>()
  return entriesOf(tree)
    .flatMap((file) => declarationsOf(parse, file))
    .flatMap(({ file, name, start }) => {
      if (seen.has(`${file} ${start} ${name}`)) return []
      seen.add(`${file} ${start} ${name}`)
      const doc = parse(file).docs.get(start)
      const line = lineAt(tree.read(file), start)
      if (doc === undefined) return [{ file, line, wrong: `${name} is exported and has no doc comment`, mend: MEND }]
      return isRestatement(name, doc)
        ? [{ file, line, wrong: `the comment of ${name} restates its name`, mend: MEND }]
        : []
    })
}

/** The TypeScript files that the `exports` of all packages name, patterns such as `./src/shell/*.ts` spelled out. */
function entriesOf(tree: Tree): readonly string[] {
  const manifests = tree.files.filter(
    (file) => /(?:^|\/)package\.json$/u.test(file) && !INTERNAL.includes(posix.dirname(file)),
  )
  return manifests.flatMap((manifest) => {
    const { exports = {} } = JSON.parse(tree.read(manifest)) as { readonly exports?: Readonly<Record<string, unknown>> }
    const targets = Object.values(exports).filter((target) => typeof target === 'string' && /\.tsx?$/u.test(target))
    return targets.flatMap((target) => {
      const path = posix.join(posix.dirname(manifest), String(target))
      return path.includes('*')
        ? tree.files.filter((file) => posix.matchesGlob(file, path) && !file.includes('.test.'))
        : [path]
    })
  })
}

interface Declared {
  readonly file: string
  readonly name: string
  readonly start: number
}

/** Where each name that a file exports is declared. Names of other packages are theirs to document. */
function declarationsOf(parse: (file: string) => Parsed, file: string): readonly Declared[] {
  const { exports, stars } = parse(file)
  const own = exports.flatMap(({ name, start, from }) => {
    if (!from) return [{ file, name, start }]
    return declarationsOf(parse, from.file).filter((declared) => declared.name === from.name)
  })
  return [...own, ...stars.flatMap((star) => declarationsOf(parse, star))]
}

function parseExports(tree: Tree, file: string): Parsed {
  const text = tree.read(file)
  const { module, comments } = parseSync(file, text)
  const resolve = (request: string): string | undefined =>
    request.startsWith('.') ? posix.join(posix.dirname(file), request) : undefined
  const imported = new Map(
    module.staticImports.flatMap(({ moduleRequest, entries }) =>
      entries.map(({ localName, importName }) => [
        localName.value,
        { request: moduleRequest.value, name: importName.name ?? localName.value },
      ]),
    ),
  )
  const exports: Exported[] = []
  const stars: string[] = []
  for (const { start, entries } of module.staticExports)
    for (const { moduleRequest, importName, exportName, localName } of entries) {
      const local = imported.get(localName.name ?? '')
      const request = moduleRequest?.value ?? local?.request
      const from = request === undefined ? undefined : resolve(request)
      if (request !== undefined && from === undefined) continue
      const name = exportName.name ?? 'default'
      if (from === undefined) exports.push({ name, start: declaredAt(text, start, localName.name ?? name) })
      else if (exportName.name === null) stars.push(from)
      else exports.push({ name, start, from: { file: from, name: local?.name ?? importName.name ?? name } })
    }
  const docs = comments.flatMap(({ type, value, start, end }) =>
    type === 'Block' && value.startsWith('*')
      ? [[end + (/^\s*/u.exec(text.slice(end))?.[0].length ?? 0), value, start] as const]
      : [],
  )
  return { exports, stars, docs: new Map(docs.map(([at, value]) => [at, value])) }
}

/** `export { name }` of something that is declared apart: the declaration's offset. */
function declaredAt(text: string, start: number, name: string): number {
  if (!/^export\s*(?:type\s*)?\{/u.test(text.slice(start, start + 20))) return start
  const declaration = new RegExp(
    `^(?:declare |async |abstract )*(?:const|let|function\\*?|class|interface|type) ${name}\\b`,
    'mu',
  )
  return declaration.exec(text)?.index ?? start
}

/** Whether every word of a comment is in the name that it is about. */
function isRestatement(name: string, doc: string): boolean {
  const words = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+/gu) ?? []
  const ofName = words(name.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, ' '))
  return words(doc).every(
    (word) =>
      ['a', 'an', 'the', 'of', 's'].includes(word) || ofName.includes(word.replace(/s$/u, '')) || ofName.includes(word),
  )
}
