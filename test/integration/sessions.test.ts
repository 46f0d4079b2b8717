/**
 * Sessions that ended at the identity provider (OpenID Connect Back-Channel Logout 1.0): denied from the moment the PDP was told,
 * though their tokens live on.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
let sid: string
beforeEach(() => {
  sid = randomUUID()
})

const now = (): number => Math.floor(Date.now() / 1000)
const claims = (more: object = {}) => ({
  iss: suite.tpdp.issuer.issuer,
  aud: 'desktop',
  sub: suite.world.id('A'),
  sid,
  iat: now(),
  exp: now() + 120,
  jti: randomUUID(),
  events: { [EVENT]: {} },
  ...more,
})
const logout = async (payload: object = claims(), header: object = { typ: 'logout+jwt' }) => {
  const token = await suite.tpdp.issuer.sign({ ...payload }, header)
  return send(new URLSearchParams({ logout_token: token }))
}
const send = (body: URLSearchParams | string, type = 'application/x-www-form-urlencoded') =>
  fetch(`${suite.tpdp.pdp.url}/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: body.toString(),
  })

const FLIGHT = { action: 'execute', item: 'flight' } as const
const ask = async (session: unknown) => {
  const question = suite.world.question({ subject: 'A', ...FLIGHT })
  const subject = { ...question.subject, properties: { ...question.subject.properties, sid: session } }
  const as = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
  const { body } = await suite.world.call('POST', '/access/v1/evaluation', as, { ...question, subject })
  return [body.decision, body.context?.reasons.map(({ code }: { readonly code: string }) => code)]
}

test('whatever names the session is denied from then on, and nothing else is', async () => {
  expect(await ask(sid)).toEqual([true, ['owner']])
  const { status, headers } = await logout()
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(await ask(sid)).toEqual([false, ['session_ended']])
  expect(await ask(randomUUID())).toEqual([true, ['owner']])
  expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
})

test('its own tokens are refused by the PDP, also one that was verified before', async () => {
  const as = { ...suite.world.as('A'), sid }
  expect((await suite.tpdp.call('GET', '/v1/personas', { as })).status).toBe(200)
  await logout()
  const { status, body } = await suite.tpdp.call('GET', '/v1/personas', { as })
  expect([status, body.code]).toEqual([401, 'unauthenticated'])
})

test('a restart forgets nothing; a quarter of an hour later there is nothing left to deny', async () => {
  await logout()
  await suite.tpdp.restart()
  expect(await ask(sid)).toEqual([false, ['session_ended']])
  suite.tpdp.advance(15 * 60_000 + 1)
  expect((await ask(sid))[1]).not.toContain('session_ended')
})

test('it stands in the log by pseudonym, without the session', async () => {
  await suite.world.take('A', 'traveler/family')
  await logout()
  const { body, text } = await suite.world.call('GET', '/v1/decisions?kind=session_ended&limit=1', AUDITOR)
  expect(body.entries[0].subject).toMatch(/^user:p_/)
  expect(text).not.toContain(sid)
  expect(text).not.toContain(suite.world.id('A'))
})

describe('a logout token without a session ends all of its person`s', () => {
  const all = (more: object = {}) => logout(claims({ sid: undefined, ...more }))
  const askAt = async (session: unknown, iat: number) => {
    const question = suite.world.question({ subject: 'A', ...FLIGHT })
    const subject = { ...question.subject, properties: { ...question.subject.properties, sid: session, iat } }
    const as = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
    return (await suite.world.call('POST', '/access/v1/evaluation', as, { ...question, subject })).body.decision
  }

  test('whatever sessions there are, here and after a restart; of nobody else', async () => {
    const A = suite.world.as('A')
    const tokens = await Promise.all(
      [randomUUID(), randomUUID()].map((one) => suite.tpdp.issuer.token({ ...A, sid: one })),
    )
    const status = () =>
      Promise.all(tokens.map(async (as) => (await suite.tpdp.call('GET', '/v1/personas', { as })).status))
    expect(await status()).toEqual([200, 200])
    expect((await all()).status).toBe(200)
    expect(await status()).toEqual([401, 401])
    expect(await ask(randomUUID())).toEqual([false, ['session_ended']])
    await suite.tpdp.restart()
    expect(await status()).toEqual([401, 401])
    expect((await suite.world.call('GET', '/v1/personas', suite.world.as('B'))).status).toBe(200)
    // What names no session is about none.
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
  })

  test('a session that began after it goes on, also when it comes twice or late', async () => {
    const at = now() - 60
    const token = claims({ sid: undefined, iat: at })
    for (const _ of [1, 2]) expect((await logout(token)).status).toBe(200)
    expect((await all({ iat: at - 30 })).status).toBe(200)
    expect((await suite.world.call('GET', '/v1/personas', suite.world.as('A'))).status).toBe(200)
    expect([await askAt(sid, at), await askAt(sid, at + 1)]).toEqual([false, true])
  })

  test('it is remembered for as long as a token lives', async () => {
    await all()
    expect(await ask(sid)).toEqual([false, ['session_ended']])
    suite.tpdp.advance(15 * 60_000 + 1)
    expect((await ask(sid))[1]).not.toContain('session_ended')
  })
})

describe('a stream ends with its session', () => {
  const open = async (as: TokenClaims) => {
    const { tpdp } = suite
    const headers = { authorization: `Bearer ${await tpdp.issuer.token(as)}` }
    const response = await fetch(`${tpdp.pdp.url}/v1/decisions/stream`, { headers })
    expect(response.status).toBe(200)
    return response
  }

  test.for<readonly [string, () => TokenClaims, () => object]>([
    ['a person`s', () => ({ ...suite.world.as('A'), sid }), () => claims()],
    ['an auditor`s', () => ({ ...AUDITOR, sid }), () => claims({ sub: AUDITOR.sub, aud: 'auditor' })],
    [
      'an auditor`s, when all of theirs end',
      () => ({ ...AUDITOR, sid }),
      () => claims({ sub: AUDITOR.sub, sid: undefined }),
    ],
  ])('%s', async ([, as, ended]) => {
    const stream = await open(as())
    const other = await open(suite.world.as('B'))
    await logout(ended())
    // Ends, or the test runs out of time.
    await stream.text()
    const reader = other.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await reader?.cancel()
  })
})

describe('what is no logout token ends nothing', () => {
  test.for<readonly [string, () => object, object?]>([
    ['an access token', () => claims(), { typ: 'at+jwt' }],
    ['of another issuer', () => claims({ iss: 'https://evil.example' })],
    ['for a client that is none of ours', () => claims({ aud: 'evil' })],
    ['without the event', () => claims({ events: {} })],
    ['with a nonce, so an ID token', () => claims({ nonce: 'n' })],
    ['without a session or a person', () => claims({ sid: undefined, sub: undefined })],
    ['of a person with too long a name', () => claims({ sub: 'a'.repeat(256) })],
    ['without an id', () => claims({ jti: undefined })],
    ['expired', () => claims({ iat: now() - 900, exp: now() - 600 })],
    ['from ten minutes ago', () => claims({ iat: now() - 600 })],
  ])('%s', async ([, payload, header]) => {
    expect((await logout(payload(), header)).status).toBe(400)
    expect(await ask(sid)).toEqual([true, ['owner']])
  })
  test('nothing, something else, too much', async () => {
    expect((await send('')).status).toBe(400)
    expect((await send('{}', 'application/json')).status).toBe(400)
    expect((await send('logout_token=a.b.c')).status).toBe(400)
    expect((await send('logout_token=a.b.c&logout_token=a.b.c')).status).toBe(400)
    expect((await send('a=1&b=2&c=3&d=4&e=5&logout_token=%')).status).toBe(400)
    expect((await send('logout_token=a', 'application/x-www-form-urlencoded; charset=utf-32')).status).toBe(400)
    expect((await send(`logout_token=${'a'.repeat(20_000)}`)).status).toBe(413)
  })
  test('a session that is no text is malformed', async () => {
    expect((await ask(5))[0]).toBeUndefined()
  })
})

test('security events are off where no transmitter of them is configured', async () => {
  const headers = { 'content-type': 'application/secevent+jwt' }
  const { status } = await fetch(`${suite.tpdp.pdp.url}/v1/signals`, { method: 'POST', headers, body: 'a.b.c' })
  expect(status).toBe(404)
})
