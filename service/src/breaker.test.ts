import { expect, test } from 'vitest'
import { Breaker } from './breaker.ts'

/** A breaker that opens after two failures for 1,000 ms, and its clock. */
function breaker() {
  const clock = { now: 0 }
  return { clock, breaker: new Breaker({ threshold: 2, openMs: 1_000, now: () => clock.now }) }
}

test('opens after so many failures in a row, and says for how long', () => {
  const { clock, breaker: it } = breaker()
  it.failed()
  it.succeeded()
  it.failed()
  expect(it.enter()).toBe(0)
  it.failed()
  expect(it.enter()).toBe(1_000)
  clock.now = 400
  expect(it.enter()).toBe(600)
})

test('lets one call through when its time is over: a failure opens it again, a success closes it', () => {
  const { clock, breaker: it } = breaker()
  it.failed()
  it.failed()
  clock.now = 1_000
  expect(it.enter()).toBe(0)
  expect(it.enter()).toBe(1_000)
  it.failed()
  expect(it.enter()).toBe(1_000)
  clock.now = 2_000
  expect(it.enter()).toBe(0)
  it.succeeded()
  expect([it.enter(), it.enter()]).toEqual([0, 0])
})

test('a call of which nothing was learnt makes room for the next one', () => {
  const { clock, breaker: it } = breaker()
  it.failed()
  it.failed()
  clock.now = 1_000
  it.enter()
  it.unclear()
  expect(it.enter()).toBe(0)
})

test('looking does not let a call through, and says when one more failure would open it', () => {
  const { clock, breaker: it } = breaker()
  expect([it.openForMs(), it.isAboutToOpen]).toEqual([0, false])
  it.failed()
  expect([it.openForMs(), it.isAboutToOpen]).toEqual([0, true])
  it.failed()
  expect(it.openForMs()).toBe(1_000)
  clock.now = 1_000
  expect([it.openForMs(), it.openForMs(), it.enter(), it.openForMs()]).toEqual([0, 0, 0, 1_000])
  it.succeeded()
  expect([it.openForMs(), it.isAboutToOpen]).toEqual([0, false])
})
