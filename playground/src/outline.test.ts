/**
 * Findings of the check as mistakes with file and line.
 */
import { expect, test } from 'vitest'
import { mistakeOf, mistakesOf } from './outline.ts'

test('a finding names file, line and message', () => {
  expect(mistakeOf('lab/manifest.yaml:42: gates.1: what: wrong', 'lab')).toEqual({
    file: 'manifest.yaml',
    line: 42,
    message: 'gates.1: what: wrong',
  })
})

test('a finding in the core, or without a place, keeps its whole text', () => {
  for (const message of ['core.fga:3: wrong', 'it is wrong', 'other/model.fga:1: wrong'])
    expect(mistakeOf(message, 'lab')).toEqual({ line: 1, message })
})

test('a text of another kind does not flood the page', () => {
  const many = Array.from({ length: 5_000 }, (_, at) => `lab/model.fga:${at + 1}: wrong`)
  expect(mistakesOf(many, 'lab')).toHaveLength(200)
})
