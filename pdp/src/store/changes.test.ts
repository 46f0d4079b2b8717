import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { VaultKeys } from './encryption.ts'
import { openSqlite } from './sqlite.ts'
import { createStores, type SqlStores } from './stores.ts'

async function stores(): Promise<SqlStores> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-changes-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close())
  return createStores(database, { clock: () => 0, keys: VaultKeys.random() })
}

test('the marker of a change of facts that is not finished is kept, however old', async () => {
  const { changes, intents } = await stores()
  const change = { plan: { id: 'b', keys: [], steps: {} }, domain: 'sheets', write: [], remove: [] }
  await intents.putFactChange(change)
  for (const id of ['a', 'b']) {
    await changes.begin({ id, at: 1, keys: [] })
    await changes.decided(id, 1)
  }
  expect(await changes.decidedBefore(2, 10)).toEqual(['a'])
  await intents.dropFactChange(change)
  expect(await changes.decidedBefore(2, 10)).toEqual(['a', 'b'])
})

test('a change that was decided without having begun leaves a marker that is swept', async () => {
  const { changes } = await stores()
  await changes.decided('a', 1)
  expect(await changes.takeUndecided()).toEqual([])
  expect(await changes.decidedBefore(2, 10)).toEqual(['a'])
})

test('a change of facts is pending from before its first Write until it is complete or undone, also for who starts meanwhile', async () => {
  const { intents, invalidations } = await stores()
  const events: unknown[] = []
  invalidations.subscribe?.(({ kind, ...event }) => events.push([kind, 'change' in event ? event.change : '']))
  const keys = [{ user: 'user:a', relation: 'blocked', object: 'sheet:1' }]
  const change = { plan: { id: 'b', keys, steps: {} }, domain: 'sheets', write: [], remove: [] }
  await intents.putFactChange(change)
  expect((await invalidations.start()).pending).toEqual([{ change: 'facts:b', keys }])
  await intents.dropFactChange(change)
  expect((await invalidations.start()).pending).toEqual([])
  expect(events).toEqual([
    ['open', 'facts:b'],
    ['close', 'facts:b'],
  ])
})
