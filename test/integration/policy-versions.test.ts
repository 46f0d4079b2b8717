/**
 * `mandate policy list`, `load` and `rollback` on a running PDP, as an operator.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../cli/src/program.ts'
import { NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const SHIPPED = join(import.meta.dirname, '../../pdp/policies')
let dir: string
let tpdp: TestPdp
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-versions-'))
  cpSync(SHIPPED, dir, { recursive: true })
  const env = { ENGINE: 'embedded', PDP_POLICIES_DIR: dir }
  tpdp = await startTestPdp({ openFga: NO_OPENFGA, database: 'sqlite', env })
})
afterAll(async () => {
  await tpdp?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function policy(roles: readonly string[], ...argv: readonly string[]) {
  const token = await tpdp.issuer.token({ sub: 'staff', azp: 'mandate-cli', roles })
  const said = { out: '', err: '' }
  const code = await run(['policy', ...argv, '--pdp', tpdp.pdp.url, '--json'], {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    environment: { MANDATE_TOKEN: token },
  })
  return { code, ...said, value: said.out === '' ? undefined : JSON.parse(said.out) }
}

const operator = (...argv: readonly string[]) => policy(['operator'], ...argv)

test('an operator loads a changed folder, lists the versions and rolls back, to the one before or to one by a part of it', async () => {
  const first = (await operator('list')).value
  expect(first).toMatchObject([{ in_force: true, version: expect.stringMatching(/^travel@/u) }])
  const file = join(dir, 'travel/manifest.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('label: Travel', 'label: Trips'))
  const loaded = (await operator('load')).value
  expect(loaded.version).not.toBe(first[0].version)
  expect((await operator('list')).value).toMatchObject([
    { in_force: true, version: loaded.version },
    { in_force: false, version: first[0].version },
  ])
  expect((await operator('rollback')).value).toMatchObject({ in_force: true, version: first[0].version })
  const [part = ''] = loaded.version.split(' ')
  expect((await operator('rollback', part)).value).toMatchObject({ version: loaded.version })
})

test('what cannot be loaded or found is told, and nothing changes', async () => {
  const before = (await operator('list')).value
  expect(await operator('rollback', 'travel@000000000000')).toMatchObject({
    code: 64,
    err: expect.stringContaining('There is no version travel@000000000000'),
  })
  const file = join(dir, 'travel/manifest.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('own: [read]', 'own: [fly]'))
  const refused = await operator('load')
  writeFileSync(file, text)
  expect(refused.code).toBe(65)
  expect(refused.err).toContain('travel/manifest.yaml:20')
  expect((await operator('list')).value).toEqual(before)
  expect((await policy(['persona-admin'], 'load')).code).toBe(77)
})
