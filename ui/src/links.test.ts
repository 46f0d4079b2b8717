import type { ReasonCode } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { bareLinks, type ChainLink, endedThroughout, entryLinks } from './links.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const HOUR = 3_600_000

const aLink = (link: Partial<ChainLink> = {}): ChainLink => ({
  grant: 'one',
  delegator: 'user:a',
  delegate: 'user:b',
  actions: ['read'],
  scope: 'workflow:1',
  expiresAt: '2026-06-08T12:00:00Z',
  redelegations: 0,
  limits: [],
  thenState: 'live',
  nowState: 'live',
  revokedAt: undefined,
  ...link,
})

const asDecided = { grant: 'one', delegator: 'user:a', delegate: 'user:b', actions: ['read'], scope: 'workflow:1' }

test.for([
  ['a link is dead at the very instant it expires', NOW, 'expired'],
  ['and not before', NOW + 1, 'unknown'],
] as const)('%s', ([, ends, state]) => {
  const [link] = bareLinks([{ ...asDecided, expires_at: new Date(ends).toISOString() }], undefined, NOW)
  expect(link).toMatchObject({ nowState: state, thenState: undefined })
})

test('what had expired when it was decided is told apart from what has since', () => {
  const expires_at = new Date(NOW - HOUR).toISOString()
  const [before] = bareLinks([{ ...asDecided, expires_at }], NOW - 2 * HOUR, NOW)
  const [after] = bareLinks([{ ...asDecided, expires_at }], NOW - HOUR, NOW)
  expect([before?.thenState, before?.nowState]).toEqual(['live', 'expired'])
  expect(after?.thenState).toBe('expired')
})

test('what ends a link cuts off every live one behind it, and none before', () => {
  const links = [aLink(), aLink({ nowState: 'revoked' }), aLink(), aLink({ nowState: 'expired' })]
  expect(endedThroughout(links).map(({ nowState }) => nowState)).toEqual(['live', 'revoked', 'cut', 'expired'])
  expect(endedThroughout(links).map(({ thenState }) => thenState)).toEqual(['live', 'live', 'live', 'live'])
})

describe('the chain of a denial', () => {
  const link = (grant: string) => ({ ...asDecided, grant, expires_at: '2026-06-08T12:00:00Z' })
  const at = new Date(NOW).toISOString()
  const statesOf = (code: ReasonCode, grant: string) =>
    entryLinks(
      { at, chain: [], broken: [link('one'), link('two'), link('three')], reasons: [{ code, grant }] },
      NOW,
    ).map(({ thenState, nowState }) => `${thenState} ${nowState}`)

  test.for([
    ['grant_revoked', 'two', ['live unknown', 'revoked revoked', 'cut unknown']],
    ['grant_expired', 'one', ['expired expired', 'cut unknown', 'cut unknown']],
    ['chain_broken', 'three', ['live unknown', 'live unknown', 'broken unknown']],
    ['owner_persona_unusable', 'one', ['broken unknown', 'cut unknown', 'cut unknown']],
    ['grant_action', 'three', ['live unknown', 'live unknown', 'live unknown']],
  ] as const)('marks the link that %s names, and cuts off those behind it', ([code, grant, states]) => {
    expect(statesOf(code, grant)).toEqual(states)
  })

  test('is that which was used, where there was one', () => {
    const reasons = [{ code: 'grant_limit', grant: 'one' } as const]
    const [first] = entryLinks({ at, chain: [link('one')], broken: [link('two')], reasons }, NOW)
    expect([first?.grant, first?.thenState]).toEqual(['one', 'live'])
  })
})
