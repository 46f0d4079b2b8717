/**
 * When the log cannot be published: its folder is gone under the PDP. What cannot even be recorded is held in
 * `test/contract/log.test.ts`.
 *
 * @module
 */
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Answer } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })

test('readiness goes false while nothing can be published, and what was answered is there afterwards', async () => {
  const { tpdp, world } = suite
  const log = join(tpdp.dataDir, 'log')
  const ask = (): Promise<Answer> => world.ask({ subject: 'A', action: 'read' })
  const ready = async (): Promise<number> => (await tpdp.call('GET', '/readyz')).status
  await rename(log, `${log}.away`)
  await writeFile(log, '')
  const answered = [await ask()]
  await expect.poll(ready).toBe(503)
  answered.push(await ask())
  await rm(log)
  await rename(`${log}.away`, log)
  await expect.poll(ready).toBe(200)
  answered.push(await ask())
  for (const { status, headers } of answered) {
    expect(status).toBe(200)
    const entry = await tpdp.call('GET', `/v1/decisions/${headers.get('x-evaluation-id')}`, { as: { ...AUDITOR } })
    expect(entry.body).toMatchObject({ kind: 'evaluation', decision: true })
  }
})
