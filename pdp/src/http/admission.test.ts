import { Fault } from '@mandate/protocol'
import { expect, test, vi } from 'vitest'
import { Admission, type AdmissionOptions, type Arriving, type Leave } from './admission.ts'

/** An admission whose clock the test sets, and what was let in, in order. */
function admitting(options: Partial<AdmissionOptions> = {}) {
  let now = 1_000
  const admission = new Admission({
    width: 2,
    widthOfOne: 2,
    mostWaiting: 100,
    mostWaitMs: 1_000,
    now: () => now,
    ...options,
  })
  const begun: string[] = []
  const refused: string[] = []
  const leaves = new Map<string, Leave>()
  const begin = (name: string, leave: Leave): void => {
    begun.push(name)
    leaves.set(name, leave)
  }
  const enter = (name: string, arriving: Partial<Arriving> = {}): void => {
    const given: Arriving = { caller: name.slice(0, 1), deadline: undefined, isGone: () => false, ...arriving }
    try {
      const entered = admission.enter(given)
      if (entered instanceof Promise)
        entered.then(
          (leave) => begin(name, leave),
          () => refused.push(name),
        )
      else begin(name, entered)
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many_requests' })
      refused.push(name)
    }
  }
  const leave = async (name: string): Promise<void> => {
    leaves.get(name)?.()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  const later = (ms: number): void => {
    now += ms
  }
  return { admission, begun, refused, enter, leave, later }
}

test('as many as there are places are let in without waiting', () => {
  const { begun, enter, admission } = admitting()
  for (const name of ['a1', 'a2', 'a3']) enter(name)
  expect([begun, admission.waiting]).toEqual([['a1', 'a2'], 1])
})

test('one caller never has all places', () => {
  const { begun, enter } = admitting({ widthOfOne: 1 })
  for (const name of ['a1', 'a2', 'a3', 'b1']) enter(name)
  expect(begun).toEqual(['a1', 'b1'])
})

test('who comes after a flood is next, not last', async () => {
  const { begun, enter, leave } = admitting()
  for (let at = 1; at <= 50; at += 1) enter(`a${at}`)
  enter('b1')
  await leave('a1')
  await leave('a2')
  expect(begun.slice(2)).toEqual(['a3', 'b1'])
})

test('a caller’s own requests keep their order', async () => {
  const { begun, enter, leave } = admitting({ width: 1 })
  for (const name of ['a1', 'a2', 'a3']) enter(name)
  await leave('a1')
  enter('a4')
  for (const name of ['a2', 'a3']) await leave(name)
  expect(begun).toEqual(['a1', 'a2', 'a3', 'a4'])
})

test('a full queue makes place for another caller: the flood’s newest is refused', async () => {
  const { refused, enter, admission } = admitting({ width: 1, mostWaiting: 3 })
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1']) enter(name)
  await expect.poll(() => refused).toEqual(['a4'])
  expect(admission.waiting).toBe(3)
})

test('a request that cannot be decided before its deadline is refused when it arrives, with the time to wait', async () => {
  const { admission, enter, leave, later } = admitting({ width: 1, mostWaitMs: 60_000 })
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) enter(name)
  for (const name of ['a1', 'a2', 'a3']) {
    later(1_000)
    await leave(name)
  }
  // Two wait, and each takes a second.
  const soon = { caller: 'a', deadline: 4_000 + 2_000, isGone: () => false }
  let fault: unknown
  try {
    await admission.enter(soon)
  } catch (error) {
    fault = error
  }
  expect(fault).toBeInstanceOf(Fault)
  expect(fault).toMatchObject({ code: 'too_many_requests', members: { retry_after: 3 } })
  expect(admission.enter({ ...soon, deadline: 4_000 + 4_000 })).toBeInstanceOf(Promise)
})

test('one caller’s slowness refuses nobody else', async () => {
  const { refused, enter, leave, later, begun } = admitting({ width: 1, mostWaitMs: 60_000 })
  for (const name of ['a1', 'a2', 'a3', 'a4']) enter(name)
  for (const name of ['a1', 'a2']) {
    later(10_000)
    await leave(name)
  }
  enter('b1', { deadline: 21_100 })
  for (const name of ['a3', 'a4']) await leave(name)
  expect([begun.at(-1), refused]).toEqual(['b1', []])
})

test('whose deadline passed, or who has gone, is not decided', async () => {
  const { begun, refused, enter, leave, later } = admitting({ width: 1 })
  let isGone = false
  enter('a1')
  enter('a2', { deadline: 1_500 })
  enter('a3', { isGone: () => isGone })
  enter('a4')
  isGone = true
  later(600)
  await leave('a1')
  expect([begun, refused]).toEqual([
    ['a1', 'a4'],
    ['a2', 'a3'],
  ])
})

test('a request whose deadline passes is refused while every place stays taken', () => {
  vi.useFakeTimers()
  try {
    const { admission, enter, later } = admitting({ width: 1 })
    enter('a1')
    enter('b1', { deadline: 1_100 })
    expect(admission.waiting).toBe(1)
    later(101)
    vi.advanceTimersByTime(50)
    expect([admission.waiting, vi.getTimerCount()]).toEqual([0, 0])
  } finally {
    vi.useRealTimers()
  }
})

test('leaving twice frees one place', async () => {
  const { begun, enter, leave } = admitting({ width: 1 })
  for (const name of ['a1', 'a2', 'a3']) enter(name)
  await leave('a1')
  await leave('a1')
  expect(begun).toEqual(['a1', 'a2'])
})
