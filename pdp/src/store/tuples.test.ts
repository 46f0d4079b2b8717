import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TupleRows } from '../ports/tuple-rows.ts'
import { VaultKeys } from './encryption.ts'
import type { Database } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { createStores, type SqlStores } from './stores.ts'

interface Opened extends SqlStores {
  readonly rows: TupleRows
}

async function opened(change: (database: Database) => Database = (database) => database): Promise<Opened> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-tuples-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close())
  const stores = await createStores(change(database), { clock: () => 0, keys: VaultKeys.random() })
  return { ...stores, rows: stores.tuples ?? expect.fail() }
}

const tuple = (n: number) => ({ user: `user:${n}`, relation: 'owner', object: `deed:${n}` })
const writing = (n: number, at = n) => ({ id: `c${n}`, at, writes: [tuple(n)], deletes: [] })

test('the outcome of a change of facts that is not finished is kept, however old', async () => {
  const { rows, intents } = await opened()
  const change = { plan: { id: 'c2', keys: [], steps: {} }, domain: 'sheets', write: [], remove: [] }
  await intents.putFactChange(change)
  for (const n of [1, 2, 3]) await rows.write(writing(n), 'refuse')
  await rows.forgetChanges(3)
  expect((await rows.changesSince(0)).map(({ id }) => id)).toEqual(['c2', 'c3'])
  await intents.dropFactChange(change)
  await rows.forgetChanges(3)
  expect((await rows.changesSince(0)).map(({ id }) => id)).toEqual(['c3'])
})

test('memory hears of a change in the turn of its commit, and of one that may have failed', async () => {
  let isBroken = false
  const { rows, invalidations } = await opened((database) => ({
    ...database,
    transaction: async (work) => {
      const result = await database.transaction(work)
      if (isBroken) throw new Error('disk I/O error')
      return result
    },
  }))
  const heard: unknown[] = []
  invalidations.subscribe?.(({ seq: _, token: __, ...event }) => heard.push(event))
  expect(await rows.write(writing(1), 'refuse')).toBe(true)
  expect(heard.splice(0)).toEqual([
    { kind: 'open', change: 'c1', keys: [tuple(1)] },
    { kind: 'close', change: 'c1' },
  ])
  expect(await rows.write({ ...writing(1), id: 'c9' }, 'refuse')).toBe(false)
  expect(heard).toEqual([])
  isBroken = true
  await expect(rows.write(writing(2), 'refuse')).rejects.toMatchObject({ code: 'relations_unavailable' })
  expect(heard.slice(-2)).toEqual([
    { kind: 'open', change: 'c2', keys: [tuple(2)] },
    { kind: 'close', change: 'c2' },
  ])
  isBroken = false
  expect(await rows.outcomeOf('c2', 5)).toBe('applied')
})

test('reads of a snapshot see one state, whatever is written meanwhile', async () => {
  const { rows } = await opened()
  // As a request does that is no part of the transaction.
  const outside = AsyncLocalStorage.snapshot()
  let writes: Promise<boolean> | undefined
  const seen = await rows.snapshot(async (reads) => {
    const before = await reads.read({})
    writes = outside(() => rows.write(writing(1), 'refuse'))
    return [before, await reads.read({})]
  })
  expect(seen).toEqual([[], []])
  expect(await writes).toBe(true)
  expect(await rows.read({})).toEqual([tuple(1)])
})

test('tuples are none, then here, then moved and deleted', async () => {
  const { rows } = await opened()
  expect(await rows.home()).toEqual({ kind: 'none' })
  await rows.write(writing(1), 'refuse')
  expect(await rows.home()).toEqual({ kind: 'here' })
  await rows.markMoved('openfga.example, store mandate', 0)
  expect(await rows.home()).toEqual({
    kind: 'moved',
    place: 'openfga.example, store mandate',
    at: '1970-01-01T00:00:00.000Z',
  })
  expect([await rows.read({}), await rows.models(), await rows.changesSince(0)]).toEqual([[], [], []])
})

test('models are listed newest first; one that is written again is the newest', async () => {
  const { rows } = await opened()
  for (const [id, at] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    await rows.putModel({ id, model: { id } }, at)
  expect(await rows.models()).toEqual(['a', 'b'].map((id) => ({ id, model: { id } })))
  expect(await rows.model('c')).toBeUndefined()
})
