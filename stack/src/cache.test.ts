import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cached, cacheFolder } from './cache.ts'
import { holdLock, withLock } from './lock.ts'
import { temporaryFolder } from './temporary.fixture.ts'

test.for([
  ['MANDATE_CACHE wins', { MANDATE_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  ['then the XDG cache', { XDG_CACHE_HOME: '/b' }, '/b/mandate'],
  ['an empty variable is no variable', { MANDATE_CACHE: '', XDG_CACHE_HOME: '/b' }, '/b/mandate'],
] as const)('%s', ([, env, path]) => {
  expect(cacheFolder(env)).toBe(path)
})

test('what is there is not filled again', async () => {
  const root = temporaryFolder()
  let fills = 0
  const entry = {
    folder: root,
    key: 'tool-1',
    fill: async (aside: string) => {
      fills += 1
      await writeFile(join(aside, 'tool'), 'whole')
    },
  }
  const [first, second] = await Promise.all([cached(entry), cached(entry)])
  expect(first).toBe(second)
  expect(await readFile(join(first, 'tool'), 'utf8')).toBe('whole')
  expect(fills).toBe(1)
})

test('a fetch that fails half-way leaves nothing, and the next one works', async () => {
  const root = temporaryFolder()
  const broken = async (aside: string): Promise<void> => {
    await writeFile(join(aside, 'tool'), 'half')
    throw new Error('cut off')
  }
  await expect(cached({ folder: root, key: 'tool-1', fill: broken })).rejects.toThrow('cut off')
  expect(readdirSync(root).filter((name) => !name.endsWith('.lock'))).toEqual([])
  const path = await cached({ folder: root, key: 'tool-1', fill: (aside) => writeFile(join(aside, 'tool'), 'whole') })
  expect(await readFile(join(path, 'tool'), 'utf8')).toBe('whole')
})

test('a lock has one holder, waits for it, and is free after it', async () => {
  const file = join(temporaryFolder(), 'lock')
  const held = holdLock(file)
  expect(holdLock(file)).toBeUndefined()
  const waited = Promise.withResolvers<void>()
  const late = withLock(file, () => Promise.resolve('done'), { onWait: waited.resolve })
  await waited.promise
  held?.release()
  expect(await late).toBe('done')
  holdLock(file)?.release()
})

test('waiting for a lock can be given up', async () => {
  const file = join(temporaryFolder(), 'lock')
  const held = holdLock(file)
  const giving = new AbortController()
  const waiting = withLock(file, () => Promise.resolve(), { signal: giving.signal, onWait: () => giving.abort() })
  await expect(waiting).rejects.toThrow()
  held?.release()
})
