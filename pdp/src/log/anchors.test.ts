import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Post } from '../runtime/outgoing.ts'
import { createAnchors } from './anchors.ts'

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-anchor-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const note = (size: number): string => `log.example\n${size}\nroot\n\n— log.example sig\n`
const taken: Post = () => Promise.resolve({ status: 204, type: '', body: '' })

test('a file gets every checkpoint, in order, also over a restart, kept to its owner', async () => {
  const file = join(await aFolder(), 'anchor')
  for (const sizes of [[1, 2], [3]]) {
    const anchors = createAnchors({ file, post: taken, onFault: () => undefined })
    for (const size of sizes) anchors.add(note(size))
    await anchors.close()
  }
  expect(await readFile(file, 'utf8')).toBe([1, 2, 3].map((size) => `${note(size)}\n`).join(''))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('one that is down holds nobody up, is told of once, and gets what it missed', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const got: string[] = []
  const faults: unknown[] = []
  let isDown = true
  const post: Post = (_url, body) => {
    if (isDown) return Promise.reject(new Error('refused'))
    got.push(body)
    return taken('', '', 0)
  }
  const anchors = createAnchors({ url: 'https://anchor.example/', post, onFault: (fault) => faults.push(fault) })
  for (const size of [1, 2, 3]) anchors.add(note(size))
  await vi.advanceTimersByTimeAsync(11_000)
  expect([got, faults.length]).toEqual([[], 1])
  isDown = false
  await vi.advanceTimersByTimeAsync(5_000)
  expect(got).toEqual([1, 2, 3].map(note))
})

test('one that stays down costs bounded memory: the oldest go first', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const got: string[] = []
  let isDown = true
  const post: Post = (_url, body) => {
    got.push(body)
    return isDown ? Promise.resolve({ status: 503, type: '', body: '' }) : taken('', '', 0)
  }
  const anchors = createAnchors({ url: 'https://anchor.example/', post, onFault: () => undefined })
  for (let size = 0; size < 2_500; size += 1) anchors.add(note(size))
  await vi.advanceTimersByTimeAsync(1_000)
  got.length = 0
  isDown = false
  await vi.advanceTimersByTimeAsync(5_000)
  expect([got.length, got[0], got.at(-1)]).toEqual([1_000, note(1_500), note(2_499)])
})
