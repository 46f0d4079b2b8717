import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { interruption } from './interruption.ts'

test.for([
  ['the first asks', [0], ['first']],
  ['its echo through npm is no second', [0, 3], ['first']],
  ['a person who presses again means it', [0, 3, 900], ['first', 'second']],
  ['SIGTERM counts as well', [0, 2_000], ['first', 'second']],
  ['and so does the end of the terminal', [0, 3, 900], ['first', 'second'], ['SIGHUP']],
] as const)('%s', ([, times, heard, names = ['SIGINT', 'SIGTERM']]) => {
  const signals = new EventEmitter()
  const calls: string[] = []
  let now = 0
  const aborted = interruption({
    signals,
    clock: () => now,
    onFirst: () => calls.push('first'),
    onSecond: () => calls.push('second'),
  })
  expect(aborted.aborted).toBe(false)
  for (const [index, time] of times.entries()) {
    now = time
    signals.emit(names[index % names.length] ?? '')
  }
  expect({ calls, aborted: aborted.aborted }).toEqual({ calls: heard, aborted: true })
})
