import { expect, test } from 'vitest'
import { AGENT, domains, MIRA, toAgent, toYannick, YANNICK } from '../../dev/world.ts'
import { actsWithObject } from '../store/domains.tsx'
import { peopleOf, type Things } from '../store/people.ts'
import { noticeOf } from './notices.tsx'

const ME = toYannick.owner
const people = peopleOf(
  ME,
  [
    { party: YANNICK, name: 'Yannick', note: '' },
    { party: MIRA, name: 'Mira', note: '' },
  ],
  [{ id: 'booking-agent', title: 'Booking agent', runsTrips: true }],
)
const things: Things = {
  domains,
  nameOf: () => 'Milan',
  partOf: () => undefined,
  acts: (actions) =>
    actsWithObject(
      actions,
      'Milan',
      domains.find(({ domain }) => domain === 'travel'),
    ),
}
const notice = (kind: 'grant_issued' | 'grant_revoked', grant: typeof toYannick) =>
  noticeOf(kind, grant, people, things)
const revoked = { ...toYannick, status: 'revoked' as const }

test('what the person gave or ended themselves is no news', () => {
  expect(notice('grant_issued', toYannick)).toBeUndefined()
  expect(notice('grant_revoked', { ...revoked, revoked_by: ME })).toBeUndefined()
  expect(notice('grant_revoked', { ...revoked, revoked_by: YANNICK, revoke_reason: 'replaced' })).toBeUndefined()
})

test('what another gives is told with who gives, to whom, and what', () => {
  expect(notice('grant_issued', toAgent)).toBe('Yannick let Booking agent see and book Milan.')
  expect(notice('grant_issued', { ...toYannick, delegator: MIRA, delegate: ME })).toBe(
    'Mira let you see and book Milan.',
  )
})

test('what another ends is told with their own words, and a code of the PDP is not taken for words', () => {
  const byMira = { ...revoked, delegator: MIRA, delegate: AGENT, revoked_by: MIRA }
  const told = notice('grant_revoked', { ...byMira, revoke_reason: 'plans have changed' })
  expect(told).toMatch(/^Mira .*Booking agent.*“?plans have changed”?/u)
  expect(notice('grant_revoked', { ...byMira, revoke_reason: 'revoked' })).not.toContain('“')
  expect(notice('grant_revoked', { ...revoked, revoked_by: YANNICK })).toMatch(/^Yannick gave back/u)
})
