import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VaultKeys } from '../store/encryption.ts'
import { openSqlite } from '../store/sqlite.ts'
import { createStores, type SqlStores } from '../store/stores.ts'
import { sliceOf } from './paging.ts'

const dir = mkdtempSync(join(tmpdir(), 'mandate-paging-'))
const database = openSqlite(join(dir, 'pdp.db'))
let stores: SqlStores
/** Every run has a domain and an owner of its own. */
let run = 0
beforeAll(async () => {
  stores = await createStores(database, { clock: () => 0, keys: VaultKeys.random() })
})
afterAll(async () => {
  await database.close()
  rmSync(dir, { recursive: true })
})

/** Ids on both sides of what UTF-16 and UTF-8 sort differently, and others. */
const id = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('a', 'Z', 'é', '\u{d7ff}', '\u{e000}', '\u{fffd}', '\u{10000}', '🧳', '\u{10ffff}', ':', '#'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
    maxLength: 4,
  })
  .filter((text) => !/\p{Cc}/u.test(text))
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 12 })

/** Page after page, until there is no next one. */
async function walk(candidates: readonly ResourceRef[], limit: number, isFound: (ref: ResourceRef) => boolean) {
  const found: ResourceRef[] = []
  let after: string | undefined
  do {
    const { results, last } = await sliceOf(candidates, { after, limit }, async (ref) =>
      isFound(ref) ? ref : undefined,
    )
    expect(results.length).toBeLessThanOrEqual(limit)
    found.push(...results)
    after = last
  } while (after !== undefined)
  return found
}

test('pages of every size hold all results, each once, in one order: what services stored', async () => {
  await fc.assert(
    fc.asyncProperty(ids, fc.func(fc.boolean()), async (names, isFound) => {
      const { facts } = stores
      run += 1
      const domain = `d${run}`
      const refs = names.map((name): ResourceRef => `doc:${name}`)
      await facts.change(
        refs.map((of) => ({ domain, of, attributes: {} })),
        [],
      )
      const whole = await walk(await facts.entities(domain, 'doc'), refs.length, isFound)
      expect(new Set(whole)).toEqual(new Set(refs.filter((ref) => isFound(ref))))
      for (let limit = 1; limit < refs.length; limit += 1)
        expect(await walk(await facts.entities(domain, 'doc'), limit, isFound)).toEqual(whole)
    }),
    { numRuns: 40 },
  )
})

test('and what is owned', async () => {
  await fc.assert(
    fc.asyncProperty(ids, async (names) => {
      const { register, transaction } = stores
      run += 1
      const owner: PartyRef = `user:p_${run}`
      await transaction(async (within) => {
        for (const name of names) {
          const resource: ResourceRef = `doc:${name}`
          await within.register.putResource({ resource, root: resource, ancestors: [], owner, persona: '', deed: 'd' })
        }
      })
      const found = await walk(await register.owned(owner, 'doc'), 1, () => true)
      expect(new Set(found)).toEqual(new Set(names.map((name) => `doc:${name}`)))
      expect(found).toHaveLength(names.length)
      for (let limit = 2; limit <= names.length; limit += 1)
        expect(await walk(await register.owned(owner, 'doc'), limit, () => true)).toEqual(found)
    }),
    { numRuns: 40 },
  )
})

test('a page goes on behind a candidate that is none any more', async () => {
  const slice = await sliceOf(['a', 'c', 'd'], { after: 'b', limit: 1 }, async (name) => name)
  expect(slice).toEqual({ results: ['c'], last: 'c' })
  expect(await sliceOf(['a', 'c', 'd'], { after: 'd', limit: 1 }, async (name) => name)).toEqual({
    results: [],
    last: undefined,
  })
})
