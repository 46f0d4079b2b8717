/**
 * `SECURITY.md`: every item of what counts as a vulnerability names three tests and more that defend it, and they are there; the version of this tree is
 * supported.
 *
 * @module
 */
import { guardsIn } from './guards.ts'
import { lineAt, type Objection, type Tree } from './tree.ts'

const POLICY = 'SECURITY.md'
const ITEMS = /^## What counts as a vulnerability\n[\s\S]*?(?=^## |(?![\s\S]))/mu
const ITEM = /^### (?<name>.+)\n[\s\S]*?(?=^### |(?![\s\S]))/gmu
const LEAST_TESTS = 3

export function checkSecurityPolicy(tree: Tree): readonly Objection[] {
  if (!tree.files.includes(POLICY)) return []
  const text = tree.read(POLICY)
  const section = ITEMS.exec(text)
  const object = (offset: number, wrong: string, mend: string): Objection => ({
    file: POLICY,
    line: lineAt(text, offset),
    wrong,
    mend,
  })
  const items = [...(section?.[0] ?? '').matchAll(ITEM)].map((item) => ({
    name: item.groups?.['name'] ?? '',
    start: (section?.index ?? 0) + item.index,
    guards: guardsIn(tree, item[0]),
  }))
  if (items.length === 0) return [object(0, 'it has no item of what counts as a vulnerability', 'add the section')]
  const ofItems = items.flatMap(({ name, start, guards }) => {
    const tests = new Set(guards.map(({ file, title }) => `${file} ${title}`))
    const tooFew =
      tests.size < LEAST_TESTS
        ? [
            object(
              start,
              `${name} names ${tests.size} tests, not ${LEAST_TESTS}`,
              'name or write them: `file` › `title`',
            ),
          ]
        : []
    const gone = guards
      .filter(({ isThere }) => !isThere)
      .map(({ index, file, title }) =>
        object(
          start + index,
          `${title ? `"${title}" of ` : ''}${file} is not there`,
          'name the test as it is called now',
        ),
      )
    return [...tooFew, ...gone]
  })
  return [...ofItems, ...unsupported(tree)]
}

/** A release of a new minor version changes the table of supported versions. */
function unsupported(tree: Tree): readonly Objection[] {
  const { version } = JSON.parse(tree.read('package.json')) as { readonly version: string }
  const minor = version.split('.').slice(0, 2).join('.')
  const wrong = `the version of this tree, ${minor}.x, is not supported by it`
  const mend = 'move the table of supported versions on'
  return tree.read(POLICY).includes(`| ${minor}.x | yes |`) ? [] : [{ file: POLICY, line: 1, wrong, mend }]
}
