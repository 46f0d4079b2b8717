/**
 * The contract of the invalidation log: events have numbers without gaps, in the order of the commits, and a reader that cannot continue is told so.
 */
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { LogBarrier } from '../../pdp/src/memory/barrier.ts'
import type { InvalidationEvent, InvalidationListener, LogPosition } from '../../pdp/src/ports/invalidations.ts'
import type { SharedLog } from '../../pdp/src/store/shared-log.ts'
import { type Database, firstRow } from '../../pdp/src/store/sql.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { openPdp, type Place, TestClock, useImplementations } from './pdp-stores.ts'

const KEYS = [{ user: 'user:a', relation: 'owner', object: 'deed:1' }]

/** Everything that a barrier has applied. */
class Seen implements InvalidationListener {
  readonly events: InvalidationEvent[] = []
  resets = 0

  apply(event: InvalidationEvent): void {
    this.events.push(event)
  }

  reset(): void {
    this.resets += 1
  }
}

function watch({ invalidations, copies }: SqlStores) {
  const barrier = new LogBarrier(invalidations)
  const seen = new Seen()
  for (const listener of [...copies, seen]) barrier.listen(listener)
  return { barrier, seen }
}

const implementations = useImplementations()

describe.for(implementations)('on %s', ([, placeOf]) => {
  let place: Place
  let stores: SqlStores
  beforeEach(async () => {
    place = await placeOf()
    stores = await openPdp(await place.connect(), { owner: 'a' })
  })

  test('events of one process come in the order of its commits, without gaps, and none of what was rolled back', async () => {
    const { barrier, seen } = watch(stores)
    await barrier.pass()
    const broken = stores.transaction(async ({ register }) => {
      await register.proposeAgent({ id: 'x', active: true, serviceSub: undefined, createdAt: 1 })
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    await stores.changes.begin({ id: 'c1', at: 1, keys: KEYS })
    await stores.sessions.end('s', 2_000_000)
    await stores.changes.decided('c1', 1)
    await barrier.pass()
    const [first] = seen.events
    expect(seen.events.map(({ seq }) => seq - (first?.seq ?? 0))).toEqual([0, 1, 2])
    expect(seen.events).toMatchObject([
      { kind: 'open', change: 'c1', keys: KEYS },
      { kind: 'note', topic: 'session' },
      { kind: 'close', change: 'c1' },
    ])
  })

  test('a start names the changes that are pending, and no others', async () => {
    await stores.changes.begin({ id: 'c1', at: 1, keys: KEYS })
    await stores.changes.begin({ id: 'c2', at: 1, keys: [] })
    await stores.changes.decided('c1', 1)
    expect((await stores.invalidations.start()).pending).toEqual([{ change: 'c2', keys: [] }])
  })
})

const [, postgres] = implementations

describe('on PostgreSQL, with several PDPs', () => {
  let place: Place
  let database: Database
  let a: SqlStores
  let b: SqlStores
  beforeEach(async () => {
    if (!postgres) return expect.unreachable()
    place = await postgres[1]()
    database = await place.connect()
    const clock = new TestClock()
    a = await openPdp(database, { owner: 'a', clock })
    b = await openPdp(await place.connect(), { owner: 'b', clock })
  })

  const logOf = (stores: SqlStores) => stores.invalidations as SharedLog

  test('what one PDP committed is applied by the others before their next request, in the same order', async () => {
    const [one, two] = [watch(a), watch(b)]
    await Promise.all([one.barrier.pass(), two.barrier.pass()])
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { changes, sessions } = n % 2 === 0 ? a : b
        await changes.begin({ id: `c${n}`, at: 1, keys: KEYS })
        if (n % 5 === 0) await sessions.end(`s${n}`, 2_000_000)
        await changes.decided(`c${n}`, 1)
      }),
    )
    await Promise.all([one.barrier.pass(), two.barrier.pass()])
    expect(one.seen.events).toEqual(two.seen.events)
    expect(one.seen.events).toHaveLength(88)
    expect(one.seen.events.map(({ seq }, index) => seq - index)).toEqual(
      Array.from({ length: 88 }, () => one.seen.events[0]?.seq),
    )
  })

  /** Appends at random from several connections, and reads all the while. @returns Events that the reader never saw. */
  async function missedWith(
    append: (database: Database, n: number) => Promise<unknown>,
    read: () => Promise<number[]>,
  ) {
    const connections = await Promise.all(Array.from({ length: 4 }, () => place.connect()))
    const seen = new Set<number>()
    let isOver = false
    const reading = (async () => {
      while (!isOver) for (const seq of await read()) seen.add(seq)
    })()
    await Promise.all(
      connections.map(async (connection, index) => {
        for (let n = 0; n < 60; n += 1) await append(connection, index * 100 + n)
      }),
    )
    isOver = true
    await reading
    for (const seq of await read()) seen.add(seq)
    return 240 - seen.size
  }

  test('a reader misses no event of concurrent writers', async () => {
    const log = logOf(a)
    let position: LogPosition = (await log.start()).position
    const read = async (): Promise<number[]> => {
      const events = (await log.read(position)) ?? expect.unreachable()
      position = events.at(-1) ?? position
      return events.map(({ seq }) => seq)
    }
    const append = async (connection: Database) => {
      const { sql, values } = log.appending({ kind: 'close', change: randomUUID() }, 1)
      // Longer statements overlap more: the commits of others come in between.
      await connection.changeAlone(`${sql} WHERE pg_sleep(random() * 0.003) IS NOT NULL`, ...values)
    }
    expect(await missedWith(append, read)).toBe(0)
  })

  test('with a sequence in place of the head row the same reader misses some: the test sees it', async () => {
    await database.changeAlone('CREATE TABLE numbered (seq bigserial PRIMARY KEY)')
    let last = 0
    const read = async (): Promise<number[]> => {
      const rows = await database.rows('SELECT seq FROM numbered WHERE seq > $1 ORDER BY seq', last)
      last = Number(rows.at(-1)?.['seq'] ?? last)
      return rows.map(({ seq }) => Number(seq))
    }
    const append = (connection: Database) =>
      connection.changeAlone(
        `WITH next AS MATERIALIZED (SELECT nextval('numbered_seq_seq') AS seq), slow AS MATERIALIZED (
           SELECT seq, pg_sleep(random() * 0.01) FROM next)
         INSERT INTO numbered SELECT seq FROM slow`,
      )
    expect(await missedWith(append, read)).toBeGreaterThan(0)
  })

  test('a reader whose position was trimmed drops everything; one that is up to date goes on', async () => {
    const [one, two] = [watch(a), watch(b)]
    await Promise.all([one.barrier.pass(), two.barrier.pass()])
    await a.sessions.end('s1', 2_000_000)
    await a.sessions.end('s2', 2_000_000)
    await one.barrier.pass()
    await database.changeAlone('UPDATE invalidations SET at = 0')
    await logOf(a).trim()
    expect(await logOf(a).size()).toBe(0)
    await Promise.all([one.barrier.pass(), two.barrier.pass()])
    expect([one.seen.resets, two.seen.resets]).toEqual([1, 2])
    expect(await b.sessions.isEnded({ sid: 's1', person: 'user:p', issuedAt: 1 })).toBe(true)
  })

  test('a reader of a database that lost commits drops everything, even when it has as many events again', async () => {
    const { barrier, seen } = watch(b)
    await a.sessions.end('s1', 2_000_000)
    await barrier.pass()
    const { position } = await logOf(a).start()
    // A standby that did not have the last commit, and then another one.
    await database.changeAlone('DELETE FROM invalidations WHERE seq = $1', position.seq)
    await database.changeAlone(
      `UPDATE invalidation_head SET seq = last.seq, token = last.token
       FROM (SELECT seq, token FROM invalidations ORDER BY seq DESC LIMIT 1) AS last`,
    )
    await barrier.pass()
    expect(seen.resets).toBe(2)
    await a.sessions.end('s2', 2_000_000)
    await barrier.pass()
    await database.changeAlone("UPDATE invalidations SET token = 'other' WHERE seq = $1", position.seq)
    await database.changeAlone("UPDATE invalidation_head SET token = 'other'")
    await barrier.pass()
    expect([seen.resets, seen.events]).toMatchObject([3, [{ kind: 'note', topic: 'session' }]])
  })

  test('a change that cannot be announced is not begun, and none is announced in one process only', async () => {
    await database.changeAlone('ALTER TABLE invalidations RENAME TO gone')
    await expect(a.changes.begin({ id: 'c1', at: 1, keys: KEYS })).rejects.toThrow()
    expect(await firstRow(database, 'SELECT 1 FROM changes')).toBeUndefined()
    expect(() => a.changes.beginUnrecorded({ id: 'c1', at: 1, keys: KEYS })).toThrow('other PDPs')
  })
})
