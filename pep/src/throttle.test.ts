import { expect, test } from 'vitest'
import { RetryBudget } from './retry-budget.ts'
import { spreadSeconds, Throttle } from './throttle.ts'

/** Asks so often of a PDP that accepts the first `capacity` questions. @returns how many were sent. */
function send(throttle: Throttle, questions: number, capacity: number): number {
  let sent = 0
  for (let at = 0; at < questions; at += 1) {
    if (!throttle.isLetThrough()) continue
    sent += 1
    if (sent <= capacity) throttle.accepted()
    else throttle.refused()
  }
  return sent
}

function throttling() {
  let [now, seed] = [0, 1]
  // Park and Miller's generator: the same numbers in each run.
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const later = (ms: number): void => {
    now += ms
  }
  return { throttle: new Throttle({ now: () => now, random }), later }
}

test('a PDP that accepts everything is sent everything', () => {
  expect(send(throttling().throttle, 10_000, 10_000)).toBe(10_000)
})

test('a PDP that is asked ten times what it accepts is sent about twice that', () => {
  const { throttle, later } = throttling()
  send(throttle, 1_000, 100)
  for (let window = 0; window < 3; window += 1) {
    later(2_000)
    const sent = send(throttle, 1_000, 100)
    expect(sent).toBeGreaterThanOrEqual(150)
    expect(sent).toBeLessThan(350)
  }
})

test('a PDP that accepts nothing is still asked now and then', () => {
  const { throttle, later } = throttling()
  let sent = 0
  for (let window = 0; window < 10; window += 1) {
    later(2_000)
    sent += send(throttle, 1_000, 0)
  }
  expect(sent).toBeGreaterThan(10)
  expect(sent).toBeLessThan(1_000)
})

test('a few refusals change nothing, and refusals of long ago are forgotten', () => {
  const { throttle, later } = throttling()
  expect(send(throttle, 20, 0)).toBe(20)
  send(throttle, 1_000, 0)
  later(4_000)
  expect(send(throttle, 1_000, 1_000)).toBe(1_000)
})

test('times to wait are spread, and never shorter than what the PDP said', () => {
  expect([spreadSeconds(1, () => 0), spreadSeconds(1, () => 0.99)]).toEqual([1, 2])
  expect([spreadSeconds(5, () => 0), spreadSeconds(5, () => 0.99)]).toEqual([5, 10])
  const seen = new Set(Array.from({ length: 200 }, () => spreadSeconds(3)))
  expect(seen).toEqual(new Set([3, 4, 5, 6]))
})

test('further attempts are a tenth of the first ones, beyond a reserve', () => {
  const budget = new RetryBudget()
  const retried = (questions: number): number => {
    let taken = 0
    for (let at = 0; at < questions; at += 1) {
      budget.asked()
      if (budget.take()) taken += 1
    }
    return taken
  }
  // The reserve, for what is under way when a PDP ends.
  expect(retried(64)).toBe(64)
  retried(1_000)
  const taken = retried(1_000)
  expect(taken).toBeGreaterThanOrEqual(99)
  expect(taken).toBeLessThanOrEqual(101)
})
