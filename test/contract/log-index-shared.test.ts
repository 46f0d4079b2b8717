/**
 * One index on PostgreSQL for several PDPs with a log each: all entries are found by whichever is asked, each log in its own order, and nobody
 * touches what another one wrote.
 */
import { signerOf } from '@mandate/protocol'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openIndex } from '../../pdp/src/log/entry-index.ts'
import { type OpenLog, openLog } from '../../pdp/src/log/log.ts'
import type { EntryIndex, IndexPage } from '../../pdp/src/ports/log.ts'
import { anEntry, aPlace, idOf, someEntries } from './log-kit.ts'

let postgres: Postgres
let databases = 0
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop())

interface Replica {
  readonly origin: string
  readonly log: OpenLog
  index: EntryIndex
  reopen(rebuild?: boolean): Promise<void>
}

async function replicas(count: number): Promise<readonly Replica[]> {
  databases += 1
  const place = await postgres.createDatabase(`shared_${'abcdefghijklmnopqrstuvwxyz'[databases]}`)
  return Promise.all(Array.from({ length: count }, (_, number) => aReplica(`pdp${number}.example/log`, place)))
}

async function aReplica(origin: string, place: string): Promise<Replica> {
  const { dir } = await aPlace()
  const signer = await signerOf(origin, new Uint8Array(32).fill(origin.length))
  const log = await openLog({ dir, origin, signer, checkpointEveryMs: 50 })
  const open = (rebuild = false) => openIndex({ place, log, rebuild })
  const replica: Replica = {
    origin,
    log,
    index: await open(),
    reopen: async (rebuild) => {
      await replica.index.close()
      replica.index = await open(rebuild)
    },
  }
  onTestFinished(async () => {
    await replica.index.close()
    await log.close()
  })
  return replica
}

/** Waits until what a log holds is in the shared index. */
const fed = async ({ index }: Replica): Promise<void> => void (await index.query({ limit: 1 }))
const idsOf = ({ entries }: Pick<IndexPage, 'entries'>): string[] => entries.map(({ id }) => id)

async function walk(index: EntryIndex, limit: number, between: () => Promise<unknown> = async () => undefined) {
  const ids: string[] = []
  const totals = new Set<number>()
  let cursor: string | undefined
  do {
    const page: IndexPage = await index.query({ limit, ...(cursor === undefined ? {} : { cursor }) })
    ids.push(...idsOf(page))
    totals.add(page.total)
    cursor = page.nextCursor
    await between()
  } while (cursor !== undefined)
  return { ids, totals: [...totals] }
}

test('whichever is asked finds the entries of all, by query and by id, with the log that each is in', async () => {
  const [one, other] = await replicas(2)
  if (!one || !other) throw new Error('two replicas')
  await one.log.append(someEntries(0, 30))
  await other.log.append(someEntries(30, 20))
  await fed(other)
  const page = await one.index.query({ limit: 100 })
  expect(page.total).toBe(50)
  expect(new Set(idsOf(page)).size).toBe(50)
  await fed(one)
  expect(idsOf(await other.index.query({ limit: 100 }))).toEqual(idsOf(page))
  expect(await one.index.get(idOf(33))).toMatchObject({ origin: other.origin, index: 3 })
  const { total } = await one.index.query({ limit: 1, subject: anEntry(31).subject })
  expect(total).toBe(someEntries(0, 50).filter(({ subject }) => subject === anEntry(31).subject).length)
})

test('pages neither shift nor repeat nor miss while both write, and a log’s order is never broken', async () => {
  const [one, other, third] = await replicas(3)
  if (!one || !other || !third) throw new Error('three replicas')
  const numbers = Array.from({ length: 300 }, (_, number) => number)
  for (const number of numbers) await [one, other][number % 2]?.log.append([anEntry(number)])
  await fed(one)
  await fed(other)
  let next = 300
  const { ids, totals } = await walk(third.index, 17, async () => {
    for (const { log } of [one, other, third]) {
      await log.append(someEntries(next, 2))
      next += 2
    }
    await fed(one)
    await fed(other)
  })
  expect(totals).toEqual([300])
  expect([...ids].sort()).toEqual(numbers.map(idOf).sort())
  for (const parity of [0, 1]) {
    const ofOne = ids.filter((id) => Number(id.slice(-6)) % 2 === parity)
    expect(ofOne).toEqual([...ofOne].sort().reverse())
  }
})

test('a tail tells of what any of them logs, once, and goes on where it left off', async () => {
  const [one, other] = await replicas(2)
  if (!one || !other) throw new Error('two replicas')
  await one.log.append(someEntries(0, 5))
  let { position } = await one.index.tail({})
  const seen: string[] = []
  const look = async (): Promise<void> => {
    const page = await one.index.tail({}, { after: position })
    seen.push(...page.entries.map(({ entry }) => entry.id))
    position = page.position
  }
  for (let number = 5; number < 45; number += 10) {
    await one.log.append(someEntries(number, 5))
    await look()
    await other.log.append(someEntries(number + 5, 5))
    await fed(other)
    await look()
  }
  expect([...seen].sort()).toEqual(someEntries(5, 40).map(({ id }) => id))
  const rung = new Promise<void>((resolve) => void onTestFinished(one.index.onMore(resolve)))
  await rung
})

test('rebuilding throws away one’s own part and no other’s', async () => {
  const [one, other] = await replicas(2)
  if (!one || !other) throw new Error('two replicas')
  await one.log.append(someEntries(0, 40))
  await other.log.append(someEntries(40, 40))
  await fed(one)
  await fed(other)
  const before = await walk(one.index, 100)
  await other.reopen(true)
  await fed(other)
  expect(await walk(one.index, 100)).toEqual(before)
})

test('a database that went away is a fault with a name, and is used again when it is back', async () => {
  const [one] = await replicas(1)
  if (!one) throw new Error('a replica')
  await one.log.append(someEntries(0, 3))
  await fed(one)
  await postgres.kill('SIGKILL')
  // A process of the killed server may answer once more before it notices.
  const asked = () =>
    one.index.query({ limit: 1 }).then(
      () => 'answered',
      (error: unknown) => error,
    )
  await expect.poll(asked).toMatchObject({ code: 'index_unavailable' })
  await one.log.append(someEntries(3, 3))
  await postgres.restart()
  expect((await one.index.query({ limit: 1 })).total).toBe(6)
})

test('tables that a newer program has made are left alone', async () => {
  const url = await postgres.createDatabase('newer')
  const replica = await aReplica('pdp.example/log', url)
  await replica.index.close()
  await postgres.query(url, 'INSERT INTO mandate_index.migration (no) VALUES (9999)')
  await expect(replica.reopen()).rejects.toMatchObject({
    code: 'index_unavailable',
    message: expect.stringContaining('9999'),
  })
})
