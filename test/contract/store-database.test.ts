/**
 * What the stores ask of a SQL database.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../pdp/src/store/sql.ts'
import { type Place, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let database: Database
  beforeEach(async () => {
    place = await placeOf()
    database = await place.connect()
  })

  const put = 'INSERT INTO models (store_id, policy, model_id) VALUES ($1, $2, $3)'
  const count = async (from: Pick<Database, 'rows'> = database): Promise<number> =>
    (await from.rows('SELECT * FROM models')).length

  test('a transaction is done whole or not at all', async () => {
    const broken = database.transaction(async (within) => {
      await within.change(put, 's', 'a', 'm')
      expect(await count(within)).toBe(1)
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    expect(await count()).toBe(0)
  })

  test('a transaction within a transaction is a part of it', async () => {
    const broken = database.transaction(async (within) => {
      await within.transaction((inner) => inner.change(put, 's', 'a', 'm'))
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    expect(await count()).toBe(0)
  })

  test('a statement outside does not become a part of a transaction that is open', async () => {
    const opened = Promise.withResolvers<void>()
    const mayFail = Promise.withResolvers<void>()
    const broken = database.transaction(async (within) => {
      await within.change(put, 's', 'inside', 'm')
      opened.resolve()
      await mayFail.promise
      throw new Error('cut off')
    })
    await opened.promise
    const outside = database.change(put, 's', 'outside', 'm')
    expect(await count()).toBe(0)
    mayFail.resolve()
    await expect(broken).rejects.toThrow('cut off')
    expect(await outside).toBe(1)
    expect((await database.rows('SELECT policy FROM models')).map(({ policy }) => policy)).toEqual(['outside'])
  })

  test('a transaction that waits for a statement outside of it rejects, and holds up no other', async () => {
    const waits = database.transaction(async (within) => {
      await within.change(put, 's', 'inside', 'm')
      await database.change(put, 's', 'outside', 'm')
    })
    await expect(waits).rejects.toThrow('within a transaction')
    const nested = database.transaction(() => database.transaction((within) => within.change(put, 's', 'a', 'm')))
    await expect(nested).rejects.toThrow('within a transaction')
    expect(await count()).toBe(0)
    expect(await database.change(put, 's', 'later', 'm')).toBe(1)
  })

  test('what a transaction started and did not wait for is a writer like any other once it is over', async () => {
    const over = Promise.withResolvers<void>()
    let later: Promise<number> | undefined
    await database.transaction(async () => {
      later = over.promise.then(() => database.change(put, 's', 'later', 'm'))
    })
    over.resolve()
    expect(await later).toBe(1)
  })

  test('a statement of a transaction that is over is refused, and changes nothing', async () => {
    const over = Promise.withResolvers<void>()
    let late: Promise<unknown> = Promise.resolve()
    const broken = database.transaction(async (within) => {
      late = over.promise.then(() => within.change(put, 's', 'late', 'm'))
      await Promise.all([late, Promise.reject(new Error('cut off'))])
    })
    await expect(broken).rejects.toThrow('cut off')
    over.resolve()
    await expect(late).rejects.toThrow('transaction is over')
    expect(await count()).toBe(0)
  })

  test('what is to happen after a commit happens then, and not after a rollback', async () => {
    const happened: string[] = []
    await database.transaction(async (within) => {
      within.afterCommit(() => happened.push('committed'))
      await within.change(put, 's', 'a', 'm')
      expect(happened).toEqual([])
    })
    const broken = database.transaction(async (within) => {
      within.afterCommit(() => happened.push('rolled back'))
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow()
    expect(happened).toEqual(['committed'])
  })

  test('two connections that write at the same time wait for each other', async () => {
    const other = await place.connect()
    const writes = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? database : other).transaction(async (within) => {
        const before = await count(within)
        await within.change(put, 's', String(index), String(before))
      }),
    )
    await Promise.all(writes)
    const seen = await database.rows('SELECT model_id FROM models')
    expect(new Set(seen.map((row) => row['model_id'])).size).toBe(20)
  })

  test('a parameter may stand several times, and bytes come back as they were', async () => {
    const bytes = Uint8Array.from([0, 1, 255])
    await database.change('INSERT INTO salts (name, salt) VALUES ($1, $2)', 'a', bytes)
    const rows = await database.rows('SELECT name, salt FROM salts WHERE name = $1 OR name = $1', 'a')
    expect(rows.map(({ name }) => name)).toEqual(['a'])
    expect(new Uint8Array(rows[0]?.['salt'] as Uint8Array)).toEqual(bytes)
  })

  test('what was deleted is gone from every file once it is scrubbed', async () => {
    const mark = 'a-text-that-stands-nowhere-else'
    // Rows of many lengths, so that pages are rebalanced: that leaves copies which no deletion overwrites.
    for (let index = 0; index < 600; index += 1) {
      const text = `${mark}-${index}-${'x'.repeat((index * 37) % 400)}`
      await database.change(put, 's', text, text)
    }
    await database.change('DELETE FROM models WHERE store_id = $1', 's')
    await database.scrub()
    expect(await place.bytes()).not.toContain(mark)
  })

  test('what was committed is there for the next connection; a closed one rejects', async () => {
    await database.change(put, 's', 'a', 'm')
    await database.close()
    await expect(database.rows('SELECT 1')).rejects.toThrow()
    expect(await count(await place.connect())).toBe(1)
  })
})
