import { runWithDeadline } from '@mandate/service'
import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

const WAITS_MS = 1_000
let now: number
const paceOf = (): Pace => {
  now = 0
  return new Pace(() => now)
}

/** So many decisions that took so long. */
const took = (pace: Pace, caller: string, decisions: number, ms: number) =>
  pace.timed(caller, decisions, async () => {
    now += ms
    return []
  })

const fits = (pace: Pace, caller: string, decisions: number): boolean => {
  try {
    runWithDeadline(performance.now() + WAITS_MS, () => pace.requireTimeFor(caller, decisions))
    return true
  } catch {
    return false
  }
}

test('what cannot be done in the time that is left is refused', async () => {
  const pace = paceOf()
  expect(fits(pace, 'user:p_a', 1_000)).toBe(true)
  for (let round = 0; round < 20; round += 1) await took(pace, 'user:p_a', 16, 160)
  expect([fits(pace, 'user:p_a', 1_000), fits(pace, 'user:p_a', 50)]).toEqual([false, true])
})

test('one caller’s slow batches refuse nobody else’s', async () => {
  const pace = paceOf()
  for (let round = 0; round < 20; round += 1) await took(pace, 'user:p_a', 16, 160)
  expect([fits(pace, 'user:p_a', 1_000), fits(pace, 'service:trips', 1_000)]).toEqual([false, true])
})

test('a slow moment is forgotten, though what is refused measures nothing', async () => {
  const pace = paceOf()
  for (let round = 0; round < 20; round += 1) await took(pace, 'user:p_a', 16, 1_600)
  expect(fits(pace, 'user:p_a', 100)).toBe(false)
  now += 5_000
  expect(fits(pace, 'user:p_a', 100)).toBe(true)
})
