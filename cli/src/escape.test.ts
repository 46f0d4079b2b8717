import { expect, test } from 'vitest'
import { escapeControls, jsonLine } from './escape.ts'

/** CSI as one C1 character, a right-to-left override, a tag character (two UTF-16 units), a line separator. */
const HOSTILE = '\u009b2J \u202e \u{e0041} \u2028'

test('JSON holds no character that a terminal would act on, and parses to the same value', () => {
  const line = jsonLine({ title: HOSTILE })
  expect(line).toMatch(/^[ -~]+\n$/u)
  expect(JSON.parse(line)).toEqual({ title: HOSTILE })
})

test('text neither', () => {
  expect(escapeControls(HOSTILE)).toMatch(/^[ -~]+$/u)
})
