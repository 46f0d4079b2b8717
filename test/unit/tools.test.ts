/**
 * What `npm test` does on a machine that does not have every program.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { MissingToolError, StartError } from '@mandate/stack'
import { expect, onTestFinished, test } from 'vitest'
import { MISSING_TOOLS, missingToolReason } from '../support/missing-tool.ts'
import { readReport } from '../support/tally.ts'
import { prepareTools } from '../support/tools.ts'

const ROOT = join(import.meta.dirname, '../..')

test.for([
  ['an error of our own', { name: 'MissingToolError', message: 'x', tool: 'Go' }, 'missing: Go'],
  ['a program that Node cannot start', { name: 'Error', message: 'spawnSync go ENOENT' }, 'missing: Go'],
  ['a program that a shell cannot start', { name: 'Error', message: 'x: 3: openssl: not found' }, 'missing: openssl'],
  ['a program that was not announced', { name: 'Error', message: 'spawn jq ENOENT' }, undefined],
  ['another error', { name: 'AssertionError', message: 'expected 1 to be 2' }, undefined],
] as const)('a test fails by %s', ([, error, reason]) => {
  expect(missingToolReason([error], ['Go', 'openssl'])).toBe(reason)
})

test('a test that also fails by an assertion is a failure', () => {
  const missing = { name: 'MissingToolError', message: 'x', tool: 'Go' }
  expect(missingToolReason([missing, { message: 'expected 1 to be 2' }], ['Go'])).toBeUndefined()
  expect(missingToolReason([], ['Go'])).toBeUndefined()
})

test('tools are found side by side; what was fetched is on the PATH of the tests, and what is missing has a name', async () => {
  const both = Promise.withResolvers<void>()
  let started = 0
  const meet = async (): Promise<void> => {
    started += 1
    if (started === 2) both.resolve()
    await both.promise
  }
  const prepared = await prepareTools(() => undefined, { PATH: '/bin' }, [
    { name: 'Go', find: () => meet().then(() => '/cache/go/bin/go') },
    { name: 'Java', find: () => meet().then(() => Promise.reject(new MissingToolError('no Java', { tool: 'Java' }))) },
    { name: 'Keycloak', find: () => Promise.reject(new StartError('another checksum')) },
  ])
  expect(prepared.env).toEqual({ PATH: '/cache/go/bin:/bin', [MISSING_TOOLS]: '["Java"]' })
  expect([...prepared.missing]).toEqual([['Java', 'no Java']])
  expect(prepared.failed).toEqual(['set-up of Keycloak: another checksum'])
})

const PROBE = `
import { spawnSync } from 'node:child_process'
import { MissingToolError } from '@mandate/stack'
import { beforeAll, describe, test } from 'vitest'
const missing = () => { throw new MissingToolError('no Go', { tool: 'Go' }) }
test('in the test', missing)
describe('a group', () => {
  beforeAll(missing)
  test('in a hook', () => {})
})
test('of a program', () => { const { error } = spawnSync('no-such-go'); throw error })
test('that passes', () => {})
`

test.for([
  ['announced', ['Go', 'no-such-go'], ['Go', 'Go', 'no-such-go'], 0],
  ['not announced', ['Chromium'], [], 2],
] as const)('tests of a missing program that was %s', { timeout: 60_000 }, ([, missing, reasons, failures]) => {
  const folder = mkdtempSync(join(ROOT, 'test/unit/.probe-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [file, report] = [join(folder, 'probe.test.ts'), join(folder, 'report.json')]
  writeFileSync(file, PROBE)
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter', join(ROOT, 'test/support/tally-reporter.ts')]
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'unit', file, ...reporters], {
    cwd: ROOT,
    env: { ...process.env, MANDATE_TEST_REPORT: report, [MISSING_TOOLS]: JSON.stringify(missing) },
  })
  const { passed, failed, skipped } = readReport('unit', readFileSync(report, 'utf8'), status === 0)
  expect(passed).toBe(1)
  expect(failed).toHaveLength(failures)
  for (const reason of reasons) expect(skipped).toContainEqual(expect.stringContaining(`(missing: ${reason})`))
})
