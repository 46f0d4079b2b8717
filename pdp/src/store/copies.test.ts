/** In-memory copies of rows, under a barrier: what changes through one process's stores is read from memory as it is in the database. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LogBarrier } from '../memory/barrier.ts'
import type { InvalidationEvent } from '../ports/invalidations.ts'
import { VaultKeys } from './encryption.ts'
import type { Database } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { createStores } from './stores.ts'
import { personNote, VaultMemory } from './vault-memory.ts'

async function opened() {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-copies-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close().catch(() => undefined))
  let reads = 0
  let isFull = false
  const counted: Database = {
    ...database,
    rows: (sql, ...values) => {
      reads += 1
      return database.rows(sql, ...values)
    },
    transaction: (work) => (isFull ? Promise.reject(new Error('the disk is full')) : database.transaction(work)),
  }
  const stores = await createStores(counted, { clock: () => 100, keys: VaultKeys.random() })
  const barrier = new LogBarrier(stores.invalidations)
  const events: InvalidationEvent[] = []
  barrier.listen({ apply: (event) => void events.push(event), reset: () => undefined })
  for (const copy of stores.copies) barrier.listen(copy)
  await barrier.pass()
  return {
    stores,
    barrier,
    events,
    fill: (full: boolean) => {
      isFull = full
    },
    readsOf: async (task: () => Promise<unknown>) => {
      const before = reads
      await task()
      return reads - before
    },
  }
}

const KEY = {
  id: 'k1',
  name: 'n',
  types: ['t'],
  createdAt: 1,
  createdBy: 'user:p_a',
  expiresAt: 900,
  revokedAt: undefined,
} as const
const AGENT = { id: 'x', active: true, serviceSub: undefined, createdAt: 1 }

test('a barrier costs no read of the database', async () => {
  const { barrier, readsOf } = await opened()
  expect(await readsOf(async () => [await barrier.pass(), await barrier.pass()])).toBe(0)
})

test('agents and keys are read once, absent ones too, and again after each change of them', async () => {
  const { stores, readsOf } = await opened()
  const { callers, register, keys } = stores
  const look = async () => [await callers.agent('x'), await callers.byId('k1')]
  expect(await look()).toEqual([undefined, undefined])
  expect(await readsOf(look)).toBe(0)
  await register.proposeAgent(AGENT)
  expect(await look()).toMatchObject([{ ...AGENT, pending: true }, undefined])
  await register.completeAgent(AGENT)
  await keys.add(KEY, Uint8Array.of(1))
  expect(await look()).toMatchObject([AGENT, { record: KEY }])
  await callers.bindAgent('x', 'sub')
  await keys.revoke('k1', 50)
  expect(await look()).toMatchObject([{ serviceSub: 'sub' }, { record: { revokedAt: 50 } }])
  expect(await readsOf(look)).toBe(0)
})

test('a key whose revocation cannot be stored is revoked all the same', async () => {
  const { stores, fill } = await opened()
  await stores.keys.add(KEY, Uint8Array.of(1))
  await stores.callers.byId('k1')
  fill(true)
  await expect(stores.keys.revoke('k1', 50)).rejects.toThrow('full')
  expect(await stores.callers.byId('k1')).toMatchObject({ record: { revokedAt: 50 } })
})

test('a change of tuples is pending from its commit until its outcome is stored, or cannot be', async () => {
  const { stores, events, fill } = await opened()
  const keys = [{ user: 'user:a', relation: 'owner', object: 'deed:1' }]
  await stores.changes.begin({ id: 'c1', at: 1, keys })
  await stores.changes.decided('c1', 1)
  fill(true)
  await expect(stores.changes.begin({ id: 'c2', at: 1, keys })).rejects.toThrow('full')
  stores.changes.beginUnrecorded({ id: 'c2', at: 1, keys })
  await expect(stores.changes.decided('c2', 1)).rejects.toThrow('full')
  expect(events).toMatchObject([
    { kind: 'open', change: 'c1', keys },
    { kind: 'close', change: 'c1' },
    { kind: 'open', change: 'c2', keys },
    { kind: 'close', change: 'c2' },
  ])
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
})

test('a change that is rolled back is not announced', async () => {
  const { stores, events } = await opened()
  const broken = stores.transaction(async ({ register, changes }) => {
    await register.proposeAgent(AGENT)
    await changes.begin({ id: 'c1', at: 1, keys: [] })
    throw new Error('cut off')
  })
  await expect(broken).rejects.toThrow('cut off')
  expect(events).toEqual([])
})

test('what an earlier process left undecided is pending from the start', async () => {
  const { stores } = await opened()
  await stores.changes.begin({ id: 'c1', at: 1, keys: [] })
  expect(await stores.invalidations.start()).toMatchObject({ pending: [{ change: 'c1', keys: [] }] })
})

test('a text that is nobody’s sub costs no read; a person is found from creation on, in any spelling', async () => {
  const { stores, readsOf } = await opened()
  const isSub = (text: string): Promise<boolean> => stores.vault.isSub('https://id.example', text)
  expect(await readsOf(async () => expect(await isSub('5F0C1A3E-1d2b')).toBe(false))).toBe(0)
  const pseudonym = await stores.vault.pseudonymOf('https://id.example', '5f0c1a3e1d2b')
  expect(await isSub('5F0C1A3E-1d2b')).toBe(true)
  await stores.vault.erase(pseudonym)
  expect(await isSub('5F0C1A3E-1d2b')).toBe(false)
})

test('a person whom another PDP created may be a sub once its note is applied', async () => {
  const keys = VaultKeys.random()
  const memory = new VaultMemory({ keys, clock: () => 0, salt: new Uint8Array(32), sql: { rows: async () => [] } })
  const folded = keys.lookupHash('someone')
  expect(memory.mayBeSub(folded)).toBe(true)
  const put = await memory.load()
  put()
  expect(memory.mayBeSub(folded)).toBe(false)
  const { data } = personNote(folded) as { readonly data: string }
  memory.apply({ kind: 'note', topic: 'person', data, seq: 1, token: 'a' })
  expect(memory.mayBeSub(folded)).toBe(true)
})

test('a person who is created while the subs are read is not missed', async () => {
  const keys = VaultKeys.random()
  const read = Promise.withResolvers<readonly []>()
  const memory = new VaultMemory({ keys, clock: () => 0, salt: new Uint8Array(32), sql: { rows: () => read.promise } })
  const loading = memory.load()
  memory.addSub(keys.lookupHash('someone'))
  read.resolve([])
  memory.reset()
  const put = await loading
  put()
  expect(memory.mayBeSub(keys.lookupHash('someone'))).toBe(true)
})
