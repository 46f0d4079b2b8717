import type { LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { activityAddress, countOf, type Filters, filtersOf, isAsked, queryOf } from './filters.ts'

const ME = 'user:p_0123456789abcdefghijkl'
const ALL: Filters = {
  who: 'agent:booking-agent',
  answer: 'deny',
  kind: 'evaluation',
  action: 'execute',
  thing: 'workflow:01KAM000000000000000000001',
  grant: '01KAM000000000000000000101',
  from: '2026-11-01',
  to: '2026-11-22',
}

test.for([
  ['none', {}],
  ['oneself', { who: 'me' }],
  ['letters that an address has for itself', { thing: 'workflow_item:~a-b.c_d', action: 'a-b.c' }],
  [
    'ids that are addresses themselves',
    { who: 'agent:spiffe://a/b?c#d', thing: 'file:https://x.example/?a=1&b=%20#c' },
  ],
  ['all', ALL],
] as const)('filters survive the way into the address and back: %s', ([, filters]) => {
  expect(filtersOf(activityAddress(filters))).toEqual(filters)
  expect(filtersOf(activityAddress(filters, 'an/entry?'))).toEqual(filters)
})

test.for([
  ['a person', 'who=user:p_0123456789abcdefghijkl'],
  ['a person as a thing', 'thing=user:p_0123456789abcdefghijkl'],
  ['a kind that there is not', 'kind=everything'],
  ['a day that there is not', 'from=2026-02-30'],
  ['a name that is no filter', 'cursor=x&limit=9999'],
  ['what would not fit', `grant=${'x'.repeat(200)}`],
] as const)('%s in an address is no filter', ([, query]) => {
  expect(filtersOf(`#/activity?${query}`)).toEqual({})
})

test('all filters are asked for, days from the first midnight of here to the one after the last', () => {
  expect(queryOf(ALL, ME)).toEqual({
    actor: 'agent:booking-agent',
    decision: 'deny',
    kind: 'evaluation',
    action: 'execute',
    under: ALL.thing,
    grant: ALL.grant,
    from: new Date(2026, 10, 1).toISOString(),
    to: new Date(2026, 10, 23).toISOString(),
  })
  expect(countOf(ALL)).toBe(8)
})

test('oneself is asked for by pseudonym, which stands in no address', () => {
  expect(queryOf({ who: 'me' }, ME)).toEqual({ subject: ME })
  expect(activityAddress({ who: 'me' })).toBe('#/activity?who=me')
  expect(queryOf({ who: 'me' }, undefined)).toEqual({})
})

test.for([
  ['the answer', { answer: 'deny' }, true],
  ['another answer', { answer: 'permit' }, false],
  ['a day that it is on', { from: '2026-11-22', to: '2026-11-22' }, true],
  ['the day before', { to: '2026-11-21' }, false],
  ['what it is in', { thing: 'workflow:trip' }, true],
  ['a grant of its chain', { grant: 'g1' }, true],
] as const)('an entry that comes is shown by %s: %j', ([, filters, isShown]) => {
  const entry: LoggedEntry = {
    v: 1,
    id: '01KAM000000000000000000009',
    at: new Date(2026, 10, 22, 12).toISOString(),
    kind: 'evaluation',
    index: 1,
    decision: false,
    resource: 'workflow_item:hotel',
    root: 'workflow:trip',
    chain: [
      { grant: 'g1', delegator: 'user:a', delegate: 'user:b', actions: [], scope: 'workflow:trip', expires_at: '' },
    ],
  }
  expect(isAsked(entry, queryOf(filters, ME))).toBe(isShown)
})
