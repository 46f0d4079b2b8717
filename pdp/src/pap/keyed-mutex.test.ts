import { expect, test } from 'vitest'
import { KeyedMutex } from './keyed-mutex.ts'

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('changes of one thing go one after another, in the order they came', async () => {
  const mutex = new KeyedMutex()
  const seen: string[] = []
  const change = (name: string) =>
    mutex.run('a', async () => {
      seen.push(`${name} begins`)
      await soon()
      seen.push(`${name} ends`)
      return name
    })
  expect(await Promise.all([change('one'), change('two')])).toEqual(['one', 'two'])
  expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
})

test('changes of different things wait for nobody', async () => {
  const mutex = new KeyedMutex()
  let release = (): void => undefined
  const held = mutex.run(
    'a',
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  expect(await mutex.run('b', () => Promise.resolve('done'))).toBe('done')
  release()
  await held
})

test('a change that fails lets the next one go', async () => {
  const mutex = new KeyedMutex()
  const failed = mutex.run('a', () => Promise.reject(new Error('no')))
  const next = mutex.run('a', () => Promise.resolve('done'))
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('done')
})

test('what is urgent comes next, in the order it came', async () => {
  const mutex = new KeyedMutex()
  const seen: string[] = []
  const change = (name: string, urgency?: 'first') =>
    mutex.run(
      'a',
      async () => {
        await soon()
        seen.push(name)
      },
      urgency,
    )
  await Promise.all([change('1'), change('2'), change('3'), change('revoke 1', 'first'), change('revoke 2', 'first')])
  expect(seen).toEqual(['1', 'revoke 1', 'revoke 2', '2', '3'])
})

test('takes turns of several things, in whatever way each ends', async () => {
  const mutex = new KeyedMutex()
  const failed = mutex.runAll(['a', 'b'], () => Promise.reject(new Error('no')))
  const next = mutex.runAll(['a', 'b'], () => Promise.resolve('done'))
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('done')
})
