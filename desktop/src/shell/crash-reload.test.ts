import { EventEmitter } from 'node:events'
import type { WebContents } from 'electron'
import { expect, test, vi } from 'vitest'
import { reloadAfterCrash } from './crash-reload.ts'

function aWindow() {
  const contents = new EventEmitter()
  const [reload, giveUp] = [vi.fn(), vi.fn()]
  let at = 1_000_000
  reloadAfterCrash(contents as unknown as WebContents, { reload, giveUp, now: () => at })
  return {
    die: (reason = 'crashed') => contents.emit('render-process-gone', {}, { reason, exitCode: 1 }),
    pass: (ms: number) => {
      at += ms
    },
    outcome: () => [reload.mock.calls.length, giveUp.mock.calls.length],
  }
}

test.for(['crashed', 'oom', 'killed', 'launch-failed', 'integrity-failure'])(
  '%s: the page is loaded again',
  (reason) => {
    const window = aWindow()
    window.die(reason)
    expect(window.outcome()).toEqual([1, 0])
  },
)

test('a window that was closed stays closed', () => {
  const window = aWindow()
  window.die('clean-exit')
  expect(window.outcome()).toEqual([0, 0])
})

test('the fourth time within a minute it is given up', () => {
  const window = aWindow()
  for (let time = 0; time < 4; time += 1) window.die()
  expect(window.outcome()).toEqual([3, 1])
})

test('now and then is no reason to give up', () => {
  const window = aWindow()
  for (let time = 0; time < 10; time += 1) {
    window.die()
    window.pass(20_001)
  }
  expect(window.outcome()).toEqual([10, 0])
})
