import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Reconciler } from './reconcile.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a reconciler', () => {
  test('that is nudged again and again settles all the same', async () => {
    const reconcile = vi.fn(async () => 0)
    const reconciler = new Reconciler({ reconcile, isReachable: async () => true })
    for (let nudge = 0; nudge < 10; nudge += 1) {
      reconciler.schedule()
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(reconcile.mock.calls.length).toBeGreaterThanOrEqual(4)
    await reconciler.close()
  })

  test('that backs off is woken by a nudge', async () => {
    const reconcile = vi.fn(async () => 1)
    const reconciler = new Reconciler({ reconcile, isReachable: async () => true })
    reconciler.schedule()
    await vi.advanceTimersByTimeAsync(20_000)
    const before = reconcile.mock.calls.length
    reconciler.schedule()
    await vi.advanceTimersByTimeAsync(100)
    expect(reconcile.mock.calls.length).toBe(before + 1)
    await reconciler.close()
  })
})
