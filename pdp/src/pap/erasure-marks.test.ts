import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ErasuresApplied } from '../ports/stores.ts'
import { finishEarlierChanges, type Pap } from './open.ts'
import type { ReapplyDeps } from './reapply.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('marks where a start after a crash begins to read the log, every minute until the PDP closes', async () => {
  const marks: number[] = []
  let applied: ErasuresApplied | undefined
  const log = {
    sequenced: 3,
    archived: async () => 0,
    read: vi.fn(async (index: number) => [{ index, bytes: Buffer.from(`entry ${index}`) }]),
  }
  const people = {
    dropNoticesExcept: async () => false,
    erasuresApplied: async () => applied,
    setErasuresApplied: async (mark: ErasuresApplied) => {
      applied = mark
      marks.push(mark.next)
    },
  }
  const pap = { deps: { people, forgetters: [] }, reconciler: { run: async () => undefined } } as unknown as Pap
  const start = (closing: AsyncDisposableStack): Promise<void> =>
    finishEarlierChanges(
      pap,
      { log, people, clock: Date.now } as unknown as ReapplyDeps,
      pino({ level: 'silent' }),
      closing,
    )

  const first = new AsyncDisposableStack()
  await start(first)
  log.sequenced = 1_000
  await vi.advanceTimersByTimeAsync(60_000)
  expect(marks).toEqual([3, 1_000])
  await first.disposeAsync()
  log.sequenced = 1_002
  await vi.advanceTimersByTimeAsync(120_000)
  expect(marks).toEqual([3, 1_000, 1_000])

  log.read.mockClear()
  await using next = new AsyncDisposableStack()
  await start(next)
  const read = log.read.mock.calls.map(([index]) => index)
  expect(Math.min(...read)).toBe(999)
})
