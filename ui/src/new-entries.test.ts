/**
 * The live mode of the auditor's page, with entries of several logs.
 */
import type { LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { newEntries } from './new-entries.ts'

const entry = (id: string, origin: string, index: number, second: number): LoggedEntry => ({
  v: 1,
  id,
  kind: 'evaluation',
  at: new Date(Date.UTC(2026, 10, 27, 10, 0, second)).toISOString(),
  origin,
  index,
})
const idsOf = (entries: readonly LoggedEntry[]) => entries.map(({ id }) => id)

test('a new entry of a shorter log is shown, though its index is lower than those of the other log', () => {
  const shown = [entry('a9', 'a', 900, 3), entry('b1', 'b', 1, 1)]
  const arrived = [entry('b2', 'b', 2, 4), entry('a10', 'a', 901, 5), entry('c0', 'c', 0, 6)]
  expect(idsOf(newEntries(shown, arrived))).toEqual(['c0', 'a10', 'b2'])
})

test('entries that are shown, and older ones of the same log, are left out', () => {
  const shown = [entry('a9', 'a', 9, 3), entry('b4', 'b', 4, 2)]
  const arrived = [entry('a9', 'a', 9, 3), entry('b3', 'b', 3, 1), entry('a8', 'a', 8, 2)]
  expect(newEntries(shown, arrived)).toEqual([])
})
