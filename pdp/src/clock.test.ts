import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClock } from './clock.ts'

test('it never runs backwards, and never before its floor', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(), { minLength: 1 }), (floor, instants) => {
      const machine = instants[Symbol.iterator]()
      const clock = createClock(
        floor,
        () => undefined,
        () => machine.next().value ?? 0,
      )
      let latest = floor
      for (const instant of instants) {
        const now = clock()
        expect(now).toBe(Math.max(latest, instant))
        latest = now
      }
    }),
  )
})

test('a jump is told once, with how far it went', () => {
  const jumps: number[] = []
  let machine = 1_000
  const clock = createClock(
    0,
    (behindMs) => jumps.push(behindMs),
    () => machine,
  )
  clock()
  machine = 400
  expect([clock(), clock()]).toEqual([1_000, 1_000])
  machine = 1_001
  expect(clock()).toBe(1_001)
  machine = 1_000
  clock()
  expect(jumps).toEqual([600, 1])
})
