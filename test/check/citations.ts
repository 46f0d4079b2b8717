/**
 * What comments and documents cite exists: rules (`docs/rules.md`), ADRs, files, and tests by their titles. Sections of RFCs and of other
 * specifications are not looked up.
 *
 * @module
 */
import { posix } from 'node:path'
import { guardsIn } from './guards.ts'
import { type Prose, proseOf } from './prose.ts'
import { lineAt, type Objection, type Tree } from './tree.ts'

const RULES = 'docs/rules.md'
/** Documents whose tests another check looks up, with words of its own. */
const OWN_CHECK: readonly string[] = [RULES, 'SECURITY.md']
/** Releases of the past cite what was there at the time. */
const HISTORY = /^CHANGELOG\.md$/u

const RULE = /(?<![\w@(/.=%#&-]|`)[(]?\b([A-GR][1-9]|L1?\d)\b(?![\w=/%]|-\w|\.\d)/gu
const ADR = /\bADRs? (\d{4}(?:(?:, | and | to |–)\d{4})*)/gu
const OUTSIDE = /\bdesign [1-9]\b|\.\.\/shared\b/gu
const FILE =
  /(?<![\w@*/.…}>-])((?:(?:\.{1,2}|[\w.@-]+)\/)*[\w@-][\w.@-]*\.(?:tsx|ts|mts|mjs|md|fga|yaml|yml|css|html|go|py))(?![\w*-])/gu
const LINK = /\]\(([^)\s]+)\)/gu
const URL = /\b(?:https?|file|node|data):\S+/gu
/** What a citation is looked up in. */
interface Known {
  readonly tree: Tree
  readonly rules: ReadonlySet<string>
  readonly adrs: ReadonlySet<string>
  /** Every ending of every path that begins behind a `/`. */
  readonly endings: ReadonlySet<string>
}

export function checkCitations(tree: Tree): readonly Objection[] {
  const rules = rulesOf(tree)
  const known: Known = {
    tree,
    rules: new Set(rules.map(({ name }) => name)),
    adrs: new Set(tree.files.flatMap((file) => /^docs\/adr\/(\d{4})-/u.exec(file)?.[1] ?? [])),
    endings: new Set(tree.files.flatMap(endingsOf)),
  }
  const cited = tree.files
    .filter((file) => !HISTORY.test(file))
    .flatMap((file) => proseOf(file, tree.read(file)).flatMap((prose) => dangling(known, file, prose)))
  return [...cited, ...rules.flatMap((rule) => unguarded(tree, rule))]
}

interface Rule {
  readonly name: string
  readonly start: number
  readonly text: string
}

/** A rule is a heading of the third level, `### A1 …`, and what stands below it. */
function rulesOf(tree: Tree): readonly Rule[] {
  if (!tree.files.includes(RULES)) return []
  const text = tree.read(RULES)
  return [...text.matchAll(/^### ([A-GLR]\d{1,2})\b[\s\S]*?(?=^#|(?![\s\S]))/gmu)].map((match) => ({
    name: match[1] ?? '',
    start: match.index,
    text: match[0],
  }))
}

function endingsOf(file: string): readonly string[] {
  const parts = file.split('/')
  return parts.map((_, index) => parts.slice(index).join('/'))
}

function dangling(known: Known, file: string, { start, text }: Prose): readonly Objection[] {
  const objections: Objection[] = []
  const object = (offset: number, wrong: string, mend: string): void => {
    objections.push({ file, line: lineAt(known.tree.read(file), start + offset), wrong, mend })
  }
  const plain = text.replaceAll(URL, (url) => ' '.repeat(url.length))
  for (const { index, 1: rule = '' } of plain.matchAll(RULE))
    if (!known.rules.has(rule)) object(index, `rule ${rule} is not in ${RULES}`, 'cite a rule that is, or add it')
  for (const { index, 1: list = '' } of plain.matchAll(ADR))
    for (const number of list.match(/\d{4}/gu) ?? [])
      if (!known.adrs.has(number)) object(index, `there is no ADR ${number}`, 'cite one of docs/adr/')
  for (const { index, 0: words } of plain.matchAll(OUTSIDE))
    object(index, `"${words}" is not in this repository`, `cite a rule of ${RULES}, an ADR, or say it here`)
  for (const { index, 1: path = '' } of plain.matchAll(FILE))
    if (!isThere(known, file, path)) object(index, `there is no file ${path}`, 'cite the file that took its place')
  if (file.endsWith('.md'))
    for (const { index, 1: target = '' } of plain.matchAll(LINK))
      if (!isLinkTarget(known, file, target)) object(index, `the link ${target} leads nowhere`, 'link what is there')
  if (file.endsWith('.md') && !OWN_CHECK.includes(file))
    for (const { index, file: test, title, isThere: isFound } of guardsIn(known.tree, text))
      if (title && !isFound) object(index, `"${title}" of ${test} is not there`, 'name the test as it is called now')
  return objections
}

/** A file of this repository, or one that the page gives its reader as a block with the attribute `file`. */
const isThere = ({ endings, tree }: Known, file: string, path: string): boolean =>
  endings.has(path.replace(/^\.\//u, '')) ||
  tree.files.includes(posix.join(posix.dirname(file), path)) ||
  tree.read(file).includes(` file=${path}\n`)

function isLinkTarget({ tree }: Known, file: string, target: string): boolean {
  const [path = ''] = target.split('#')
  if (path === '' || /^[a-z]+:/u.test(path)) return true
  const at = posix.join(posix.dirname(file), path).replace(/\/$/u, '')
  return tree.files.some((each) => each === at || each.startsWith(`${at}/`))
}

/** Every rule names a test, and every test that is named is in its file. */
function unguarded(tree: Tree, { name, start, text }: Rule): readonly Objection[] {
  const at = (offset: number): number => lineAt(tree.read(RULES), start + offset)
  const guards = guardsIn(tree, text)
  if (guards.length === 0)
    return [{ file: RULES, line: at(0), wrong: `no test guards rule ${name}`, mend: 'name one: `file` › `title`' }]
  return guards.flatMap(({ index, file, title, isThere }) => {
    const wrong = `rule ${name} is guarded by ${title ? `"${title}" of ` : ''}${file}, which is not there`
    return isThere ? [] : [{ file: RULES, line: at(index), wrong, mend: 'name the test as it is called now' }]
  })
}
