import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantOf, localOf, zoneWords } from './local-time.ts'

const MADRID = 'Europe/Madrid'

test.for([
  ['2026-10-25T00:30:00Z', MADRID, '2026-10-25T02:30'],
  ['2026-10-25T01:30:00Z', MADRID, '2026-10-25T02:30'],
  ['2026-06-01T12:00:27Z', MADRID, '2026-06-01T14:00:27'],
  ['2026-06-01T12:00:27.5Z', MADRID, '2026-06-01T14:00:27.500'],
  ['2026-06-01T12:00:00Z', 'Asia/Kathmandu', '2026-06-01T17:45'],
  ['2026-06-01T12:00:00+02:00', 'UTC', '2026-06-01T10:00'],
  ['never', MADRID, ''],
] as const)('%s in %s is shown as %s', ([instant, zone, local]) => {
  expect(localOf(instant, zone)).toBe(local)
})

test('a field that nobody changed sends the original instant', () => {
  const zones = fc.constantFrom(MADRID, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC')
  const instants = fc.date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(instants, zones, (at, zone) => {
      const instant = at.toISOString()
      expect(instantOf(localOf(instant, zone), instant, zone)).toBe(instant)
    }),
  )
  // The second 02:30 of that night, and digits that no Date can hold.
  for (const instant of ['2026-10-25T01:30:00Z', '2026-06-01T12:00:27.123456789Z', '2026-06-01T12:00:00+05:00'])
    expect(instantOf(localOf(instant, MADRID), instant, MADRID)).toBe(instant)
})

test.for([
  [
    'in the hour that comes twice, a change stays in the hour that was shown',
    '2026-10-25T02:40',
    '2026-10-25T01:30:00Z',
    '2026-10-25T01:40:00.000Z',
  ],
  ['… which may be the first', '2026-10-25T02:40', '2026-10-25T00:30:00Z', '2026-10-25T00:40:00.000Z'],
  ['without any before, the first is meant', '2026-10-25T02:30', undefined, '2026-10-25T00:30:00.000Z'],
  ['a change out of that night', '2026-10-26T02:30', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00.000Z'],
  ['seconds that were typed', '2026-06-01T14:00:27', undefined, '2026-06-01T12:00:27.000Z'],
  ['the hour that clocks leave out', '2026-03-29T02:30', undefined, undefined],
  ['… the minute before', '2026-03-29T01:59', undefined, '2026-03-29T00:59:00.000Z'],
  ['… and after', '2026-03-29T03:00', undefined, '2026-03-29T01:00:00.000Z'],
  ['nothing', '', '2026-03-29T01:00:00Z', undefined],
  ['no date', '2026-02-31T25:00', undefined, undefined],
] as const)('%s', ([, local, before, instant]) => {
  expect(instantOf(local, before, MADRID)).toBe(instant)
})

test('the zone is said with its offset on that day', () => {
  expect(zoneWords('2026-06-01T12:00:00Z', MADRID)).toBe('Europe/Madrid (GMT+2)')
  expect(zoneWords('2026-12-01T12:00:00Z', MADRID)).toBe('Europe/Madrid (GMT+1)')
})
