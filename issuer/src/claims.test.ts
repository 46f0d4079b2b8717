import { expect, test } from 'vitest'
import { factsAsClaims, type TokenFacts } from './claims.ts'
import { AUDIENCES } from './realm.ts'

const OF_ADA: TokenFacts = {
  clientId: 'desktop',
  scopes: ['openid', 'pdp'],
  audiences: AUDIENCES,
  sid: 's1',
  amr: ['pwd', 'otp'],
  roles: ['auditor', 'operator'],
  isExchanged: false,
}

test('a token has one audience as a text, and several as a list', () => {
  expect(factsAsClaims(OF_ADA)['aud']).toBe('pdp')
  expect(factsAsClaims({ ...OF_ADA, scopes: ['openid', 'trips', 'pdp'] })['aud']).toEqual(['trips', 'pdp'])
})

test.for([
  ['reach the PDP', {}, ['auditor', 'operator']],
  ['reach no other service', { scopes: ['openid', 'trips'] }, undefined],
  ['stay behind in an exchange', { clientId: 'booking-agent', isExchanged: true }, undefined],
  ['are those that the client may carry', { clientId: 'auditor', scopes: ['openid', 'audit'] }, ['auditor']],
] as const satisfies readonly (readonly [string, Partial<TokenFacts>, unknown])[])('roles %s', ([, facts, roles]) => {
  expect(factsAsClaims({ ...OF_ADA, ...facts })['roles']).toEqual(roles)
})

test('a service token is marked, and has no session', () => {
  const claims = factsAsClaims({ ...OF_ADA, clientId: 'trips', scopes: ['pdp'], sid: undefined, amr: [], roles: [] })
  expect(claims).toEqual({
    aud: 'pdp',
    azp: 'trips',
    client_id: 'trips',
    typ: 'Bearer',
    scope: 'pdp',
    svc: 'trips',
    amr: [],
  })
})
