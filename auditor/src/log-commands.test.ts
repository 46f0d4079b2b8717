import { FILTER_NAMES } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { FILTER_OPTIONS, LOG_COMMANDS } from './log-commands.ts'
import { USAGE } from './usage.ts'

test('there is an option for every filter of the log, and no other', () => {
  expect(Object.keys(FILTER_OPTIONS).toSorted()).toEqual([...FILTER_NAMES].toSorted())
})

test.for(Object.entries(LOG_COMMANDS))('the usage text of %s names its options', ([name, { options }]) => {
  expect(USAGE).toContain(`mandate-audit ${name}`)
  const named = new Set(USAGE.match(/--[a-z-]+/gu))
  // What is read from an archive is described with --archive; --sealed is the old name of --hashes-only.
  for (const option of Object.keys(options)) if (option !== 'help') expect(named).toContain(`--${option}`)
})
