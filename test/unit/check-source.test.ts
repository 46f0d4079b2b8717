// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are code.
/**
 * The rules about source of `npm run check`, each with planted violations, and with what must not be found.
 */
import { describe, expect, test } from 'vitest'
import { checkSource, EXCEPTIONS } from '../check/source-rules.ts'
import { type PlantedFiles, told, treeOf } from '../support/planted-tree.ts'

const NONE = Object.fromEntries(Object.keys(EXCEPTIONS).map((rule) => [rule, 0])) as unknown as typeof EXCEPTIONS

const found = (files: PlantedFiles, exceptions: Partial<Record<keyof typeof EXCEPTIONS, number>> = {}) =>
  told(checkSource(treeOf(files), { ...NONE, ...exceptions })).map((line) => line.replace(/: (\w+): .*/u, ': $1'))

describe.for([
  [
    'sql',
    [
      'const find = (id: string) => db.query(`SELECT * FROM grants WHERE id = ${id}`)',
      "const find = (id: string) => db.query('DELETE FROM grants WHERE id = ' + id)",
      'for (const name of names()) db.exec(`UPDATE people SET name = ${name}`)',
      'const list = (ids: string[]) => db.query(`SELECT 1 FROM a WHERE id IN (${ids.join(", ")})`)',
      'const by = (column: string) => { const order = `${column} DESC`; return `SELECT * FROM a ORDER BY ${order}` }',
    ],
    [
      "const COLUMNS = 'a, b'; db.query(`SELECT ${COLUMNS} FROM grants WHERE id = $1`, id)",
      "for (const table of ['a', 'b']) db.exec(`DELETE FROM ${table}`)",
      "const find = (column: 'sub' | 'id') => `SELECT * FROM people WHERE ${column} = $1`",
      "const list = (ids: string[]) => db.query(`SELECT 1 FROM a WHERE id IN (${ids.map((_, at) => `$${at + 1}`).join(', ')})`)",
      'const { places } = inList(ids, 1); const sql = `SELECT 1 FROM a WHERE id IN (${places})`',
      'const text = (name: string) => `Select the row of ${name}`',
    ],
  ],
  [
    'regexp',
    ['const match = (text: string) => new RegExp(text)', 'const match = (text: string) => RegExp(`^${text}$`, "u")'],
    [
      "const OCTET = '[0-9]+'; const IP = new RegExp(`^${OCTET}$`)",
      'const match = (text: string) => new RegExp(`^${RegExp.escape(text)}$`)',
      'const IP = new RegExp(String.raw`^\\d+$`)',
    ],
  ],
  [
    'shell',
    [
      "import { exec } from 'node:child_process'",
      "import { execSync as run } from 'node:child_process'",
      "spawn('ls', [], { shell: true })",
    ],
    ["import { execFile, spawn } from 'node:child_process'", "spawn('ls', [], { shell: false })"],
  ],
  ['random', ['const id = Math.random().toString(36)'], ['const id = randomUUID()']],
  [
    'tls',
    [
      'connect({ rejectUnauthorized: false })',
      'connect({ rejectUnauthorized: !strict })',
      'connect({ checkServerIdentity: () => undefined })',
      "createServer({ minVersion: 'TLSv1.1' })",
      "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'",
      "spawn('node', [], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })",
    ],
    [
      'connect({ rejectUnauthorized: true })',
      "createServer({ minVersion: 'TLSv1.2' })",
      "if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') throw new Error()",
    ],
  ],
  [
    'timing',
    [
      'const isRight = (secret: string) => secret === expected',
      'const isRight = () => req.headers.apiKey !== keys.own',
      'const isRight = (a: Body) => a.signature == sign(a)',
    ],
    [
      'const isMissing = (secret?: string) => secret === undefined',
      "const isText = (token: unknown) => typeof token === 'string'",
      "const isEmpty = (password: string) => password === ''",
      'const isRight = (a: Buffer) => timingSafeEqual(a, b)',
    ],
  ],
  [
    'html',
    [
      'element.innerHTML = text',
      'const view = <p dangerouslySetInnerHTML={{ __html: text }} />',
      "element.insertAdjacentHTML('beforeend', text)",
      'eval(text)',
      'const f = new Function(text)',
    ],
    ['element.textContent = text', 'const view = <p>{text}</p>'],
  ],
  [
    'disclosure',
    [
      'res.status(500).json({ error: error.message })',
      'res.end(String(error.stack))',
      'sendProblem(res, 500, { detail: `failed: ${(error as Error).message}` })',
      'reply.send({ detail: err.message })',
    ],
    [
      "logger.error({ message: error.message }, 'failed')",
      "res.status(500).json({ title: 'internal error' })",
      'send({ failure: error.message })',
    ],
  ],
] as const)('the rule %s', ([rule, wrong, right]) => {
  test.for(wrong)('finds %s', (code) => {
    expect(found({ 'core/src/a.tsx': `\n${code}\n` })).toEqual([`core/src/a.tsx:2: ${rule}`])
  })

  test.for(right)('lets pass %s', (code) => expect(found({ 'core/src/a.tsx': `\n${code}\n` })).toEqual([]))
})

describe('exceptions', () => {
  const RANDOM = 'const wait = Math.random()\n'

  test('one with its reason is counted', () => {
    const files = { 'core/src/a.ts': `// allowed: random: spreads retries.\n${RANDOM}` }
    expect(found(files, { random: 1 })).toEqual([])
    expect(told(checkSource(treeOf(files), NONE))).toEqual([
      'test/check/source-rules.ts:1: the rule random has 1 exceptions, not 0',
    ])
  })

  test.for([
    ['without a reason', `// allowed: random:\n${RANDOM}`, ['core/src/a.ts:2: random']],
    [
      'from another rule',
      `// allowed: sql: because.\n${RANDOM}`,
      ['core/src/a.ts:2: random', 'core/src/a.ts:1: an exception from sql, which finds nothing here'],
    ],
    [
      'further away',
      `// allowed: random: spreads.\n\n${RANDOM}`,
      ['core/src/a.ts:3: random', 'core/src/a.ts:1: an exception from random, which finds nothing here'],
    ],
  ] as const)('one %s is none', ([, text, expected]) => {
    expect(found({ 'core/src/a.ts': text })).toEqual(expected)
  })

  test('tests, fixtures and models for tests are left out', () => {
    const files = ['core/src/a.test.ts', 'core/src/a.fixture.ts', 'core/src/a.model.ts', 'test/a.ts']
    expect(found(Object.fromEntries(files.map((file) => [file, RANDOM])))).toEqual([])
  })
})
