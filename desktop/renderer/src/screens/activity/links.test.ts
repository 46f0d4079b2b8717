import type { Grant } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { thenAndNow, toRevoke } from './links.ts'

const ME = 'user:me'
const AT = '2026-11-22T10:00:00Z'
const NOW = Date.parse('2026-11-23T10:00:00Z')
const aGrant = (id: string, grant: Partial<Grant>): Grant => ({
  id,
  status: 'live',
  delegator: ME,
  delegate: 'user:them',
  owner: ME,
  actions: ['execute'],
  scope: 'workflow:t',
  limits: [],
  expires_at: '2026-12-01T00:00:00Z',
  redelegations: 1,
  unattended: false,
  created_at: '2026-11-01T00:00:00Z',
  ...grant,
})
const entryOf = (...grants: readonly Grant[]) => ({
  at: AT,
  chain: grants.map(({ id, delegator, delegate, actions, scope, expires_at }) => ({
    grant: id,
    delegator,
    delegate,
    actions,
    scope,
    expires_at,
  })),
})
const second = aGrant('two', { delegator: 'user:them', delegate: 'agent:a' })

test.for([
  ['nothing has ended', {}, ['live live', 'live live']],
  ['revoked since', { status: 'revoked', revoked_at: '2026-11-22T12:00:00Z' }, ['live revoked', 'live cut']],
  ['revoked at the very instant', { status: 'revoked', revoked_at: AT }, ['revoked revoked', 'cut cut']],
  ['expired since', { status: 'expired', expires_at: '2026-11-22T11:00:00Z' }, ['live expired', 'live cut']],
] as const)('each link as it stood and as it stands: %s', ([, end, states]) => {
  const first = aGrant('one', end)
  const links = thenAndNow(entryOf(first, second), [first, second], [], NOW)
  expect(links.map(({ thenState, nowState }) => `${thenState} ${nowState}`)).toEqual(states)
})

test('a denial after a revocation shows the link that was broken, and what hung from it', () => {
  const { chain: broken, at } = entryOf(aGrant('one', {}), second)
  const denied = { at, chain: [], broken, reasons: [{ code: 'grant_revoked' as const, grant: 'one' }] }
  const states = thenAndNow(denied, [], [], NOW).map(({ thenState, nowState }) => `${thenState} ${nowState}`)
  expect(states).toEqual(['revoked revoked', 'cut unknown'])
})

test('of a grant that the person does not know the present is not known', () => {
  const [link] = thenAndNow(entryOf(second), [], [], NOW)
  expect([link?.thenState, link?.nowState]).toEqual(['live', 'unknown'])
})

test('to revoke are live links of the chain that the person gave', () => {
  const first = aGrant('one', {})
  const over = aGrant('three', { status: 'revoked' })
  const elsewhere = aGrant('four', {})
  const found = toRevoke(entryOf(first, second, over), [first, second, over, elsewhere], ME)
  expect(found.map(({ id }) => id)).toEqual(['one'])
})
