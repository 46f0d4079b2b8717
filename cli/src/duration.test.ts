import { expect, test } from 'vitest'
import { durationText, instantOf, secondsOf } from './duration.ts'

test.for([
  ['90s', 90],
  ['30 minutes', 1_800],
  ['8h', 28_800],
  ['1 day', 86_400],
  ['2w', 1_209_600],
  ['0d', 0],
  ['', undefined],
  ['d', undefined],
  ['-1d', undefined],
  ['1.5d', undefined],
  ['1 month', undefined],
] as const)('%s is %s seconds', ([text, seconds]) => {
  expect(secondsOf(text)).toBe(seconds)
})

const NOW = Date.parse('2026-11-28T09:00:00Z')

test.for([
  ['8h', '2026-11-28T17:00:00.000Z'],
  ['2026-12-24', '2026-12-24T00:00:00.000Z'],
  ['2026-12-24T12:00:00+01:00', '2026-12-24T11:00:00.000Z'],
] as const)('%s is %s', ([text, instant]) => {
  expect(instantOf(text, '--for', NOW)).toBe(instant)
})

test.for(['tomorrow', '', '2026-13-01', '2026-12-24T12:00:00', '12/24/2026'])('%j is no time', (text) => {
  expect(() => instantOf(text, '--until', NOW)).toThrow('--until must be like 8d')
})

test.for([
  [604_800, '7 days'],
  [1_209_600, '2 weeks'],
  [86_400, '1 day'],
  [90_000, '25 hours'],
  [90, '90 seconds'],
  [0, '0 seconds'],
] as const)('%s seconds are %s', ([seconds, text]) => {
  expect(durationText(seconds)).toBe(text)
})
