import { expect, test } from 'vitest'
import type { Run } from '../../../../src/shared/views.ts'
import { ofItems, ofPerson, sumOfRun } from './outcome.ts'

const aRun = (status: Run['status'], items: Run['items']): Run => ({
  id: 'run',
  agent: 'booking-agent',
  workflow: 'trip',
  status,
  dry_run: false,
  subject: 'user:carlo',
  started_at: '2026-06-01T12:00:00Z',
  items,
})
const waiting = { status: 'waiting' } as const
const tonesOf = (run: Run) => [...ofItems(run).values()].map(({ tone, isMoving = false }) => (isMoving ? 'now' : tone))

test('of those that wait in a run the first is being tried, and none once the run has ended', () => {
  const items = [
    { item: 'a', status: 'booked' as const, decision: true },
    { item: 'b', ...waiting },
    { item: 'c', ...waiting },
  ]
  expect(tonesOf(aRun('running', items))).toEqual(['holds', 'now', 'open'])
  expect(tonesOf(aRun('stopped', items))).toEqual(['holds', 'open', 'open'])
  expect(sumOfRun(aRun('running', items))).toEqual([1, 0, 2])
  expect(sumOfRun(aRun('stopped', items))).toEqual([1, 0, 0])
})

test('a dry run says what would be, by the decision and not by its status', () => {
  const items = [
    { item: 'a', status: 'checked' as const, decision: false },
    { item: 'b', status: 'checked' as const, decision: true },
    { item: 'c', status: 'checked' as const },
  ]
  expect(tonesOf({ ...aRun('done', items), dry_run: true })).toEqual(['fails', 'holds', 'fails'])
})

test('what could not be decided is not called denied', () => {
  const outcome = ofPerson({ item: 'a', decision: false, undecided: true, reasons: [], chain: [] }, false)
  expect(outcome).toMatchObject({ tone: 'fails', failure: expect.stringMatching(/nothing was done/u) })
  expect(outcome.decided).toBeUndefined()
})
