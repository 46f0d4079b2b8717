import { canonical } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparedFieldsOf, grantIn, loggedTermsOf, TERMS, termsOf } from './grant-fields.ts'
import type { GrantBody } from './grants.ts'

const word = fc.stringMatching(/^[a-z]{1,8}$/u)
const bounds = fc.dictionary(word, fc.integer())
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 })
const grants = fc.record({
  id: word,
  delegator: word.map((id): GrantBody['delegator'] => `user:${id}`),
  delegatorPersona: fc.oneof(word, fc.constant('')),
  delegate: word.map((id): GrantBody['delegate'] => `agent:${id}`),
  asks: fc.oneof(word, fc.constant('')),
  owner: word.map((id): GrantBody['owner'] => `user:${id}`),
  actions: fc.array(word),
  scope: fc.oneof(
    word.map((deed) => ({ deed, part: undefined })),
    fc.record({ domain: word, persona: word }),
  ),
  covers: word,
  atMost: bounds,
  atLeast: bounds,
  expiresAt: instant,
  redelegations: fc.nat(),
  unattended: fc.boolean(),
  parent: fc.option(word, { nil: undefined }),
  path: fc.array(word),
  givers: fc.array(word.map((id): GrantBody['givers'][number] => `persona:${id}`)),
  createdAt: instant,
})

test('a grant comes back from its terms as it was, and every term is checked when it is read', () => {
  fc.assert(
    fc.property(grants, (grant) => {
      const terms = JSON.parse(JSON.stringify(termsOf(grant)))
      expect(grantIn(grant.id, terms)).toEqual(grant)
      expect(Object.keys(terms).sort()).toEqual(TERMS.map(({ term }) => term).sort())
    }),
  )
})

test('of two grants that differ in what they give, the keys differ; expiry and ids do not count', () => {
  fc.assert(
    fc.property(grants, grants, instant, (grant, other, expiresAt) => {
      const key = (one: GrantBody): string => canonical(comparedFieldsOf(one))
      expect(key({ ...grant, id: 'other', expiresAt, createdAt: 1, path: [], givers: [] })).toBe(key(grant))
      for (const name of ['delegator', 'delegate', 'asks', 'redelegations', 'unattended'] as const)
        expect(key({ ...grant, [name]: other[name] }) === key(grant)).toBe(other[name] === grant[name])
    }),
  )
})

test('the log has what a grant gives, without what is empty', () => {
  const grant: GrantBody = {
    id: 'g',
    delegator: 'user:p_a',
    delegatorPersona: 'p',
    delegate: 'user:p_b',
    asks: '',
    owner: 'user:p_a',
    actions: ['read'],
    scope: { deed: 'd', part: undefined },
    covers: 'workflow:w',
    atMost: { 'price.EUR': 5 },
    atLeast: {},
    expiresAt: 0,
    redelegations: 0,
    unattended: false,
    parent: undefined,
    path: ['g'],
    givers: [],
    createdAt: 0,
  }
  expect(loggedTermsOf(grant)).toEqual({
    delegator: 'user:p_a',
    delegate: 'user:p_b',
    actions: ['read'],
    scope: 'workflow:w',
    expires_at: '1970-01-01T00:00:00.000Z',
    redelegations: 0,
    unattended: false,
    at_most: { 'price.EUR': 5 },
  })
  expect(comparedFieldsOf(grant)).toMatchObject({ scope: 'deed~d', parent: '', atLeast: {} })
})
