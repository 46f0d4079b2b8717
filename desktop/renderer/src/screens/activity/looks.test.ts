import type { LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { isOwnLook } from './looks.ts'

const ME = 'user:p_me'
const entry = (members: Partial<LoggedEntry>): LoggedEntry => ({
  v: 1,
  id: '01KA0000000000000000000000',
  at: '2026-11-22T10:00:00Z',
  index: 1,
  kind: 'evaluation',
  subject: ME,
  ...members,
})

test.for([
  ['a search', { kind: 'search' }],
  ['a trip that was opened', { action: 'read', decision: true }],
  ['a preview of a grant', { kind: 'grant_previewed' }],
] as const)('%s of one’s own is a look', ([, members]) => {
  expect(isOwnLook(entry(members), ME)).toBe(true)
})

test.for([
  ['what was denied', { action: 'read', decision: false }],
  ['what was booked', { action: 'execute', decision: true }],
  ['what an agent looked at for one', { action: 'read', decision: true, actor: 'agent:booking-agent' }],
  ['what somebody else looked at', { action: 'read', decision: true, subject: 'user:p_other' }],
  ['a grant', { kind: 'grant_issued' }],
] as const)('%s is not', ([, members]) => {
  expect(isOwnLook(entry(members), ME)).toBe(false)
})

test('as long as the log has not said who one is, nothing is', () => {
  expect(isOwnLook(entry({ kind: 'search' }), undefined)).toBe(false)
})
