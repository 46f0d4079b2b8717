import { expect, test } from 'vitest'
import { ConfigError } from './config.ts'
import { reportFailure } from './report-failure.ts'

function reported(error: unknown): readonly [number, string] {
  const written: string[] = []
  const status = reportFailure('notes', error, (text) => written.push(text))
  return [status, written.join('')]
}

test('a configuration that cannot be used ends with 78 and its problems, without a stack', () => {
  const [status, text] = reported(new ConfigError(['NOTES_A: must be set', 'NOTES_B: must be set']))
  expect(status).toBe(78)
  expect(text).toBe('notes: the configuration cannot be used:\n  NOTES_A: must be set\n  NOTES_B: must be set\n')
})

test('anything else ends with 1 and its stack', () => {
  const [status, text] = reported(new Error('port taken'))
  expect(status).toBe(1)
  expect(text).toMatch(/^notes: could not go on\nError: port taken\n +at /u)
  expect(reported('a text')).toEqual([1, 'notes: could not go on\na text\n'])
})
