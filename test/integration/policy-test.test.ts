/**
 * `mandate policy test` on both engines: the packs that `policy new` writes, and the one that the documentation shows.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../cli/src/program.ts'

let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-policy-test-'))
  for (const shape of ['grants', 'relations']) await mandate('policy', 'new', join(dir, shape), '--shape', shape)
  const text = readFileSync(join(import.meta.dirname, '../../docs/policy-packs.md'), 'utf8')
  mkdirSync(join(dir, 'documented'))
  for (const { groups } of text.matchAll(/^```\w+\n# (?<name>[a-z]+\.(?:fga|yaml))\n(?<content>.*?)^```/gmsu))
    writeFileSync(join(dir, 'documented', groups?.['name'] ?? ''), groups?.['content'] ?? '')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function mandate(...argv: readonly string[]) {
  const said = { out: '', err: '' }
  const code = await run(argv, {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    environment: {},
  })
  return { code, ...said }
}

const PACKS = ['grants', 'relations', 'documented']

test.for(['embedded', 'openfga'])(
  'new and documented packs keep their cases: %s',
  { timeout: 180_000 },
  async (engine) => {
    for (const pack of PACKS) {
      const { code, out, err } = await mandate('policy', 'test', join(dir, pack), '--engine', engine, '--json')
      const { cases } = JSON.parse(out)
      expect(
        cases.filter(({ ok }: { readonly ok: boolean }) => !ok),
        err,
      ).toEqual([])
      expect(cases.length).toBeGreaterThan(1)
      expect({ code, err }).toEqual({ code: 0, err: '' })
    }
  },
)

test('a case that is not kept is told by its line, and is exit 1; one can be chosen by its name', async () => {
  const file = join(dir, 'grants/cases.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replace('ask: ann approve sample, permit: owner', 'ask: ann approve sample, deny: [no_grant]'),
  )
  const broken = await mandate('policy', 'test', join(dir, 'grants'), '--case', 'owners decide')
  writeFileSync(file, text)
  expect(broken).toMatchObject({ code: 1, err: '' })
  expect(broken.out.split('\n')).toEqual([
    'BROKEN  grants: owners decide about their own orders, and nobody else does',
    expect.stringMatching(/^ {8}grants\/cases\.yaml:22: .*: deny no_grant was promised, permit owner came$/u),
    'FAILED: 1 of 1 broken',
    '',
  ])
  expect(await mandate('policy', 'test', join(dir, 'grants'), '--case', 'nowhere')).toMatchObject({ code: 64 })
})

test('the name of a case does nothing to the terminal', async () => {
  const file = join(dir, 'grants/cases.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text
      .replace('case: owners decide', 'case: "\\e]0;title\\a\\e[31m owners decide')
      .replace('nobody else does', 'nobody else does\u202e"'),
  )
  const played = await mandate('policy', 'test', join(dir, 'grants'), '--case', 'owners decide')
  writeFileSync(file, text)
  expect(played).toMatchObject({ code: 0, err: '' })
  expect(played.out).toMatch(/^ok {6}grants: \\u\{1b\}\]0;title\\u\{7\}[\x20-\x7e]*\nOK: 1 case kept\n$/u)
})
