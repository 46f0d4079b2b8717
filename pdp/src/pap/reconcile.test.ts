import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Reconciler } from './reconcile.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a reconciler', () => {
  test('that is nudged again and again settles all the same', async () => {
    const reconcile = vi.fn(async () => 0)
    const reconciler = new Reconciler({ reconcile, isReachable: async () => true, onFault: () => {} })
    for (let nudge = 0; nudge < 10; nudge += 1) {
      reconciler.schedule()
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(reconcile.mock.calls.length).toBeGreaterThanOrEqual(4)
    await reconciler.close()
  })

  test('that backs off is woken by a nudge', async () => {
    const reconcile = vi.fn(async () => 1)
    const reconciler = new Reconciler({ reconcile, isReachable: async () => true, onFault: () => {} })
    reconciler.schedule()
    await vi.advanceTimersByTimeAsync(20_000)
    const before = reconcile.mock.calls.length
    reconciler.schedule()
    await vi.advanceTimersByTimeAsync(100)
    expect(reconcile.mock.calls.length).toBe(before + 1)
    await reconciler.close()
  })

  test.for(['reconcile', 'isReachable'] as const)('goes on after a failure of %s', async (failing) => {
    const onFault = vi.fn()
    const reconcile = vi.fn(async () => 0)
    const isReachable = vi.fn(async () => true)
    const broken = new Error('the database cannot be read')
    if (failing === 'reconcile') reconcile.mockRejectedValueOnce(broken)
    else isReachable.mockRejectedValueOnce(broken)
    const reconciler = new Reconciler({ reconcile, isReachable, onFault })
    reconciler.schedule()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(onFault.mock.calls).toEqual([[broken]])
    expect(reconcile).toHaveBeenCalled()
    expect(await reconcile.mock.results.at(-1)?.value).toBe(0)
    await reconciler.close()
  })
})
