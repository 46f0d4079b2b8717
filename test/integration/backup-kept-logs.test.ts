/**
 * A whole installation restored with logs that survived, and without what they have (ADR 0151): the second is the arm with the defence off, in which what ended
 * after the backup is effective again. Of the nightly run; `restored-database.test.ts` plays both on the embedded engine in every run.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Installation, MISSING } from '../fixtures/installation.ts'

let it: Installation
beforeAll(async () => {
  if (!MISSING) it = await Installation.start()
}, 120_000)
afterAll(() => it?.stop())

describe.skipIf(MISSING !== '')(`a restore${MISSING && `: ${MISSING}`}`, () => {
  test('beside logs that survived: what they have as ended is ended again', { timeout: 120_000 }, async () => {
    const { world } = it
    for (const to of ['B', 'C', 'D', 'M2']) {
      await world.grant({ name: `a${to}`, from: 'A', to, actions: ['execute'] })
      expect(await it.permits(to), to).toBe(true)
    }
    expect((await world.revoke('aC', 'A')).status).toBe(200)
    const stop = it.use()
    expect(await it.backUp('whole')).toMatchObject({ status: 0 })
    await stop()
    expect((await world.revoke('aD', 'A')).status).toBe(200)
    expect((await world.call('DELETE', '/v1/subjects/me', world.as('M2'))).status).toBe(200)
    await it.stopAll()
    const checkpoint = readFileSync(join(it.dataOf(0), 'log', 'checkpoint'), 'utf8')
    expect(await it.restore('whole', '--keep-logs')).toMatchObject({ status: 73 })
    expect(await it.restore('whole', '--keep-logs', '--force')).toMatchObject({ status: 0 })
    expect(readFileSync(join(it.dataOf(0), 'log', 'checkpoint'), 'utf8')).toBe(checkpoint)
    await it.startAll()
    expect(await it.permits('B')).toBe(true)
    for (const subject of ['C', 'D', 'M2']) expect(await it.permits(subject), subject).toBe(false)
    await it.stopAll()
  })

  test('without the later logs: what ended later is effective again', { timeout: 120_000 }, async () => {
    expect(await it.restore('whole', '--force')).toMatchObject({ status: 0 })
    await it.startAll()
    expect(await it.permits('C')).toBe(false)
    for (const subject of ['D', 'M2']) expect(await it.permits(subject), subject).toBe(true)
    // Register and relationship store are of one moment, in the middle of a change.
    const { body } = await it.world.call('GET', '/v1/grants', it.world.as('A'))
    const live = body.items.filter(({ delegate }: { readonly delegate: string }) => delegate === it.world.ref('S'))
    expect(await it.permits('S')).toBe(live.length > 0)
  })
})
