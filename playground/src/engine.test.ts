/**
 * The bounds of plays: a thread that hangs or grows is ended, and the next play is answered by a new one.
 */
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { CheckAnswer, Texts } from './api.ts'
import { createPlayEngine } from './engine.ts'

const texts: Texts = { 'model.fga': '', 'manifest.yaml': '', 'cases.yaml': '', 'facts.yaml': '' }
const question = { subject: 'a', action: 'b', what: 'c', with: {}, with_subject: {}, with_action: {} }

function start(limitMs: number) {
  const entry = new URL('./hung.fixture.ts', import.meta.url)
  const engine = createPlayEngine({ frame: { name: 'a', core: '' }, limitMs, heapMb: 64, entry })
  onTestFinished(() => engine.close())
  return engine
}

test('a play without an end is stopped with the plays beside it; the next one is answered', async () => {
  const engine = start(1_000)
  const [endless, beside] = await Promise.allSettled([
    engine.run({ kind: 'case', texts, index: 0 }),
    engine.run({ kind: 'check', texts }),
  ])
  expect(endless).toMatchObject({ status: 'rejected', reason: { message: 'stopped: it took longer than 1 s' } })
  expect(beside).toMatchObject({ status: 'rejected' })
  const { mistakes: [folder] = [] } = (await engine.run({ kind: 'check', texts })) as CheckAnswer
  expect(existsSync(folder?.message ?? '')).toBe(true)
  await engine.close()
  expect(existsSync(folder?.message ?? '')).toBe(false)
})

test('a play that needs too much memory ends its thread, not this process', async () => {
  const engine = start(25_000)
  await expect(engine.run({ kind: 'ask', texts, question })).rejects.toThrow('it needed more than 64 MB of memory')
  expect(await engine.run({ kind: 'check', texts })).toMatchObject({ mistakes: [{ line: 1 }] })
})
