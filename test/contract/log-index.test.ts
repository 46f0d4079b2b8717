/**
 * The query index over a real log, on SQLite and on PostgreSQL: it means what the protocol says a filter means, whatever is combined, however it
 * was fed.
 */
import { rm, stat } from 'node:fs/promises'
import { type DecisionFilter, decisionQuerySchema, entryMatches, type LoggedEntry } from '@mandate/protocol'
import { type Postgres, startPostgres } from '@mandate/stack'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openIndex } from '../../pdp/src/log/entry-index.ts'
import { CHUNK_ENTRIES } from '../../pdp/src/log/index-chunk.ts'
import { IndexStore } from '../../pdp/src/log/index-store.ts'
import type { OpenLog } from '../../pdp/src/log/log.ts'
import { PostgresIndexStore } from '../../pdp/src/log/postgres-store.ts'
import type { EntryIndex, IndexPage } from '../../pdp/src/ports/log.ts'
import { anEntry, aPlace, idOf, ORIGIN, type Place, someEntries } from './log-kit.ts'

/** One full chunk and a growing one. */
const ENTRIES = CHUNK_ENTRIES + 2_000
const reference = someEntries(0, ENTRIES)

const ENGINES = ['sqlite', 'postgres'] as const
let postgres: Postgres
let databases = 0
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop())

/** An empty database of its own. */
function aDatabase(): Promise<string> {
  databases += 1
  return postgres.createDatabase(`index_${'abcdefghijklmnopqrstuvwxyz'[databases]}`)
}

const storeAt = (place: string): IndexStore | PostgresIndexStore =>
  place.startsWith('postgres:') ? new PostgresIndexStore(place, ORIGIN) : new IndexStore(place, ORIGIN)

/** What a filter should find, by looking at every entry: newest first. */
function scanned(filter: DecisionFilter, party?: string): string[] {
  return reference
    .filter((entry) => entryMatches(entry, filter, party))
    .map(({ id }) => id)
    .reverse()
}

/** The position before anything. */
const BEGINNING = Buffer.from('[]').toString('base64url')
const idsOf = ({ entries }: Pick<IndexPage, 'entries'>): string[] => entries.map(({ id }) => id)

describe.for(ENGINES)('on %s', (engine) => {
  let store: IndexStore | PostgresIndexStore
  beforeAll(async () => {
    store = storeAt(engine === 'sqlite' ? ':memory:' : await aDatabase())
    for (let first = 0; first < ENTRIES; first += 1_000) {
      const entries = reference.slice(first, first + 1_000)
      await store.add(entries.map((entry, at) => ({ index: first + at, bytes: Buffer.from(JSON.stringify(entry)) })))
    }
    return () => store.close()
  })

  /** Everything that a filter finds, page after page. */
  async function walked(
    filter: DecisionFilter,
    limit: number,
    party?: string,
  ): Promise<{ readonly ids: string[]; readonly totals: ReadonlySet<number> }> {
    const ids: string[] = []
    const totals = new Set<number>()
    let cursor: string | undefined
    do {
      const page: IndexPage = await store.query(
        { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) },
        party,
      )
      ids.push(...idsOf(page))
      totals.add(page.total)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return { ids, totals }
  }

  test.each([
    {},
    { subject: 'user:p_1' },
    { actor: 'agent:booking-agent' },
    { member: 'user:p_2' },
    { member: 'agent:booking-agent' },
    { resource: 'workflow_item:w3-0' },
    { under: 'workflow:w3' },
    { under: 'workflow_item:w3-0' },
    { action: 'execute' },
    { decision: 'deny' },
    { decision: 'permit' },
    { reason: 'no_consent' },
    { kind: 'grant_issued' },
    { caller: 'service:nursing' },
    { grant: 'G5' },
    { grant: 'T40' },
    { from: '2026-11-21T20:02:00Z' },
    { to: '2026-11-21T20:02:00Z' },
    { from: '2026-11-21T20:02:00Z', to: '2026-11-21T20:30:00Z' },
    { actor: 'agent:booking-agent', reason: 'delegated', decision: 'permit', caller: 'service:trips' },
    { subject: 'user:nobody' },
  ])('%o finds what a scan of all entries finds, and its exact total', async (parameters) => {
    const { limit: _limit, ...filter } = decisionQuerySchema.parse(parameters)
    const expected = scanned(filter)
    const { ids, totals } = await walked(filter, 1_000)
    expect(ids).toEqual(expected)
    expect([...totals]).toEqual([expected.length])
  })

  test('any filters combined find what a scan finds, for all and for a party', async () => {
    const anyOf = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> =>
      fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 })
    const filters = fc.record({
      subject: anyOf('user:p_0', 'user:p_4'),
      actor: anyOf('agent:booking-agent'),
      member: anyOf('user:p_3', 'agent:booking-agent'),
      under: anyOf('workflow:w1', 'workflow:w10'),
      action: anyOf('execute', 'plan'),
      decision: anyOf(true, false),
      reason: anyOf('delegated', 'no_consent'),
      from: anyOf(Date.parse(anEntry(50).at), Date.parse(anEntry(ENTRIES - 50).at)),
      to: anyOf(Date.parse(anEntry(9_000).at)),
    })
    const party = anyOf('user:p_5', 'agent:booking-agent', 'user:nobody')
    await fc.assert(
      fc.asyncProperty(filters, party, fc.integer({ min: 1, max: 1_000 }), async (filter, who, limit) => {
        const expected = scanned(filter, who)
        const { entries, total } = await store.query({ ...filter, limit }, who)
        expect(total).toBe(expected.length)
        expect(idsOf({ entries })).toEqual(expected.slice(0, limit))
      }),
      { numRuns: 25 },
    )
  })

  test('a party reads the entries it stands in, and no others', async () => {
    for (const party of ['user:p_5', 'agent:booking-agent'])
      expect((await walked({}, 1_000, party)).ids).toEqual(scanned({}, party))
    expect((await store.query({ limit: 10 }, 'service:trips')).total).toBe(0)
  })

  test('a cursor is of one query: with another filter or for another party it is refused', async () => {
    const ask = async (...asked: Parameters<IndexStore['query']>): Promise<IndexPage> => store.query(...asked)
    const { nextCursor = '' } = await ask({ decision: false, limit: 1 }, undefined)
    await expect(ask({ decision: true, limit: 1, cursor: nextCursor }, undefined)).rejects.toThrow(/cursor/u)
    await expect(ask({ decision: false, limit: 1, cursor: nextCursor }, 'user:p_1')).rejects.toThrow(/cursor/u)
    await expect(ask({ limit: 1, cursor: 'nonsense' }, undefined)).rejects.toThrow(/cursor/u)
    expect((await ask({ decision: false, limit: 5, cursor: nextCursor }, undefined)).entries).toHaveLength(5)
  })

  test('a tail finds all that came behind a position, oldest first, and ends where the index does', async () => {
    const { position: end } = await store.tail({}, {})
    expect(await store.tail({}, { after: end })).toEqual({ entries: [], position: end })
    for (const [filter, party] of [
      [{}, 'user:p_5'],
      [{ kind: 'grant_issued' }, undefined],
      [{ subject: 'user:nobody' }, undefined],
    ] as const) {
      const found: string[] = []
      let after = BEGINNING
      for (
        let page = await store.tail(filter, { after, party });
        page.entries.length > 0;
        page = await store.tail(filter, { after, party })
      ) {
        found.push(...idsOf({ entries: page.entries.map(({ entry }) => entry) }))
        after = page.entries.at(-1)?.position ?? ''
      }
      expect(found).toEqual(scanned(filter, party).reverse())
    }
  })
  describe('over a log', () => {
    interface Indexed {
      readonly place: Place
      readonly log: OpenLog
      readonly path: string
      open(rebuild?: boolean): Promise<EntryIndex>
    }

    async function anIndexedLog(): Promise<Indexed> {
      const place = await aPlace()
      const log = await place.open({ checkpointEveryMs: 30 })
      const path = engine === 'sqlite' ? `${place.dir}.index` : await aDatabase()
      onTestFinished(async () => {
        await log.close()
        for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
      })
      return { place, log, path, open: (rebuild = false) => openIndex({ place: path, log, rebuild }) }
    }

    async function everything(index: EntryIndex): Promise<readonly LoggedEntry[]> {
      return (await index.query({ limit: 1_000 })).entries
    }

    test('an answered entry is found at once, by query and by id, with its place in the log', async () => {
      const { log, open } = await anIndexedLog()
      const index = await open()
      for (let number = 0; number < 30; number += 1) {
        await log.append([anEntry(number)])
        expect((await index.query({ limit: 1 })).entries[0]).toEqual({
          ...anEntry(number),
          index: number,
          origin: ORIGIN,
        })
      }
      expect(await index.get(idOf(7))).toMatchObject({ id: idOf(7), index: 7 })
      expect(await index.get(idOf(99))).toBeUndefined()
      await index.close()
    })

    test('pages do not shift, repeat or change their total while entries arrive', async () => {
      const { log, open } = await anIndexedLog()
      const index = await open()
      await log.append(someEntries(0, 100))
      const ids: string[] = []
      let cursor: string | undefined
      let next = 100
      do {
        const page: IndexPage = await index.query({ limit: 7, ...(cursor === undefined ? {} : { cursor }) })
        expect(page.total).toBe(100)
        ids.push(...idsOf(page))
        cursor = page.nextCursor
        await log.append(someEntries(next, 3))
        next += 3
      } while (cursor !== undefined)
      expect(ids).toEqual(
        someEntries(0, 100)
          .map(({ id }) => id)
          .reverse(),
      )
      await index.close()
    })

    test('rebuilt it is what it had become entry by entry, also after it was opened again', async () => {
      const { log, open } = await anIndexedLog()
      const stepwise = await open()
      for (let first = 0; first < 700; first += 35) {
        await log.append(someEntries(first, 35))
        if (first % 2 === 0) await stepwise.query({ limit: 1 })
      }
      const grown = await everything(stepwise)
      await stepwise.close()
      const reopened = await open()
      expect(await everything(reopened)).toEqual(grown)
      await reopened.close()
      const rebuilt = await open(true)
      expect(await everything(rebuilt)).toEqual(grown)
      expect((await rebuilt.query({ limit: 1, member: 'user:p_2' })).total).toBe(
        grown.filter((entry) => entryMatches(entry, { member: 'user:p_2' })).length,
      )
      await rebuilt.close()
    })

    test('catches up on what was logged while it was closed, and on what a killed PDP did not index', async () => {
      const { log, open } = await anIndexedLog()
      const first = await open()
      await log.append(someEntries(0, 10))
      await first.close()
      await log.append(someEntries(10, 600))
      const second = await open()
      expect((await second.query({ limit: 1 })).total).toBe(610)
      await second.close()
    })

    test('of another log, or ahead of this one, is thrown away and rebuilt', async () => {
      const { log, path, open } = await anIndexedLog()
      const foreign = storeAt(path)
      await foreign.add(
        someEntries(5, 20).map((entry, index) => ({ index, bytes: Buffer.from(JSON.stringify(entry)) })),
      )
      await foreign.close()
      await log.append(someEntries(0, 30))
      const index = await open()
      expect((await everything(index)).at(-1)?.id).toBe(idOf(0))
      expect((await index.query({ limit: 1 })).total).toBe(30)
      await index.close()
    })

    test.runIf(engine === 'sqlite')('keeps its file to its owner', async () => {
      const { path, open } = await anIndexedLog()
      const index = await open()
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      await index.close()
    })

    test('a cursor of another query is the caller’s fault, and the index goes on', async () => {
      const { open } = await anIndexedLog()
      const index = await open()
      await expect(index.query({ limit: 1, cursor: 'x' })).rejects.toMatchObject({
        code: 'invalid_request',
        detail: expect.stringContaining('cursor'),
      })
      expect((await index.query({ limit: 1 })).total).toBe(0)
      await index.close()
      await expect(index.query({ limit: 1 })).rejects.toMatchObject({ code: 'index_unavailable' })
    })
  })
})
