/**
 * Who may call, and what about: tokens, and rules A4, A6 and A7.
 *
 * @module
 */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { request } from 'undici'
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, startTestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, refusal, useSuite } from '../fixtures/suite.ts'
import type { Ask } from '../fixtures/world.ts'

const suite = useSuite({
  sharedWorld: true,
  env: { PDP_SERVICES: 'trips=workflow+workflow_item+travel_account,wards=care_plan' },
})
const FLIGHT = { action: 'execute', item: 'flight' } as const

const call = (authorization: string | undefined): Promise<Answer> =>
  suite.tpdp.call('POST', '/access/v1/evaluation', {
    body: suite.world.question({ subject: 'A', ...FLIGHT }),
    headers: authorization === undefined ? {} : { authorization },
  })

function expectUnauthenticated(answer: Answer, challenge: string): void {
  expect(answer.status, answer.text).toBe(401)
  expect(answer.body.code).toBe('unauthenticated')
  expect(answer.headers.get('www-authenticate')).toBe(challenge)
}
const NONE = 'Bearer realm="mandate"'
const INVALID = 'Bearer realm="mandate", error="invalid_token"'

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const payload = (): JWTPayload => {
  const now = Math.floor(Date.now() / 1000)
  const { issuer } = suite.tpdp.issuer
  return {
    iss: issuer,
    aud: 'pdp',
    sub: TRIPS.sub,
    azp: 'trips',
    svc: 'trips',
    typ: 'Bearer',
    jti: 'x',
    iat: now,
    exp: now + 60,
  }
}

describe('a token that is not ours is 401', () => {
  test.for<readonly [string, string | undefined, string]>([
    ['none', undefined, NONE],
    ['another scheme', 'Basic YTpi', INVALID],
    ['an empty one', 'Bearer ', INVALID],
    ['no token at all', 'Bearer abc', INVALID],
    ['two of them', 'Bearer a.b.c, Bearer a.b.c', INVALID],
    ['something in three parts', 'Bearer a.b.c', INVALID],
  ])('%s', async ([, authorization, challenge]) => expectUnauthenticated(await call(authorization), challenge))

  test.for<readonly [string, Partial<TokenClaims>]>([
    ['expired', { lifetime: -60 }],
    ['for another audience', { aud: 'trips' }],
  ])('one that is %s', async ([, claims]) => {
    expectUnauthenticated(await call(`Bearer ${await suite.tpdp.issuer.token({ ...TRIPS, ...claims })}`), INVALID)
  })

  test('one without a signature, or with one made from what is public', async () => {
    const unsigned = `${encoded({ alg: 'none', typ: 'at+jwt' })}.${encoded(payload())}.`
    expectUnauthenticated(await call(`Bearer ${unsigned}`), INVALID)
    expectUnauthenticated(await call(`Bearer ${unsigned}x`), INVALID)
    const certs = await (await fetch(`${suite.tpdp.issuer.issuer}/protocol/openid-connect/certs`)).json()
    for (const secret of [JSON.stringify(certs), JSON.stringify(certs.keys[0]), certs.keys[0].n, '']) {
      const signed = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid: 'test' })}.${encoded(payload())}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      expectUnauthenticated(await call(`Bearer ${signed}.${mac}`), INVALID)
    }
  })

  test('one of another key, under a known name or an unknown one', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const kid of ['test', 'other', '../../etc']) {
      const token = await new SignJWT(payload())
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt' })
        .sign(privateKey)
      expectUnauthenticated(await call(`Bearer ${token}`), INVALID)
    }
  })

  test('one that brings its own key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = await exportJWK(publicKey)
    const header = { alg: 'RS256', kid: 'test', typ: 'at+jwt', jwk, jku: 'http://127.0.0.1:9/keys' }
    const token = await new SignJWT(payload()).setProtectedHeader(header).sign(privateKey)
    expectUnauthenticated(await call(`Bearer ${token}`), INVALID)
  })

  test.for<readonly [string, JWTPayload, object]>([
    ['issuer', { iss: 'https://evil.example/realms/test' }, {}],
    ['issuer, but for a slash', { iss: 'slash' }, {}],
    ['audience beside ours', { aud: ['pdp', 'trips'] }, {}],
    ['type in the header', {}, { typ: 'JWT' }],
    ['type in the payload', { typ: 'ID' }, {}],
    ['type: a refresh token', { typ: 'Refresh' }, {}],
    ['key: bound to one that we cannot check', { cnf: { jkt: 'x' } }, {}],
    ['start', { nbf: Math.floor(Date.now() / 1000) + 600 }, {}],
    ['age', { iat: Math.floor(Date.now() / 1000) - 3_600 }, {}],
    ['birth', { iat: Math.floor(Date.now() / 1000) + 600 }, {}],
    ['critical extension', {}, { crit: ['exp2'], exp2: 1 }],
    ['kind of sub', { sub: 7 as unknown as string }, {}],
    ['length of sub', { sub: 'a'.repeat(256) }, {}],
    ['kind of azp', { azp: ['trips'] }, {}],
    ['kind of roles', { roles: 'operator' }, {}],
  ])('one of another %s', async ([, claims, header]) => {
    const iss = claims.iss === 'slash' ? `${suite.tpdp.issuer.issuer}/` : (claims.iss ?? suite.tpdp.issuer.issuer)
    expectUnauthenticated(
      await call(`Bearer ${await suite.tpdp.issuer.sign({ ...payload(), ...claims, iss }, header)}`),
      INVALID,
    )
  })

  test.for(['sub', 'azp', 'exp', 'iat', 'jti', 'aud', 'iss'] as const)('one without %s', async (name) => {
    const { [name]: _, ...rest } = payload()
    expectUnauthenticated(await call(`Bearer ${await suite.tpdp.issuer.sign(rest, {})}`), INVALID)
  })

  test('and the one they all differ from is good', async () => {
    expect((await call(`Bearer ${await suite.tpdp.issuer.sign(payload(), {})}`)).status).toBe(200)
  })

  test('two Authorization headers, even the same one twice', async () => {
    const token = `Bearer ${await suite.tpdp.issuer.token(TRIPS)}`
    const body = JSON.stringify(suite.world.question({ subject: 'A', ...FLIGHT }))
    const send = async (...authorization: readonly string[]) => {
      const headers = ['content-type', 'application/json', ...authorization.flatMap((one) => ['authorization', one])]
      const url = `${suite.tpdp.pdp.url}/access/v1/evaluation`
      const answer = await request(url, { method: 'POST', headers, body })
      await answer.body.dump()
      return answer.statusCode
    }
    expect([await send(token), await send(token, token), await send(token, 'Bearer a.b.c')]).toEqual([200, 401, 401])
  })

  test('a token that was good is not good beyond the greatest age', async () => {
    const old = {
      ...payload(),
      iat: Math.floor(Date.now() / 1000) - 15 * 60 + 2,
      exp: Math.floor(Date.now() / 1000) + 600,
    }
    const token = `Bearer ${await suite.tpdp.issuer.sign(old, {})}`
    expect((await call(token)).status).toBe(200)
    await expect.poll(async () => (await call(token)).status, { timeout: 60_000 }).toBe(401)
  })

  test('an audience may stand in a list, alone', async () => {
    expect((await call(`Bearer ${await suite.tpdp.issuer.sign({ ...payload(), aud: ['pdp'] }, {})}`)).status).toBe(200)
  })

  test('an issuer with a slash at its end is another one, and has its keys where it says', async () => {
    const { issuer } = suite.tpdp
    const iss = `${issuer.issuer}/`
    const openFga = inject('openFga')
    const given = [{ PDP_ISSUER: iss }, { PDP_ISSUER: iss, PDP_JWKS_URL: `${issuer.issuer}/keys/` }]
    for (const env of given) {
      const there = await startTestPdp({ openFga, issuer, env })
      onTestFinished(() => there.stop())
      const asked = async (claims: JWTPayload) =>
        (await there.call('GET', '/v1/grants', { as: await issuer.sign({ ...payload(), ...claims }, {}) })).status
      expect([await asked({ iss }), await asked({})]).toEqual([403, 401])
    }
    expect(issuer.asked.filter((path) => path.endsWith('/keys/'))).not.toEqual([])
  })

  test('A7: a person’s token is good from an interactive client or a registered agent alone', async () => {
    const { world, tpdp } = suite
    const from = async (azp: string) =>
      (await tpdp.call('GET', '/v1/grants', { as: { sub: world.id('A'), azp } })).status
    for (const azp of ['desktop', 'auditor', 'console', 'mandate-cli']) expect(await from(azp), azp).toBe(200)
    for (const azp of ['trips', 'wards', 'nobody', 'DESKTOP', world.id('A')]) expect(await from(azp), azp).toBe(401)
    expect(await from(world.id('X'))).toBe(403)
  })
})

describe('A4: who may ask about whom', () => {
  const FORBIDDEN = [403, 'forbidden']
  const ask = async (as: TokenClaims, ask_: Ask, change: object = {}): Promise<readonly unknown[]> => {
    const body = { ...suite.world.question(ask_), ...change }
    const answer = await suite.tpdp.call('POST', '/access/v1/evaluation', { as, body })
    return answer.status === 200 ? [answer.body.context.reason] : refusal(answer)
  }
  const A = { subject: 'A', ...FLIGHT } as const
  const XA = { ...A, actor: 'X' } as const

  test('a person about themself', async () => {
    const { world } = suite
    expect(await ask(world.as('A'), A)).toEqual(['owner'])
    expect(await ask(world.as('S'), A)).toEqual(FORBIDDEN)
    expect(await ask(world.as('B'), A)).toEqual(FORBIDDEN)
    expect(await ask(world.as('S'), { subject: 'S', ...FLIGHT })).toEqual(['no_grant'])
  })

  test('an agent about itself, as subject or as actor', async () => {
    const { world } = suite
    expect(await ask(world.as('X'), { subject: 'X', ...FLIGHT })).toEqual(['no_grant'])
    expect(await ask(world.as('X'), XA)).toEqual(['no_grant'])
    expect(await ask(world.as('X'), A)).toEqual(FORBIDDEN)
    expect(await ask(world.as('X2'), XA)).toEqual(FORBIDDEN)
    expect(await ask(world.as('X'), { subject: 'X2', ...FLIGHT })).toEqual(FORBIDDEN)
  })

  test('an agent with a person`s token about that person and itself', async () => {
    const { world } = suite
    const forA = { sub: world.id('A'), azp: world.id('X') }
    expect(await ask(forA, XA)).toEqual(['no_grant'])
    expect(await ask(forA, A)).toEqual(FORBIDDEN)
    expect(await ask(forA, { ...A, actor: 'X2' })).toEqual(FORBIDDEN)
    expect(await ask(forA, { subject: 'S', actor: 'X', ...FLIGHT })).toEqual(FORBIDDEN)
  })

  test('a service about its types, whoever it is', async () => {
    const wards = { sub: 'service-account-wards', azp: 'wards', svc: 'wards' }
    expect(await ask(TRIPS, A)).toEqual(['owner'])
    expect(await ask(wards, A)).toEqual(FORBIDDEN)
    expect(await ask(TRIPS, A, { resource: { type: 'care_plan', id: 'p' } })).toEqual(FORBIDDEN)
    expect(await ask({ sub: 'x', azp: 'unheard-of', svc: 'unheard-of' }, A)).toEqual(FORBIDDEN)
  })

  test('an auditor may ask what-if; other roles may not, nor may the role in another client`s token', async () => {
    const { world } = suite
    expect(await ask({ ...AUDITOR }, A)).toEqual(['owner'])
    for (const role of ['operator', 'persona-admin', 'root']) expect(await ask(world.staff(role), A)).toEqual(FORBIDDEN)
    expect(await ask({ sub: 'x', azp: world.id('X'), roles: ['auditor'] }, A)).toEqual(FORBIDDEN)
    expect(await ask({ ...world.as('X2'), roles: ['auditor'] }, A)).toEqual(FORBIDDEN)
  })
})

describe('who is told why', () => {
  test('limits and administrators` words go to the service, the owner and auditors', async () => {
    const { world, tpdp } = suite
    const hotel = { planned_price: { amount: 500_001, currency: 'EUR' } }
    await suite.give({ from: 'A', to: 'X', actions: ['execute'] })
    const question = world.question({ subject: 'A', actor: 'X', ...FLIGHT, attributes: hotel })
    const told = async (as: TokenClaims) => {
      const { body } = await tpdp.call('POST', '/access/v1/evaluation', { as, body: question })
      return body.context
    }
    const numbers = { limit: 500_000, actual: 500_001, currency: 'EUR', reason_admin: expect.any(String) }
    for (const as of [TRIPS, world.as('A'), { ...AUDITOR }])
      expect(await told(as)).toMatchObject({ reasons: [numbers], owner: world.ref('A'), policy: expect.any(String) })
    for (const as of [world.as('X'), { sub: world.id('A'), azp: world.id('X') }]) {
      const context = await told(as)
      expect(context.reason).toBe('price_above_limit')
      for (const member of Object.keys(numbers)) expect(context.reasons[0]).not.toHaveProperty(member)
      expect(context).not.toHaveProperty('owner')
    }
  })

  test('to a person what is not registered and what is not theirs look the same', async () => {
    const { world, tpdp } = suite
    const asked = async (resource: object, persona?: string) => {
      const { subject, ...question } = world.question({ subject: 'S', ...FLIGHT })
      const changed = persona ? { ...subject, properties: { ...subject.properties, persona } } : subject
      const body = { ...question, subject: changed, resource }
      const { context } = (await tpdp.call('POST', '/access/v1/evaluation', { as: world.as('S'), body })).body
      const { evaluation_id: _id, evaluated_at: _at, ...rest } = context
      return rest
    }
    const properties = { risk: 0 }
    const id = world.named.get('T')
    for (const persona of [undefined, 'traveler/nobodys', 'no persona'])
      expect(await asked({ type: 'workflow', id: 'no-such-trip', properties }, persona)).toEqual(
        await asked({ type: 'workflow', id, properties }, persona),
      )
  })
})

describe('A6: what is administered by whom', () => {
  let path: string
  beforeAll(() => {
    path = `/v1/resources/${suite.world.scope('T').replace(':', '/')}`
  })

  test('resources by the service of their type, with its own token', async () => {
    const { world } = suite
    const body = { owner: world.ref('S'), owner_persona: 'traveler/other' }
    const wards = { sub: 'service-account-wards', azp: 'wards', svc: 'wards' }
    for (const as of [world.as('A'), world.as('X'), world.staff('operator'), { ...AUDITOR }, wards])
      for (const method of ['PUT', 'GET', 'DELETE'])
        expect(refusal(await world.call(method, path, as, method === 'PUT' ? body : undefined))).toEqual([
          403,
          'forbidden',
        ])
    expect((await world.call('GET', path, TRIPS)).body).toMatchObject({
      owner: world.ref('A'),
      owner_persona: 'traveler/family',
    })
  })

  test('a service gives nothing, takes no persona and lists no grants', async () => {
    const { world } = suite
    const grant = { delegate: world.ref('B'), actions: ['read'], scope: world.scope('T') }
    expect(refusal(await world.call('POST', '/v1/grants', TRIPS, grant))).toEqual([403, 'in_person_only'])
    const persona = { title: 'traveler', circle: 'family' }
    expect(refusal(await world.call('POST', '/v1/personas', TRIPS, persona))).toEqual([403, 'in_person_only'])
    expect(refusal(await world.call('GET', '/v1/grants', TRIPS))).toEqual([403, 'forbidden'])
  })

  test('an agent with a person`s token lists and reads nothing of theirs', async () => {
    const { world } = suite
    const id = await suite.give({ from: 'A', to: 'C', actions: ['read'] })
    const forA = { sub: world.id('A'), azp: world.id('X') }
    for (const at of ['/v1/grants', `/v1/grants/${id}`, '/v1/personas'])
      expect(refusal(await world.call('GET', at, forA)), at).toEqual([403, 'in_person_only'])
  })
})
