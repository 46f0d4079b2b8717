import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

function recorder(isTTY: boolean): { text: string; readonly isTTY: boolean; write(text: string): void } {
  return {
    text: '',
    isTTY,
    write(text) {
      this.text += text
    },
  }
}

/** 0, 1,500, 3,000 … */
function steadyClock(): () => number {
  let now = -1_500
  return () => {
    now += 1_500
    return now
  }
}

test('without a terminal: one plain line a step, with its time, and remarks as they come', async () => {
  const output = recorder(false)
  const { step } = createProgress(output, steadyClock())
  expect(await step('OpenFGA', (remark) => Promise.resolve(remark('building')))).toBeUndefined()
  expect(output.text).toBe(`  OpenFGA: building\nok   ${'OpenFGA'.padEnd(44)} 1.5 s\n`)
})

test('a step that fails says so, and its error goes on', async () => {
  const output = recorder(false)
  const { step } = createProgress(output, steadyClock())
  await expect(step('Keycloak', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(output.text).toBe(`FAIL ${'Keycloak'.padEnd(44)} 1.5 s\n`)
})

test('on a terminal the steps under way stay in the last line', async () => {
  const output = recorder(true)
  const { step } = createProgress(output, steadyClock())
  const slow = Promise.withResolvers<void>()
  const both = [step('slow', () => slow.promise), step('quick', () => Promise.resolve())]
  await both[1]
  expect(output.text.endsWith('… slow')).toBe(true)
  slow.resolve()
  await Promise.all(both)
  expect(output.text.endsWith('3.0 s\n') || output.text.endsWith('4.5 s\n')).toBe(true)
})
