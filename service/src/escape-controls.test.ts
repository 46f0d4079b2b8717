import { expect, test } from 'vitest'
import { escapeControls, escapeLines } from './escape-controls.ts'

/** A terminal's title, a colour, CSI as one C1 character, a right-to-left override, a tag character, a line separator. */
const HOSTILE = '\u001b]0;x\u0007 \u001b[31m \u009b2J \u202e \u{e0041} \u2028'

test('no character is left that a terminal would act on', () => {
  expect(escapeControls(`${HOSTILE}\n`)).toMatch(/^[ -~]+$/u)
})

test('text of several lines keeps its line breaks only', () => {
  const escaped = escapeLines(`${HOSTILE}\r\n${HOSTILE}\n`)
  expect(escaped).toMatch(/^[ -~\n]+$/u)
  expect(escaped.split('\n')).toHaveLength(3)
})
