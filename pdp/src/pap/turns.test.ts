import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('changes of one thing go one after another, in the order they came', async () => {
  const turns = new Turns()
  const seen: string[] = []
  const change = (name: string) =>
    turns.take('a', async () => {
      seen.push(`${name} begins`)
      await soon()
      seen.push(`${name} ends`)
      return name
    })
  expect(await Promise.all([change('one'), change('two')])).toEqual(['one', 'two'])
  expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
})

test('changes of different things wait for nobody', async () => {
  const turns = new Turns()
  let release = (): void => undefined
  const held = turns.take(
    'a',
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  expect(await turns.take('b', () => Promise.resolve('done'))).toBe('done')
  release()
  await held
})

test('a change that fails lets the next one go', async () => {
  const turns = new Turns()
  const failed = turns.take('a', () => Promise.reject(new Error('no')))
  const next = turns.take('a', () => Promise.resolve('done'))
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('done')
})
