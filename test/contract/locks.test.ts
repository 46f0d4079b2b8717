/**
 * The contract of locks, in one process and on PostgreSQL between two PDPs.
 *
 * @module
 */
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Locks, LockWait } from '../../pdp/src/ports/locks.ts'
import { ProcessLocks } from '../../pdp/src/runtime/process-locks.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { PostgresLocks } from '../../pdp/src/store/postgres-locks.ts'
import { joined } from './members.ts'

/** The locks of two callers that exclude each other. */
interface Pair {
  readonly one: Locks
  readonly two: Locks
}

type Open = (waitMs?: number) => Promise<Pair>

async function inOneProcess(waitMs?: number): Promise<Pair> {
  const locks = new ProcessLocks(waitMs)
  return { one: locks, two: locks }
}

let postgres: Postgres

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

async function onPostgres(waitMs?: number): Promise<Pair> {
  const [one, two] = await Promise.all(['one', 'two'].map((origin) => joined(postgres.url, { origin })))
  if (!one || !two) return expect.unreachable()
  return { one: new PostgresLocks(one, waitMs), two: new PostgresLocks(two, waitMs) }
}

const IMPLEMENTATIONS: readonly (readonly [name: string, open: Open])[] = [
  ['in one process', inOneProcess],
  ['on PostgreSQL', onPostgres],
]

/** A task that runs until it is released. */
function held(locks: Locks, key: string) {
  const begun = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const done = locks.run(key, async () => {
    begun.resolve()
    await release.promise
  })
  return { begun: begun.promise, release: () => release.resolve(), done }
}

/** A task that fails while the COMMIT of its transaction is on its way. @returns Lets it arrive. */
async function commitLeftBehind(locks: PostgresLocks, key: string, isFenced: boolean): Promise<() => Promise<void>> {
  const database = await openPostgres(postgres.url)
  const stored = Promise.withResolvers<void>()
  const arrival = Promise.withResolvers<void>()
  let committed: Promise<void> | undefined
  const failed = locks.run(key, async () => {
    committed = database.transaction(async (within) => {
      if (isFenced) await locks.requireHeld(within)
      stored.resolve()
      await arrival.promise
    })
    await stored.promise
    throw new Error('no answer to COMMIT')
  })
  await expect(failed).rejects.toThrow('no answer to COMMIT')
  return async () => {
    arrival.resolve()
    await committed
    await database.close()
  }
}

test.for([
  ['waits', true],
  ['does not wait, without the lock of the transaction,', false],
] as const)(
  'on PostgreSQL: the next task of a key %s for a transaction that an earlier one left behind',
  async ([, isFenced]) => {
    const [one, two] = await Promise.all(['left', 'next'].map((origin) => joined(postgres.url, { origin })))
    if (!one || !two) return expect.unreachable()
    const arrive = await commitLeftBehind(new PostgresLocks(one), 'left behind', isFenced)
    const next = new PostgresLocks(two, 200).run('left behind', async () => 'ran')
    if (isFenced) await expect(next).rejects.toThrow(LockWait)
    else expect(await next).toBe('ran')
    await arrive()
    expect(await new PostgresLocks(two).run('left behind', async () => 'ran')).toBe('ran')
  },
)

for (const [name, open] of IMPLEMENTATIONS) {
  test(`${name}: tasks of one key never overlap, and each runs once`, async () => {
    const { one, two } = await open()
    let running = 0
    const seen: number[] = []
    const task = (locks: Locks, n: number) =>
      locks.run('a', async () => {
        running += 1
        expect(running).toBe(1)
        await new Promise<void>((resolve) => setImmediate(resolve))
        seen.push(n)
        running -= 1
        return n
      })
    const all = Array.from({ length: 40 }, (_, n) => task(n % 2 === 0 ? one : two, n))
    expect(await Promise.all(all)).toEqual(all.map((_, n) => n))
    expect(seen.toSorted((a, b) => a - b)).toEqual(all.map((_, n) => n))
  })

  test(`${name}: tasks of one caller run in the order of the calls`, async () => {
    const { one } = await open()
    const seen: string[] = []
    const task = (what: string) => one.run('a', async () => void seen.push(what))
    await Promise.all(['1', '2', '3', '4'].map(task))
    expect(seen).toEqual(['1', '2', '3', '4'])
  })

  test(`${name}: tasks of other keys do not wait`, async () => {
    const { one, two } = await open()
    const first = held(one, 'a')
    await first.begun
    const waiting = two.run('a', async () => 'a')
    expect(await two.run('b', async () => 'b')).toBe('b')
    expect(await one.run('c', async () => 'c')).toBe('c')
    first.release()
    expect(await waiting).toBe('a')
    await first.done
  })

  test(`${name}: a task that rejects releases its key, and all of several keys`, async () => {
    const { one, two } = await open()
    await expect(one.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await two.run('a', async () => 'done')).toBe('done')
    await expect(one.runAll(['a', 'b'], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await two.runAll(['a', 'b'], async () => 'done')).toBe('done')
  })

  test(`${name}: several keys are held together`, async () => {
    const { one, two } = await open()
    const release = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const both = one.runAll(['a', 'b'], async () => {
      begun.resolve()
      await release.promise
    })
    await begun.promise
    const seen: string[] = []
    const others = ['a', 'b'].map((key) => two.run(key, async () => void seen.push(key)))
    expect(await two.run('c', async () => seen.length)).toBe(0)
    release.resolve()
    await Promise.all([both, ...others])
    expect(seen.toSorted()).toEqual(['a', 'b'])
  })

  test(`${name}: an urgent task runs before all that wait, urgent ones in the order of the calls`, async () => {
    const { one } = await open()
    const first = held(one, 'a')
    await first.begun
    const seen: string[] = []
    const task = (what: string, urgency?: 'first') => one.run('a', async () => void seen.push(what), urgency)
    const all = [task('1'), task('2'), task('revoke 1', 'first'), task('revoke 2', 'first')]
    first.release()
    await Promise.all([first.done, ...all])
    expect(seen).toEqual(['revoke 1', 'revoke 2', '1', '2'])
  })

  test(`${name}: a wait has an end, by a fault that says what to do; the task does not run later`, async () => {
    const { one, two } = await open(50)
    const first = held(one, 'a')
    await first.begun
    let ran = 0
    const task = async (): Promise<void> => {
      ran += 1
    }
    const refused = await Promise.allSettled([one.run('a', task), two.run('a', task), two.run('a', task, 'first')])
    const reasons = refused.map((one) => (one.status === 'rejected' ? one.reason : undefined))
    expect(reasons).toEqual([expect.any(LockWait), expect.any(LockWait), expect.any(LockWait)])
    expect(reasons[0]).toMatchObject({ code: 'relations_unavailable', detail: expect.stringContaining('Try again') })
    first.release()
    await first.done
    expect(ran).toBe(0)
    expect(await two.run('a', async () => 'free')).toBe('free')
  })
}
