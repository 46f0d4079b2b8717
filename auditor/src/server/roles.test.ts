import { SECOND_FACTORS } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { lacksSecondFactor, rolesIn } from './roles.ts'

const token = (claims: unknown): string => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`

test.for<readonly [string, unknown, readonly string[], boolean]>([
  ['a role by a one-time code', { roles: ['auditor'], amr: ['pwd', 'otp'] }, ['auditor'], false],
  ['a role by a password', { roles: ['auditor'], amr: ['pwd'] }, [], true],
  ['a role, and nothing said of how', { roles: ['auditor'] }, [], true],
  ['amr as a text', { roles: ['auditor'], amr: 'otp' }, [], true],
  ['no role', { amr: ['pwd'] }, [], false],
  ['roles of another kind', { roles: 'auditor', amr: ['otp'] }, [], false],
  ['no claims at all', null, [], false],
])('%s', ([, claims, roles, lacks]) => {
  expect(rolesIn(token(claims), SECOND_FACTORS)).toEqual(roles)
  expect(lacksSecondFactor(token(claims), SECOND_FACTORS)).toBe(lacks)
})

test('what is no token has no roles', () => {
  for (const text of ['', 'a.b.c', 'no token']) expect(rolesIn(text, SECOND_FACTORS)).toEqual([])
})

test('the level of authentication counts where it is configured', () => {
  const gold = token({ roles: ['auditor'], acr: 'gold' })
  expect(rolesIn(gold, ['acr=gold'])).toEqual(['auditor'])
  expect(rolesIn(gold, SECOND_FACTORS)).toEqual([])
})
