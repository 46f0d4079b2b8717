import { setImmediate } from 'node:timers/promises'
import { Fault } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { callersDeadline, currentLeftMs, leftMs, runWithDeadline, sooner } from './deadline.ts'

describe('the header', () => {
  test('counts from when the request arrived', () => {
    expect(callersDeadline('250', 1_000)).toBe(1_250)
    expect(callersDeadline('999999', 0)).toBe(999_999)
    expect(callersDeadline(undefined)).toBeUndefined()
  })

  test.for(['', '0', '01', '-1', '1.5', '1e3', ' 1', '1000000', '1, 2', 'soon'])('"%s" is refused', (header) => {
    expect(() => callersDeadline(header)).toThrow(expect.objectContaining({ name: 'Fault', code: 'invalid_request' }))
    expect(() => callersDeadline(header)).toThrow(Fault)
  })
})

test('a caller can only shorten the time that the service takes', () => {
  const now = performance.now()
  expect(sooner(1_000, undefined)).toMatchObject({ byCaller: false })
  expect(sooner(1_000, now + 600_000)).toMatchObject({ byCaller: false })
  expect(sooner(600_000, now + 1_000)).toEqual({ at: now + 1_000, byCaller: true })
})

test('what is left is a whole number of milliseconds, and never negative', () => {
  expect(leftMs({ at: 0 })).toBe(0)
  const left = leftMs({ at: performance.now() + 600_000 })
  expect(Number.isInteger(left)).toBe(true)
  expect(left).toBeGreaterThan(0)
})

test('the current deadline holds in everything that the work starts, and nowhere else', async () => {
  expect(currentLeftMs()).toBeUndefined()
  const inner = runWithDeadline(performance.now() + 600_000, async () => {
    await setImmediate()
    return [currentLeftMs(), runWithDeadline(0, currentLeftMs)] as const
  })
  expect(currentLeftMs()).toBeUndefined()
  const [left, none] = await inner
  expect(left).toBeGreaterThan(0)
  expect(none).toBe(0)
})
