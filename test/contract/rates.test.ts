/**
 * The contract of rate limits, counted in one process and shared by two PDPs on PostgreSQL.
 *
 * @module
 */
import { RateLimit, type RateOptions } from '@mandate/service'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SharedRate } from '../../pdp/src/http/shared-rate.ts'
import { ProcessWrongCodes } from '../../pdp/src/pap/wrong-codes.ts'
import type { Rate, TokenBuckets, WrongCodes } from '../../pdp/src/ports/rates.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { PostgresBuckets } from '../../pdp/src/store/postgres-buckets.ts'
import { PostgresWrongCodes } from '../../pdp/src/store/postgres-wrong-codes.ts'
import type { Database } from '../../pdp/src/store/sql.ts'

let postgres: Postgres
let database: Database

beforeAll(async () => {
  postgres = await startPostgres()
  database = await openPostgres(postgres.url)
})
afterAll(async () => {
  await database?.close()
  await postgres?.stop()
})

interface Pair<T> {
  readonly one: T
  readonly two: T
}

const pair = <T>(one: T, two: T = one): Pair<T> => ({ one, two })
const shared = (options: RateOptions, buckets: TokenBuckets = new PostgresBuckets(database)): SharedRate =>
  new SharedRate({ ...options, name: expect.getState().currentTestName ?? '', buckets })

const RATES: readonly (readonly [name: string, open: (options: RateOptions) => Pair<Rate>])[] = [
  ['in one process', (options) => pair<Rate>(new RateLimit(options))],
  ['shared on PostgreSQL', (options) => pair<Rate>(shared(options), shared(options))],
]
/** So slow that nothing comes back during a test. */
const SLOW = 1 / 3_600

const outcome = (spent: Promise<unknown>) =>
  spent.then(
    () => 'spent',
    (error: { readonly code: string; readonly members: Readonly<Record<string, unknown>> }) => ({
      code: error.code,
      ...error.members,
    }),
  )

for (const [name, open] of RATES) {
  test(`${name}: lets in the rate and the burst, on whichever PDP, and no more`, async () => {
    const { one, two } = open({ perSecond: SLOW, burst: 60 })
    const asked = Array.from({ length: 100 }, (_, n) => outcome((n % 2 === 0 ? one : two).spend('anna')))
    const spent = (await Promise.all(asked)).filter((result) => result === 'spent').length
    expect(spent).toBeLessThanOrEqual(61)
    // What one PDP has left of its last block.
    expect(spent).toBeGreaterThan(61 - 7)
  })

  test(`${name}: one PDP alone has all of it`, async () => {
    const { one } = open({ perSecond: SLOW, burst: 30 })
    for (let n = 0; n < 31; n += 1) expect(await outcome(one.spend('anna'))).toBe('spent')
    expect(await outcome(one.spend('anna'))).toMatchObject({
      code: 'too_many_requests',
      retry_after: expect.any(Number),
    })
  })

  test(`${name}: several are taken together or not at all, and a refusal says how many fit`, async () => {
    const { one, two } = open({ perSecond: SLOW, burst: 10, unit: 'decisions' })
    expect(await outcome(one.spend('anna', 8))).toBe('spent')
    const refused = await outcome(two.spend('anna', 9))
    expect(refused).toMatchObject({ code: 'too_many_requests', fits: expect.any(Number) })
    const fits = Number(Object(refused).fits)
    expect(fits).toBeGreaterThanOrEqual(1)
    expect(fits).toBeLessThanOrEqual(3)
    expect(await outcome(two.spend('anna', 1))).toBe('spent')
  })

  test(`${name}: more than can ever be had is another fault, and takes nothing`, async () => {
    const { one } = open({ perSecond: SLOW, burst: 5 })
    expect(await outcome(one.spend('anna', 6))).toEqual({ code: 'payload_too_large', fits: 5 })
    expect(await outcome(one.spend('anna', 5))).toBe('spent')
    expect(await outcome(one.spend('anna', 0))).toBe('spent')
  })

  test(`${name}: each caller has their own`, async () => {
    const { one, two } = open({ perSecond: SLOW, burst: 1 })
    for (const caller of ['anna', 'bert']) {
      expect(await outcome(one.spend(caller))).toBe('spent')
      expect(await outcome(two.spend(caller))).toBe('spent')
      expect(await outcome(one.spend(caller))).toMatchObject({ code: 'too_many_requests' })
    }
  })

  test(`${name}: comes back with time`, async () => {
    const { one } = open({ perSecond: 5 })
    await expect.poll(() => outcome(one.spend('anna')), { interval: 1 }).toMatchObject({ code: 'too_many_requests' })
    await expect.poll(() => outcome(one.spend('anna'))).toBe('spent')
  })
}

test('a shared rate asks the database for blocks, not for each decision', async () => {
  const buckets = new PostgresBuckets(database)
  let calls = 0
  const counted: TokenBuckets = {
    take: (...of) => {
      calls += 1
      return buckets.take(...of)
    },
  }
  const rate = shared({ perSecond: 100 }, counted)
  for (let n = 0; n < 50; n += 1) await rate.spend('anna')
  expect(calls).toBeLessThanOrEqual(5)
})

test('while the database does not answer, each PDP counts alone', async () => {
  const url = await postgres.createDatabase('away')
  const away = await openPostgres(url)
  const rate = shared({ perSecond: SLOW, burst: 3 }, new PostgresBuckets(away))
  await postgres.query(postgres.url, 'DROP DATABASE away WITH (FORCE)')
  const asked = await Promise.all(Array.from({ length: 6 }, () => outcome(rate.spend('anna'))))
  expect(asked.filter((result) => result === 'spent')).toHaveLength(4)
  await away.close()
})

const WRONG: readonly (readonly [name: string, open: () => Pair<WrongCodes>])[] = [
  ['in one process', () => pair<WrongCodes>(new ProcessWrongCodes(() => 1_000_000))],
  ['shared on PostgreSQL', () => pair<WrongCodes>(new PostgresWrongCodes(database), new PostgresWrongCodes(database))],
]

for (const [name, open] of WRONG) {
  test(`wrong codes ${name}: ten in a minute, tried at once on whichever PDP; right ones do not count`, async () => {
    const { one, two } = open()
    const person = `user:${name}` as const
    for (let n = 0; n < 20; n += 1) await (await one.attempt(person))()
    const tried = Array.from({ length: 16 }, (_, n) => outcome((n % 2 === 0 ? one : two).attempt(person)))
    const results = await Promise.all(tried)
    expect(results.filter((result) => result === 'spent')).toHaveLength(10)
    expect(results.filter((result) => result !== 'spent')).toContainEqual({ code: 'too_many_requests' })
    expect(await outcome(two.attempt('user:another'))).toBe('spent')
  })
}
