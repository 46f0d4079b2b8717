import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../program.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-new-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

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

const LONGEST = 'a'.repeat(30)

describe.for(['grants', 'relations'] as const)('a new pack, shape %s', (shape) => {
  test.for(['lab', 'merge-approvals', 'x', 'type', 'relations', 'or', 'user', 'two__words-', LONGEST])(
    'of any name is sound: %s',
    async (name) => {
      const folder = join(dir, name)
      expect(await mandate('policy', 'new', folder, '--shape', shape)).toMatchObject({ code: 0, err: '' })
      expect(await mandate('policy', 'check', folder, '--json')).toMatchObject({ code: 0, err: '' })
      const { out } = await mandate('policy', 'check', folder, '--json')
      expect(JSON.parse(out)).toMatchObject({ ok: true, problems: [], warnings: [], notes: [] })
      for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/\{\{|\}\}/u)
    },
  )
})

test('packs of different names can be in force together, beside those that ship', async () => {
  for (const name of ['lab', 'care-home']) await mandate('policy', 'new', join(dir, name))
  await mandate('policy', 'new', join(dir, 'documents'), '--shape', 'relations')
  const shipped = ['travel', 'nursing'].map((name) => join(import.meta.dirname, '../../../pdp/policies', name))
  const mine = ['lab', 'care-home', 'documents'].map((name) => join(dir, name))
  expect(await mandate('policy', 'check', ...shipped, ...mine)).toMatchObject({
    code: 0,
    out: expect.stringContaining('OK: 5 packs'),
  })
})

test('nothing is written where something is, nor under a name that is none', async () => {
  mkdirSync(join(dir, 'lab'))
  expect(await mandate('policy', 'new', join(dir, 'lab'))).toMatchObject({
    code: 65,
    err: expect.stringMatching(/lab exists already; nothing was written\.\nChoose another name/u),
  })
  expect(readdirSync(join(dir, 'lab'))).toEqual([])
  expect(await mandate('policy', 'new', join(dir, 'Merge Approvals'))).toMatchObject({
    code: 64,
    err: expect.stringContaining('Did you mean merge-approvals?'),
  })
  expect(await mandate('policy', 'new', join(dir, 'lab2'), '--shape', 'grant')).toMatchObject({
    code: 64,
    err: expect.stringContaining('Did you mean grants?'),
  })
  expect(existsSync(join(dir, 'lab2'))).toBe(false)
})
