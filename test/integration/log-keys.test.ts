/**
 * A running PDP gets a new signing key by the command, and says so in its log (rules L1 and L11).
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseNote } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const MAINTAIN = join(import.meta.dirname, '../../pdp/src/cli/main.ts')

test('rotated and retired between restarts, each change is an entry', async () => {
  const { tpdp } = suite
  const maintain = (command: string): string =>
    String(execFileSync(process.execPath, [MAINTAIN, command, '--data', tpdp.dataDir]))
  const signatures = async (): Promise<number> =>
    parseNote((await tpdp.call('GET', '/log/checkpoint', { as: AUDITOR })).text).signatures.length
  await tpdp.restart(() => void maintain('rotate-key'))
  await expect.poll(signatures).toBe(2)
  await tpdp.restart(() => void maintain('retire-key'))
  await expect.poll(signatures).toBe(1)
  await tpdp.restart()
  const { body } = await tpdp.call('GET', '/v1/decisions?kind=key_changed', { as: AUDITOR })
  const counts = body.entries.map(({ change }: { change: { log_keys: readonly string[] } }) => change.log_keys.length)
  expect(counts).toEqual([1, 2])
  const keys = readFileSync(join(tpdp.dataDir, 'log.vkeys'), 'utf8')
  expect(keys.trim().split('\n')).toHaveLength(2)
  expect(keys.startsWith(readFileSync(join(tpdp.dataDir, 'log.vkey'), 'utf8'))).toBe(true)
})
