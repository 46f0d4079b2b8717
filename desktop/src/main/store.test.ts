import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAnswerCache } from './answer-cache.ts'
import { fakeKeystore, temporaryFolder } from './core.fixture.ts'
import { memoryStore, sealedStore } from './store.ts'

const WAIT = { timeout: 20_000, interval: 20 }
const END = new AbortController().signal

test('what is written is read again, sealed and for one person’s eyes', async () => {
  const folder = join(temporaryFolder(), 'of-alice')
  const store = sealedStore(folder, fakeKeystore(), 'alice')
  await store.write('notes', 'a secret')
  expect(await store.read('notes')).toBe('a secret')
  expect(readFileSync(join(folder, 'notes.sealed')).toString('latin1')).not.toContain('secret')
  expect(statSync(join(folder, 'notes.sealed')).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('a file in another person’s place opens for nobody', async () => {
  const [folder, keystore] = [temporaryFolder(), fakeKeystore()]
  await sealedStore(join(folder, 'a'), keystore, 'alice').write('notes', 'a secret')
  await sealedStore(join(folder, 'b'), keystore, 'bob').write('other', 'x')
  renameSync(join(folder, 'a', 'notes.sealed'), join(folder, 'b', 'notes.sealed'))
  expect(await sealedStore(join(folder, 'b'), keystore, 'bob').read('notes')).toBeUndefined()
})

test('writes at once leave the last one, whole, and nothing beside it', async () => {
  const folder = temporaryFolder()
  const store = sealedStore(folder, fakeKeystore(), 'alice')
  await Promise.all(Array.from({ length: 20 }, (_, index) => store.write('notes', `text ${index}`)))
  expect(await store.read('notes')).toBe('text 19')
  expect(readdirSync(folder)).toEqual(['notes.sealed'])
})

test('what comes after everything was removed is not kept', async () => {
  const folder = join(temporaryFolder(), 'of-alice')
  const store = sealedStore(folder, fakeKeystore(), 'alice')
  await store.write('notes', 'text')
  await Promise.all([store.clear(), store.write('notes', 'late')])
  expect(existsSync(folder)).toBe(false)
})

test('a write that fails leaves what was there', async () => {
  const [folder, inner] = [temporaryFolder(), fakeKeystore()]
  await sealedStore(folder, inner, 'alice').write('notes', 'before')
  const broken = { ...inner, seal: () => Promise.reject(new Error('locked')) }
  await expect(sealedStore(folder, broken, 'alice').write('notes', 'after')).rejects.toThrow('locked')
  expect(await sealedStore(folder, inner, 'alice').read('notes')).toBe('before')
  expect(readdirSync(folder)).toEqual(['notes.sealed'])
})

test.for(['', 'garbage', '{"owner":"alice","text":"in the clear"}'])('%j is no sealed file', async (bytes) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'notes.sealed'), bytes)
  expect(await sealedStore(folder, fakeKeystore(), 'alice').read('notes')).toBeUndefined()
})

test('what was seen is bounded: the oldest go first, and what is too long is not kept', async () => {
  const store = memoryStore()
  const seen = createAnswerCache({ store, end: END })
  for (let index = 0; index < 250; index++) seen.put(`k${index}`, { index }, index)
  seen.put('long', 'x'.repeat(600_000), 1)
  await seen.flush()
  const next = createAnswerCache({ store, end: END })
  expect(await next.get('k49')).toBeUndefined()
  expect(await next.get('k50')).toEqual({ value: { index: 50 }, at: 50 })
  expect(await next.get('k249')).toEqual({ value: { index: 249 }, at: 249 })
  expect(await next.get('long')).toBeUndefined()
  for (let index = 0; index < 10; index++) next.put(`l${index}`, 'x'.repeat(400_000), index)
  expect(await next.get('k249')).toBeUndefined()
  expect(await next.get('l9')).toBeDefined()
})

test('what was seen is written by itself, and never after the end', async () => {
  const store = memoryStore()
  const seen = createAnswerCache({ store, end: END })
  seen.put('k', 1, 1)
  await expect.poll(() => store.read('seen'), WAIT).toContain('"k"')
  const end = new AbortController()
  const other = memoryStore()
  const late = createAnswerCache({ store: other, end: end.signal })
  late.put('k', 1, 1)
  end.abort()
  await late.flush()
  expect(await other.read('seen')).toBeUndefined()
})
