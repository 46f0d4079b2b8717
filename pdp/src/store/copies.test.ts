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
  const isSub = async (text: string): Promise<boolean> => stores.vault.isSub('https://id.example', text)
  // The subs are read in the background when a text is first looked up.
  await expect.poll(() => readsOf(async () => expect(await isSub('5F0C1A3E-1d2b')).toBe(false))).toBe(0)
  const pseudonym = await stores.vault.pseudonymOf('https://id.example', '5f0c1a3e1d2b')
  expect(await isSub('5F0C1A3E-1d2b')).toBe(true)
  await stores.vault.erase(pseudonym)
  expect(await isSub('5F0C1A3E-1d2b')).toBe(false)
})

/** Memory of a vault whose people are read from `rows`. */
function memoryOf(rows: () => Promise<readonly []>): { readonly keys: VaultKeys; readonly memory: VaultMemory } {
  const keys = VaultKeys.random()
  return { keys, memory: new VaultMemory({ keys, clock: () => 0, salt: new Uint8Array(32), sql: { rows } }) }
}

test('a person whom another PDP created may be a sub once its note is applied', async () => {
  const { keys, memory } = memoryOf(async () => [])
  const folded = keys.lookupHash('someone')
  expect(memory.mayBeSub(folded)).toBe(true)
  await expect.poll(() => memory.mayBeSub(folded)).toBe(false)
  const { data } = personNote(folded) as { readonly data: string }
  memory.apply({ kind: 'note', topic: 'person', data, seq: 1, token: 'a' })
  expect(memory.mayBeSub(folded)).toBe(true)
})

test('a person who is created while the subs are read is not missed', async () => {
  const read = Promise.withResolvers<readonly []>()
  const { keys, memory } = memoryOf(() => read.promise)
  memory.mayBeSub(keys.lookupHash('nobody'))
  memory.addSub(keys.lookupHash('someone'))
  read.resolve([])
  await expect.poll(() => memory.mayBeSub(keys.lookupHash('nobody'))).toBe(false)
  expect(memory.mayBeSub(keys.lookupHash('someone'))).toBe(true)
})

test('subs whose read began before the memory was reset rule out nobody', async () => {
  const [first, second] = [Promise.withResolvers<readonly []>(), Promise.withResolvers<readonly []>()]
  const reads = [first.promise, second.promise]
  const { keys, memory } = memoryOf(() => reads.shift() ?? Promise.reject(new Error('a third read')))
  const someone = keys.lookupHash('someone')
  expect(memory.mayBeSub(someone)).toBe(true)
  memory.reset()
  first.resolve([])
  await first.promise
  expect(memory.mayBeSub(someone)).toBe(true)
  second.resolve([])
  await expect.poll(() => memory.mayBeSub(someone)).toBe(false)
})

test('subs that could not be read rule out nobody', async () => {
  const { keys, memory } = memoryOf(() => Promise.reject(new Error('no database')))
  expect(memory.mayBeSub(keys.lookupHash('someone'))).toBe(true)
  await Promise.resolve()
  expect(memory.mayBeSub(keys.lookupHash('someone'))).toBe(true)
})

test('people of a vault are not read when it is opened again under the same key, nor when memory is reset', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-copies-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close().catch(() => undefined))
  const options = { clock: () => 100, keys: VaultKeys.random() }
  await (await createStores(database, options)).vault.pseudonymOf('https://id.example', 'sub')
  const statements: string[] = []
  const noted = <T extends Pick<Database, 'rows'>>(queries: T): T => ({
    ...queries,
    rows: (sql: string, ...values: Parameters<Database['rows']> extends [string, ...infer V] ? V : never) => {
      statements.push(sql)
      return queries.rows(sql, ...values)
    },
  })
  const counted: Database = {
    ...noted(database),
    transaction: (work) => database.transaction((within) => work(noted(within))),
  }
  const stores = await createStores(counted, options)
  const barrier = new LogBarrier(stores.invalidations)
  for (const copy of stores.copies) barrier.listen(copy)
  await barrier.pass()
  const ofPeople = statements.filter((sql) => sql.includes('FROM vault') && !sql.includes('folded IS NULL'))
  expect(ofPeople).toEqual([])
  expect(statements.length).toBeGreaterThan(0)
})
