/**
 * The checks of `npm run check`, each with a planted violation: a rule that finds nothing wrong in a wrong tree is no rule.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkCitations } from '../check/citations.ts'
import { type Objection, openTree, type Tree } from '../check/tree.ts'

/** A git work tree in a temporary folder. */
function plant(files: Readonly<Record<string, string>>): Tree {
  const root = mkdtempSync(join(tmpdir(), 'mandate-check-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  execFileSync('git', ['init', '--quiet', root])
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return openTree(root)
}

const told = (objections: readonly Objection[]) =>
  objections.map(({ file, line, wrong }) => `${file}:${line}: ${wrong}`)

describe('citations', () => {
  /** Not spelled in one piece: this file is checked too. */
  const UNKNOWN = ['G', 7].join('')
  const SOUND = {
    'docs/rules.md': '# Rules\n\n### A1 Nothing is implicit\n*Guarded by* `test/a.test.ts` › `nothing is implicit`.\n',
    'docs/adr/0001-grants.md': '# 1. Grants\n',
    'test/a.test.ts': "test('nothing is implicit', () => {})\n",
    'src/a.ts': '/** Rule A1, ADR 0001, see `a.test.ts` and RFC 8693, section 4.1. */\nexport const a = 1\n',
  }

  test('a sound tree has nothing wrong', () => expect(told(checkCitations(plant(SOUND)))).toEqual([]))

  test.for<readonly [string, Readonly<Record<string, string>>, string]>([
    ['a rule', { 'src/b.ts': '\n// As rule A2 says.\n' }, 'src/b.ts:2: rule A2 is not in docs/rules.md'],
    ['a rule of the log', { 'src/b.ts': '/** Rules A1, L12. */' }, 'src/b.ts:1: rule L12 is not in docs/rules.md'],
    [
      'a rule in a title',
      { 'src/b.test.ts': `test('${UNKNOWN}: x', f)` },
      'src/b.test.ts:1: rule G7 is not in docs/rules.md',
    ],
    ['a rule in YAML', { 'b.yaml': 'a: 1 # rule E9\n' }, 'b.yaml:1: rule E9 is not in docs/rules.md'],
    ['an ADR', { 'src/b.ts': '/* ADR 0001 and 0002 */' }, 'src/b.ts:1: there is no ADR 0002'],
    ['a file', { 'src/b.ts': '// `gone.ts` does it' }, 'src/b.ts:1: there is no file gone.ts'],
    ['a file with a folder', { 'b.md': 'see src/gone.test.ts' }, 'b.md:1: there is no file src/gone.test.ts'],
    ['a link', { 'docs/b.md': 'a\n[text](gone/)' }, 'docs/b.md:2: the link gone/ leads nowhere'],
    ['what is elsewhere', { 'b.md': 'as design 6 has it' }, 'b.md:1: "design 6" is not in this repository'],
    [
      'a test that was renamed',
      { 'test/a.test.ts': "test('nothing is granted', () => {})\n" },
      'docs/rules.md:4: rule A1 is guarded by "nothing is implicit" of test/a.test.ts, which is not there',
    ],
    [
      'a rule without a test',
      { 'docs/rules.md': '### A1 Nothing\nWords.\n' },
      'docs/rules.md:1: no test guards rule A1',
    ],
  ])('%s that is not there is named with its line', ([, files, wrong]) => {
    expect(told(checkCitations(plant({ ...SOUND, ...files })))).toEqual([wrong])
  })

  test.for([
    ['a string of the program', "export const grant = 'G9'"],
    ['an address', '// https://example.com/docs/gone.md'],
    ['a pattern of names', '// every *.gone.ts, …/gone.ts'],
    ['a section of a specification', '// RFC 7519, section 4; ISO 4217; C2SP'],
    ['part of a word', '// U+E0F1, sha-B1, x=A9'],
  ] as const)('%s cites nothing', ([, text]) => {
    expect(told(checkCitations(plant({ ...SOUND, 'src/b.ts': text })))).toEqual([])
  })
})
