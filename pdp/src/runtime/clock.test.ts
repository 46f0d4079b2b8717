import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ABSENCE_MS, createClock, JUMP_MS } from './clock.ts'

const BEGUN = Date.parse('2026-11-27T12:00:00Z')
const DAY_MS = 86_400_000

/** A machine whose clock, and what passes, a test moves apart. */
function aMachine(begun = BEGUN) {
  let wall = begun
  let elapsed = 1_000
  let asleep = 5_000
  return {
    now: () => wall,
    elapsed: () => elapsed,
    asleep: () => asleep,
    pass: (ms: number) => {
      wall += ms
      elapsed += ms
    },
    jump: (ms: number) => {
      wall += ms
    },
    sleep: (ms: number) => {
      wall += ms
      asleep += ms
    },
  }
}

function aClock(floor: number | undefined = BEGUN, machine = aMachine()) {
  const behind: number[] = []
  const jumps: number[] = []
  const watched = createClock({
    floor,
    machine,
    onBehind: (ms) => void behind.push(ms),
    onJump: (ms) => void jumps.push(ms),
  })
  return { ...watched, machine, behind, jumps }
}

const CANNOT_BE = { code: 'clock_unavailable' }

test('it never runs backwards, and never before its floor', () => {
  const steps = fc.array(fc.integer({ min: -JUMP_MS / 2, max: JUMP_MS / 2 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.nat(JUMP_MS), steps, (ahead, jumps) => {
      const { clock, machine } = aClock(BEGUN + ahead)
      let latest = BEGUN + ahead
      for (const jump of jumps) {
        machine.jump(jump)
        const now = clock()
        expect(now).toBe(Math.max(latest, machine.now()))
        latest = now
      }
    }),
  )
})

test('a small step back is told once, with how far it went, and waited for', () => {
  const { clock, machine, behind } = aClock()
  machine.pass(1_000)
  clock()
  machine.jump(-600)
  expect([clock(), clock()]).toEqual([BEGUN + 1_000, BEGUN + 1_000])
  machine.pass(601)
  expect(clock()).toBe(BEGUN + 1_001)
  machine.jump(-1)
  clock()
  expect(behind).toEqual([600, 1])
})

test.for([
  ['400 days ahead', 400 * DAY_MS],
  ['10 years ahead', 3_653 * DAY_MS],
  ['just more than the bound ahead', JUMP_MS + 1],
  ['just more than the bound behind', -JUMP_MS - 1],
  ['20 years behind', -7_305 * DAY_MS],
] as const)('a jump to %s is a fault for as long as it lasts, told once, and nothing of it stays', ([, by]) => {
  const { clock, isTrusted, machine, jumps } = aClock()
  clock()
  machine.jump(by)
  machine.pass(2_000)
  for (const read of [clock, clock]) expect(read).toThrow(expect.objectContaining(CANNOT_BE))
  expect([isTrusted(), jumps]).toEqual([false, [by]])
  machine.jump(-by)
  machine.pass(2_000)
  expect(clock()).toBe(BEGUN + 4_000)
  expect(isTrusted()).toBe(true)
})

test.for([
  ['a step of the bound', (machine: ReturnType<typeof aMachine>) => machine.jump(JUMP_MS)],
  ['a year without a question', (machine: ReturnType<typeof aMachine>) => machine.pass(365 * DAY_MS)],
  ['a night asleep', (machine: ReturnType<typeof aMachine>) => machine.sleep(DAY_MS / 3)],
] as const)('%s is no jump', ([, move]) => {
  const { clock, machine } = aClock()
  clock()
  move(machine)
  expect(clock()).toBe(machine.now())
})

test('a night asleep explains no jump in the morning', () => {
  const { clock, machine } = aClock()
  machine.sleep(DAY_MS)
  clock()
  machine.jump(DAY_MS)
  expect(clock).toThrow(expect.objectContaining(CANNOT_BE))
})

test.for([
  ['before the newest entry', BEGUN + JUMP_MS + 1],
  ['ten years before the newest entry', BEGUN + 3_653 * DAY_MS],
  ['400 days after the newest entry', BEGUN - 400 * DAY_MS],
] as const)('a start %s is refused, with what to do', ([, floor]) => {
  expect(() => aClock(floor)).toThrow(
    expect.objectContaining({ ...CANNOT_BE, message: expect.stringContaining('accept-clock') }),
  )
})

test('a start within the bounds, or on an empty log, is believed', () => {
  for (const floor of [BEGUN + JUMP_MS, BEGUN - ABSENCE_MS]) expect(aClock(floor).clock()).toBe(Math.max(floor, BEGUN))
  const empty = createClock({
    floor: undefined,
    machine: aMachine(),
    onBehind: () => undefined,
    onJump: () => undefined,
  })
  expect(empty.clock()).toBe(BEGUN)
})
