import { expect, test } from 'vitest'
import { LeaseHeld } from '../ports/leases.ts'
import { NarrowingQueue } from './narrowing-queue.ts'
import { narrowing } from './pap.ts'

const KEY = { what: 'grant 1', turn: 'grant 1' }

/** A database that fails so many times before it can be written, and the steps of a change on it. */
function change(failures: number, isShared = false) {
  let left = failures
  const steps: string[] = []
  const narrowings = new NarrowingQueue()
  const unfinished = (): void => void steps.push('schedule')
  const propose = async (): Promise<void> => {
    steps.push('propose')
    if (left-- > 0) throw new Error('database is locked')
  }
  const task = async (retry: () => Promise<void>): Promise<string> => {
    steps.push('carry out')
    await retry()
    steps.push('complete')
    return 'done'
  }
  return { steps, narrowings, run: () => narrowing({ narrowings, unfinished, isShared }, KEY, propose, task) }
}

test('a change that is pending in the database is carried out and completed', async () => {
  const { steps, narrowings, run } = change(0)
  expect(await run()).toBe('done')
  expect(steps).toEqual(['propose', 'carry out', 'complete'])
  expect(narrowings.has(KEY.what)).toBe(false)
})

test('a database that can be written again by the end: the change is made pending, then completed', async () => {
  const { steps, narrowings, run } = change(1)
  expect(await run()).toBe('done')
  expect(steps).toEqual(['propose', 'carry out', 'propose', 'complete'])
  expect(narrowings.has(KEY.what)).toBe(false)
})

test('a database that cannot be written at all: the change is carried out, queued, and completed later', async () => {
  const { steps, narrowings, run } = change(2)
  await expect(run()).rejects.toThrow('database is locked')
  expect(steps).toEqual(['propose', 'carry out', 'propose', 'schedule'])
  expect(narrowings.has(KEY.what)).toBe(true)
  await narrowings.finish(KEY.what)
  expect(steps.slice(4)).toEqual(['propose', 'carry out', 'complete'])
})

test('a change that another PDP carries out is refused, and not queued', async () => {
  const narrowings = new NarrowingQueue()
  const held = (): Promise<void> => Promise.reject(new LeaseHeld('end', '1'))
  const never = (): Promise<never> => expect.unreachable()
  const refused = narrowing({ narrowings, unfinished: () => undefined, isShared: false }, KEY, held, never)
  await expect(refused).rejects.toThrow(LeaseHeld)
  expect(narrowings.has(KEY.what)).toBe(false)
})

test('a shared database that cannot be written: the change is refused, since other PDPs would not know of it', async () => {
  const { steps, narrowings, run } = change(1, true)
  await expect(run()).rejects.toThrow('database is locked')
  expect(steps).toEqual(['propose'])
  expect(narrowings.has(KEY.what)).toBe(false)
})
