import { canonical, type Entry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { addEntry, emptyTimeline, findViolations, type GrantTimeline, mergeTimeline } from './grant-timeline.ts'

const AT = Date.parse('2026-11-27T12:00:00.000Z')
const GRANT = '01KC0000000000000000000001'
const OTHER = '01KC0000000000000000000002'
const at = (ms: number): string => new Date(AT + ms).toISOString()
const idOf = (number: number): string => `01KC1${String(number).padStart(21, '0')}`

const ends = (grant: string): Partial<Entry> => ({ kind: 'grant_revoked', target: grant, change: { by: 'user:p_1' } })
const permits = (position: number | undefined, ...grants: readonly string[]): Partial<Entry> => ({
  kind: 'evaluation',
  decision: true,
  ...(position === undefined ? {} : { as_of: { at: at(0), position } }),
  chain: grants.map((grant) => ({
    grant,
    delegator: 'user:p_1',
    delegate: 'user:p_2',
    actions: ['read'],
    scope: 'workflow:w',
    expires_at: at(1_000),
  })),
})
const denies = (position: number, grant: string): Partial<Entry> => ({
  ...permits(position, grant),
  decision: false,
  reasons: [{ code: 'grant_revoked', grant }],
})

/** Violations in a log of these entries. Checks that the order in which ranges are merged makes no difference. */
function found(...entries: readonly Partial<Entry>[]): readonly string[] {
  const timelines = entries.map((entry, index): GrantTimeline => {
    const timeline = emptyTimeline()
    addEntry(timeline, index, canonical({ v: 1, id: idOf(index), at: at(10), ...entry }))
    return timeline
  })
  const judged = [timelines, timelines.toReversed()].map((run) => {
    const whole = emptyTimeline()
    for (const timeline of run) mergeTimeline(whole, timeline)
    return findViolations(whole).map(({ index, problem }) => `${index} ${problem}`)
  })
  expect(judged[0]?.toSorted()).toEqual(judged[1]?.toSorted())
  return judged[0] ?? []
}

test('a permit that was decided before its grant ended, and recorded after, is honest', () => {
  expect(found(ends(OTHER), ends(GRANT), permits(1, GRANT), permits(0, GRANT))).toEqual([])
})

test('a permit that was decided after its grant had ended is named, whichever link it was', () => {
  const problem = `permits by grant ${GRANT}, which entry 0 had ended before it was decided, when the log had 1 entries`
  expect(found(ends(GRANT), permits(1, GRANT))).toEqual([`1 ${problem}`])
  expect(found(ends(GRANT), permits(0, GRANT), permits(1, OTHER, GRANT))).toEqual([`2 ${problem}`])
})

test('a denial by an ended grant is as it should be, and so is a permit by another grant', () => {
  expect(found(ends(GRANT), denies(1, GRANT), permits(2, OTHER))).toEqual([])
})

test('entries from before there was an as_of are no violation', () => {
  expect(found(ends(GRANT), permits(undefined, GRANT))).toEqual([])
})

test.each([
  ['more than come before it', permits(2, GRANT), /2 entries, more than come before it/],
  ['after it was recorded', { ...permits(1, GRANT), at: at(-1) }, /decided after it was recorded/],
  ['over a minute before', { ...permits(1, GRANT), at: at(61_000) }, /decided 61 s before it was recorded/],
] as const)('an as_of that cannot be is named: %s', (_, entry, problem) => {
  expect(found({ kind: 'log_read' }, entry)).toEqual([expect.stringMatching(problem)])
})
