import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Settler } from './settle.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a settler', () => {
  test('that is nudged again and again settles all the same', async () => {
    const settle = vi.fn(async () => 0)
    const settler = new Settler({ settle, isReachable: async () => true })
    for (let nudge = 0; nudge < 10; nudge += 1) {
      settler.nudge()
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(settle.mock.calls.length).toBeGreaterThanOrEqual(4)
    await settler.close()
  })

  test('that backs off is woken by a nudge', async () => {
    const settle = vi.fn(async () => 1)
    const settler = new Settler({ settle, isReachable: async () => true })
    settler.nudge()
    await vi.advanceTimersByTimeAsync(20_000)
    const before = settle.mock.calls.length
    settler.nudge()
    await vi.advanceTimersByTimeAsync(100)
    expect(settle.mock.calls.length).toBe(before + 1)
    await settler.close()
  })
})
