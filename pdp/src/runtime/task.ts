/**
 * Work that is written like an async function and runs without waiting as far as nothing has to be waited for. An async function takes several turns
 * of the microtask queue even where every value is at hand; a decision from memory would take some thirty.
 *
 * @module
 */
import type { Awaitable } from '../ports/awaitable.ts'

/** `function*` in the place of `async function`, and `yield*` in the place of `await`. Started by {@link run}, or by `yield*` in another task. */
export type Task<T> = Generator<Promise<unknown>, T, unknown>

/** `yield* wait(value)` is `await value`. */
export function* wait<T>(value: Awaitable<T>): Task<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}

/** Begins two things one after the other, and waits for both at the same time. Fails as soon as one of them does. */
export function* both<A, B>(one: () => Awaitable<A>, other: () => Awaitable<B>): Task<readonly [A, B]> {
  const a = one()
  // Thrown here, an error would leave the promise of the first without a handler.
  const b = a instanceof Promise ? attempt(other) : other()
  if (a instanceof Promise || b instanceof Promise) return (yield Promise.all([a, b])) as [A, B]
  return [a, b]
}

function attempt<T>(begin: () => Awaitable<T>): Awaitable<T> {
  try {
    return begin()
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * Runs a task to its end, or as far as it has nothing to wait for.
 *
 * @throws What the task throws before it waits; afterwards the promise rejects with it.
 */
export function run<T>(task: Task<T>): Awaitable<T> {
  const step = task.next()
  return step.done ? step.value : resume(task, step.value)
}

async function resume<T>(task: Task<T>, promise: Promise<unknown>): Promise<T> {
  let step = await settle(task, promise)
  while (!step.done) step = await settle(task, step.value)
  return step.value
}

/** Goes on with a task as the promise that it waits for was fulfilled, or rejected. */
const settle = <T>(task: Task<T>, promise: Promise<unknown>): Promise<IteratorResult<Promise<unknown>, T>> =>
  promise.then(
    (value) => task.next(value),
    (error: unknown) => task.throw(error),
  )
