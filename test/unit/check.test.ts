/**
 * The checks of `npm run check`, each with a planted violation: a rule that finds nothing wrong in a wrong tree is no rule.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkCitations } from '../check/citations.ts'
import { checkExports } from '../check/exports.ts'
import { checkRooms } from '../check/rooms.ts'
import { checkSecurityMapping, STANDARDS, STATUSES } from '../check/security-mapping.ts'
import { checkSecurityPolicy } from '../check/security-policy.ts'
import { checkStoredData } from '../check/stored-data.ts'
import { plant, plantFolder, told, treeOf } from '../support/planted-tree.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

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
      'a test in any document',
      { 'docs/threats.md': 'Held by `test/a.test.ts` › `everything is explicit`.\n' },
      'docs/threats.md:1: "everything is explicit" of test/a.test.ts is not there',
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

describe('rooms', () => {
  const rule = (includes: readonly string[]) => ({
    includes,
    linter: { rules: { style: { noRestrictedImports: { level: 'error' } } } },
  })
  const biome = (...includes: readonly (readonly string[])[]) => JSON.stringify({ overrides: includes.map(rule) })
  const table = (...rows: readonly string[]) =>
    `# Rooms\n\n| room | may import | must not |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  const ROWS = ['| `core/src` | zod | – |', '| `core/src/http`, `log` | zod | – |', '| `tests` | everything | – |']
  const SOUND = {
    'package.json': JSON.stringify({ workspaces: ['core', 'tests'] }),
    'ARCHITECTURE.md': table(...ROWS),
    'biome.json': biome(['core/src/*.ts'], ['core/src/http/**', '!**/*.test.ts'], ['core/src/log/**']),
    'core/src/app.ts': '',
    'core/src/http/server.ts': '',
    'core/src/http/server.test.ts': '',
    'core/src/log/log.ts': '',
    'tests/src/all.ts': '',
  }

  test('a sound tree has nothing wrong', () => expect(told(checkRooms(plant(SOUND)))).toEqual([]))

  test.for<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a folder without a row',
      { 'core/src/store/store.ts': '', 'biome.json': biome(['core/src/**']) },
      'ARCHITECTURE.md:1: the room core/src/store has no row',
    ],
    [
      'a workspace without a row',
      { 'ARCHITECTURE.md': table(...ROWS.slice(1)) },
      'ARCHITECTURE.md:1: the room core has no row',
    ],
    [
      'a row without a folder',
      { 'ARCHITECTURE.md': table(...ROWS, '| `core/src/gone` | zod | – |') },
      'ARCHITECTURE.md:8: there is no room core/src/gone',
    ],
    [
      'a room without an import rule',
      { 'biome.json': biome(['core/src/*.ts'], ['core/src/http/**']) },
      'biome.json:1: no noRestrictedImports covers core/src/log/log.ts of the room core/src/log',
    ],
    [
      'a file that the import rule leaves out',
      { 'biome.json': biome(['core/src/**', '!core/src/http/server.ts']) },
      'biome.json:1: no noRestrictedImports covers core/src/http/server.ts of the room core/src/http',
    ],
  ])('%s is named', ([, files, wrong]) => {
    expect(told(checkRooms(plant({ ...SOUND, ...files })))).toEqual([wrong])
  })
})

describe('the security policy', () => {
  const TESTS = '`test/a.test.ts` › `one`, `test/a.test.ts` › `two`, `test/b.test.ts`'
  const policy = (item: string) =>
    `# Security\n\n| 1.2.x | yes |\n\n## What counts as a vulnerability\n\nWords.\n${item}\n## What does not\n`
  const SOUND = {
    'package.json': '{ "version": "1.2.3" }',
    'SECURITY.md': policy(`\n### Permits\n*Tests:* ${TESTS}.\n`),
    'test/a.test.ts': "test('one', f)\ntest('two', f)\n",
    'test/b.test.ts': '',
  }

  test('a sound one has nothing wrong', () => expect(told(checkSecurityPolicy(plant(SOUND)))).toEqual([]))

  test.for<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'an item with two tests',
      {
        'SECURITY.md': policy(
          '\n### Permits\n`test/a.test.ts` › `one`, `test/a.test.ts` › `two`, `test/a.test.ts` › `one`.\n',
        ),
      },
      'SECURITY.md:9: Permits names 2 tests, not 3',
    ],
    [
      'a test that was renamed',
      { 'test/a.test.ts': "test('one', f)\n" },
      'SECURITY.md:10: "two" of test/a.test.ts is not there',
    ],
    [
      'a version that is not supported',
      { 'package.json': '{ "version": "1.3.0" }' },
      'SECURITY.md:1: the version of this tree, 1.3.x, is not supported by it',
    ],
    [
      'a policy without items',
      { 'SECURITY.md': policy('') },
      'SECURITY.md:1: it has no item of what counts as a vulnerability',
    ],
  ])('%s is named', ([, files, wrong]) => {
    expect(told(checkSecurityPolicy(plant({ ...SOUND, ...files })))).toEqual([wrong])
  })
})

describe('the mapping of security requirements', () => {
  /** All rows are met, but for the given one. */
  function mapping(id?: string, row?: string): string {
    const all = Object.entries(STANDARDS)
    const counts = all.map(([name, { length }]) => {
      const others = STATUSES.map((status) => (status === 'met' ? length : 0))
      return `| ${[name, length, ...others].join(' | ')} |`
    })
    const met = (each: string) => `| ${each} | words | met | \`test/a.test.ts\` › \`one\` |`
    const tables = all.map(([name, ids]) =>
      [`## ${name}`, ...ids.map((each) => (each === id ? (row ?? '') : met(each)))].join('\n'),
    )
    return ['# Requirements', ...counts, ...tables].join('\n')
  }
  const found = (text: string) =>
    told(checkSecurityMapping(treeOf({ 'docs/security-mapping.md': text, 'test/a.test.ts': "test('one', f)\n" }))).map(
      (line) => line.replace(/^docs\/security-mapping\.md:\d+: /u, ''),
    )

  test('a whole one has nothing wrong', () => {
    expect(found(mapping())).toEqual([])
    expect(STANDARDS['OWASP ASVS 5.0']).toHaveLength(345)
  })

  test.for([
    ['a requirement without a row', '9.5.6', '', 'OWASP AISVS 1.0: 9.5.6 has no row'],
    ['a row that is met without a test', '1.2.4', '| 1.2.4 | words | met | surely |', '1.2.4: is met without a test'],
    ['an unknown status', 'A03', '| A03 | words | fine | surely |', 'A03: "fine" is no status'],
    [
      'a document without a link',
      '2.1.1',
      '| 2.1.1 | words | documented | it is |',
      '2.1.1: is documented without a link',
    ],
    ['a row that gives no reason', 'API7', '| API7 | words | n/a |  |', 'API7: says nothing'],
  ] as const)('%s is named', ([, id, row, wrong]) => {
    expect(found(mapping(id, row))).toContain(wrong)
  })

  test('a wrong count and a row too many are named', () => {
    expect(found(`${mapping()}\n| API11 | words | met | \`test/a.test.ts\` |`)).toEqual([
      'OWASP API Security Top 10 (2023): API11 is no requirement of it',
      'the table of counts has no row | OWASP API Security Top 10 (2023) | 11 | 11 | 0 | 0 | 0 | 0 | 0 |',
    ])
  })
})

describe('stored data', () => {
  const row = (table: string, ...columns: readonly string[]) =>
    `| \`${table}\` | ${columns.map((column) => `\`${column}\``).join(' ')} | what | whom | a day |`
  const privacy = (...rows: readonly string[]) => `# Privacy\n\n### The core (\`core\`)\n\n${rows.join('\n')}\n`
  const SQL = 'CREATE TABLE people (id TEXT, name TEXT CHECK (length(name) < 9), PRIMARY KEY (id));'
  const SOUND = {
    'docs/privacy.md': privacy(row('people', 'id', 'name', 'born')),
    'core/src/schema.ts': `const A = \`${SQL}\`\nconst B = \`ALTER TABLE people ADD COLUMN born INTEGER\`\n`,
    'core/src/schema.test.ts': 'db.exec(`CREATE TABLE only_in_tests (id TEXT)`)\n',
  }

  test('a sound tree has nothing wrong', () => expect(told(checkStoredData(treeOf(SOUND)))).toEqual([]))

  test.for<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a column without its name',
      { 'docs/privacy.md': privacy(row('people', 'id', 'born')) },
      'docs/privacy.md:3: core: people.name is not named',
    ],
    [
      'a table without a row',
      { 'core/src/more.ts': 'const C = `CREATE UNLOGGED TABLE IF NOT EXISTS more (id text)`' },
      'docs/privacy.md:3: core: the table more (id) has no row',
    ],
    [
      'a row without a table',
      { 'docs/privacy.md': privacy(row('people', 'id', 'name', 'born'), row('gone', 'id')) },
      'docs/privacy.md:3: core: the table gone is in no schema',
    ],
    [
      'a program without a section',
      { 'other/src/schema.ts': `const A = \`${SQL}\`` },
      'docs/privacy.md:1: there is no section "### … (`other`)" for its tables',
    ],
  ])('%s is named', ([, files, wrong]) => {
    expect(told(checkStoredData(treeOf({ ...SOUND, ...files })))).toEqual([wrong])
  })
})

describe('exports', () => {
  const SOUND = {
    'core/package.json': JSON.stringify({ exports: { '.': './src/index.ts', './shell/*': './src/shell/*.ts' } }),
    'core/src/index.ts':
      "export { limit, type Limit } from './limit.ts'\nexport * from './more.ts'\nexport { z } from 'zod'\n",
    'core/src/limit.ts':
      '/** In minor units. */\nexport const limit = 1\n/** At most this. */\nexport interface Limit {}\nexport const inner = 2\n',
    'core/src/more.ts': '/** Never throws. */\nfunction more() {}\nexport { more }\n',
    'core/src/shell/menu.ts': '/** Without developer tools. */\nexport const menu = 1\n',
    'core/src/shell/menu.test.ts': 'export const undocumented = 1\n',
  }

  test('a sound tree has nothing wrong', () => expect(told(checkExports(plant(SOUND)))).toEqual([]))

  test.for<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a constant without a comment',
      { 'core/src/limit.ts': 'export const limit = 1\n/** At most this. */\nexport interface Limit {}\n' },
      'core/src/limit.ts:1: limit is exported and has no doc comment',
    ],
    [
      'a type without one, under another name',
      {
        'core/src/index.ts': "export type { Bound as Limit } from './limit.ts'\n",
        'core/src/limit.ts': '\n// At most this.\nexport interface Bound {}\n',
      },
      'core/src/limit.ts:3: Bound is exported and has no doc comment',
    ],
    [
      'a function that is exported apart from its declaration',
      { 'core/src/more.ts': '\nfunction more() {}\nexport { more }\n' },
      'core/src/more.ts:2: more is exported and has no doc comment',
    ],
    [
      'a file of a pattern',
      { 'core/src/shell/menu.ts': '/** @module */\n\nimport a from "a"\nexport const menu = a\n' },
      'core/src/shell/menu.ts:4: menu is exported and has no doc comment',
    ],
    [
      'a comment that says the name again',
      { 'core/src/more.ts': '/** The upper bound of a limit. */\nexport const upperBoundOfLimit = 1\n' },
      'core/src/more.ts:2: the comment of upperBoundOfLimit restates its name',
    ],
  ])('%s is named', ([, files, wrong]) => {
    expect(told(checkExports(plant({ ...SOUND, ...files })))).toEqual([wrong])
  })
})

describe("Biome's rules, as this repository sets them", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `  console.info(${index})\n`).join('')
  const long = Array.from({ length: 301 }, (_, index) => `export const n${index} = 1\n`).join('')
  const wordy = `export function wordy(): void {\n${lines(41)}}\n`
  const FILES = {
    'biome.json': readFileSync(join(ROOT, 'biome.json'), 'utf8'),
    'pdp/src/pap/grants.ts': "export { server } from '../http/server.ts'\n",
    'desktop/package.json': '{ "dependencies": { "@mandate/service": "1" } }',
    'desktop/src/main/kit.ts': "export { serve } from '@mandate/service'\n",
    'desktop/src/main/events.ts': "export { serverSentEvents } from '@mandate/service/sse'\n",
    'stack/src/long.ts': long,
    'stack/src/long.test.ts': long,
    'ui/src/wordy.tsx': wordy,
    'ui/src/wordy.test.ts': wordy,
    'ui/src/short.ts': `export function short(): void {\n${lines(38)}}\n`,
    // A dependency of development is for tests and builds: `npm start` installs none.
    'service/package.json': '{ "dependencies": { "express": "1" }, "devDependencies": { "vitest": "1" } }',
    'service/src/declared.ts': "export { Router } from 'express'\n",
    'service/src/for-tests.ts': "export { expect } from 'vitest'\n",
    'service/src/for-tests.test.ts': "export { expect } from 'vitest'\n",
    'service/src/for-tests.fixture.ts': "export { expect } from 'vitest'\n",
    'service/src/undeclared.ts': "export { chalk } from 'chalk'\n",
    'service/src/undeclared.test.ts': "export { chalk } from 'chalk'\n",
    'keycloak/src/a.ts': "import type { B } from './b.ts'\nexport type A = B\n",
    'keycloak/src/b.ts': "import type { A } from './a.ts'\nexport type B = A | undefined\n",
  }

  test('a planted violation of each is an error, in tests and style sheets none', { timeout: 60_000 }, () => {
    const cwd = plantFolder(FILES)
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
    const { stdout, status } = spawnSync(process.execPath, [biome, 'lint', '--reporter=github', '.'], {
      cwd,
      encoding: 'utf8',
    })
    const found = [...stdout.matchAll(/^::error title=lint\/\w+\/(\w+),file=([^,]+),/gmu)]
      .map(([, rule, file = '']) => `${file.replace(`${cwd}/`, '')}: ${rule}`)
      .filter((line) => /Excessive|Cycles|Restricted|Undeclared/u.test(line))
    expect(status).toBe(1)
    expect(found.sort()).toEqual([
      'desktop/src/main/kit.ts: noRestrictedImports',
      'keycloak/src/a.ts: noImportCycles',
      'keycloak/src/b.ts: noImportCycles',
      'pdp/src/pap/grants.ts: noRestrictedImports',
      'service/src/for-tests.ts: noUndeclaredDependencies',
      'service/src/undeclared.test.ts: noUndeclaredDependencies',
      'service/src/undeclared.ts: noUndeclaredDependencies',
      'stack/src/long.ts: noExcessiveLinesPerFile',
      'ui/src/wordy.tsx: noExcessiveLinesPerFunction',
    ])
  })
})
