import { expect, test } from 'vitest'
import { both, run, type Task, wait } from './task.ts'

function* sum(...values: readonly (number | Promise<number>)[]): Task<number> {
  let total = 0
  for (const value of values) total += yield* wait(value)
  return total
}

test('returns a value, and no promise, where nothing has to be waited for', () => {
  expect(run(sum(1, 2))).toBe(3)
  expect(
    run(
      both(
        () => run(sum(1)),
        () => 2,
      ),
    ),
  ).toEqual([1, 2])
})

test('returns a promise where something has to be waited for', async () => {
  const result = run(sum(1, Promise.resolve(2), 3, Promise.resolve(4)))
  expect(result).toBeInstanceOf(Promise)
  expect(await result).toBe(10)
})

test('runs two things side by side', async () => {
  const order: string[] = []
  function* named(name: string, promise: Promise<void>): Task<string> {
    order.push(`${name} begins`)
    yield* wait(promise)
    order.push(`${name} ends`)
    return name
  }
  const late = Promise.withResolvers<void>()
  const result = run(
    both(
      () => run(named('one', late.promise)),
      () => run(named('other', Promise.resolve().then(late.resolve))),
    ),
  )
  expect(await result).toEqual(['one', 'other'])
  expect(order.slice(0, 2)).toEqual(['one begins', 'other begins'])
})

function* failing(before?: Promise<void>): Task<never> {
  if (before) yield* wait(before)
  throw new Error('fails')
}

test('throws before it waits, and rejects afterwards', async () => {
  expect(() => run(failing())).toThrow('fails')
  await expect(run(failing(Promise.resolve()))).rejects.toThrow('fails')
  const fail = () => run(failing())
  expect(() => run(both(() => 1, fail))).toThrow('fails')
  await expect(run(both(() => Promise.resolve(1), fail))).rejects.toThrow('fails')
  await expect(run(both(() => Promise.reject(new Error('earlier')), fail))).rejects.toThrow('earlier')
})

test('a task can catch what a promise rejects with', async () => {
  function* catching(): Task<string> {
    try {
      yield* wait(Promise.reject(new Error('rejected')))
      return 'not rejected'
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(await run(catching())).toBe('rejected')
})
