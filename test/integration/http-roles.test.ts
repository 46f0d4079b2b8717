/**
 * Which tokens carry roles, and which may change anything: by the factor that their person signed in with, and by their scope.
 *
 * @module
 */
import type { JWTPayload } from 'jose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp } from '../fixtures/pdp.ts'
import { refusal, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })

describe('roles and scopes', () => {
  const staff = (role: string, more: Partial<TokenClaims> = {}) => ({ ...suite.world.staff(role), ...more })
  const status = async (as: TokenClaims, method: string, path: string, body?: unknown) =>
    (await suite.world.call(method, path, as, body)).status

  test.for<readonly [string, readonly string[] | undefined, number]>([
    ['by a password alone', ['pwd'], 403],
    ['by nothing that is said', undefined, 403],
    ['by a one-time code', ['pwd', 'otp'], 200],
    ['by a key in hardware', ['hwk'], 200],
    ['by several factors', ['mfa'], 200],
    ['by something that only looks like it', ['otp2', 'OTP', 'amr=otp'], 403],
  ])('a role counts for whoever signed in %s', async ([, amr, expected]) => {
    // An explicit nothing: the fixture adds what staff have.
    const as = { amr: amr ?? [] }
    expect(await status(staff('operator', as), 'GET', '/v1/keys')).toBe(expected)
    expect(await status(staff('persona-admin', as), 'GET', '/v1/personas?waiting=true')).toBe(expected)
    const { body } = await suite.world.call('GET', '/v1/decisions?limit=1', staff('auditor', as))
    expect(body.entries.length > 0).toBe(expected === 200)
  })

  test('a token whose scope is for reading reads, as an auditor too, and changes nothing', async () => {
    const { world } = suite
    const scope = 'openid audit'
    expect(await status({ ...world.as('A'), scope }, 'GET', '/v1/personas')).toBe(200)
    const persona = { title: 'visitor', circle: 'club' }
    for (const read of [scope, 'openid', 'openid pdp2 xpdp'])
      expect(refusal(await world.call('POST', '/v1/personas', { ...world.as('A'), scope: read }, persona))).toEqual([
        403,
        'forbidden',
      ])
    const { body } = await world.call('GET', '/v1/decisions?limit=1', staff('auditor', { scope }))
    expect(body.entries).not.toEqual([])
    for (const role of ['operator', 'persona-admin']) {
      expect(await status(staff(role, { scope }), 'GET', '/v1/personas?waiting=true')).toBe(403)
      expect(await status(staff(role, { scope }), 'GET', '/v1/keys')).toBe(403)
    }
    const owner = { ...world.as('A'), scope }
    expect(await status(owner, 'DELETE', '/v1/subjects/me')).toBe(403)
    expect(await suite.codes({ subject: 'A', action: 'execute', item: 'flight' })).toEqual(['owner'])
  })

  test('what counts as a second factor is the configuration`s', async () => {
    const { issuer } = suite.tpdp
    const there = await startTestPdp({ openFga: inject('openFga'), issuer, env: { PDP_SECOND_FACTOR: 'acr=gold' } })
    onTestFinished(() => there.stop())
    const now = Math.floor(Date.now() / 1000)
    const base = {
      iss: issuer.issuer,
      aud: 'pdp',
      sub: 'olga',
      azp: 'desktop',
      typ: 'Bearer',
      jti: 'x',
      iat: now,
      exp: now + 60,
      scope: 'openid pdp',
      roles: ['operator'],
    }
    const asked = async (claims: JWTPayload) =>
      (await there.call('GET', '/v1/keys', { as: await issuer.sign({ ...base, ...claims }, {}) })).status
    expect([await asked({ acr: 'gold' }), await asked({ acr: '1', amr: ['otp'] }), await asked({})]).toEqual([
      200, 403, 403,
    ])
  })
})
