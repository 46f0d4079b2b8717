/**
 * Security events (OpenID Shared Signals Framework 1.0, CAEP 1.0, RISC 1.0) that are pushed to `POST /v1/signals` (RFC 8935), signed by transmitters with keys
 * of their own.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { startIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const BEARER = 'a-bearer-of-the-security-service-0123456789'
const OTHER_BEARER = 'a-bearer-of-another-service-0123456789abcdef'
const FORMER_BEARER = 'a-bearer-that-the-security-service-had-before'
const LOST_BEARER = 'a-bearer-of-a-service-that-does-not-answer-0'
const LOST = 'https://lost.example'
const AUDIENCE = 'https://pdp.example/v1/signals'
const transmitter = await startIssuer()
const another = await startIssuer()
const configured = (issuer: string, bearer: string | readonly string[]) => ({
  issuer,
  bearer,
  jwks_url: `${issuer}/certs`,
  audience: AUDIENCE,
})
const es256 = await generateKeyPair('ES256')
const suite = useSuite({
  env: {
    PDP_SIGNALS: JSON.stringify([
      configured(transmitter.issuer, [BEARER, FORMER_BEARER]),
      { ...configured(another.issuer, OTHER_BEARER), algorithms: ['ES256'] },
      // Port 1 refuses connections.
      { ...configured(LOST, LOST_BEARER), jwks_url: 'http://127.0.0.1:1/certs' },
    ]),
  },
})
afterAll(async () => {
  await transmitter.stop()
  await another.stop()
})

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/'
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

let sid: string
beforeEach(() => {
  sid = randomUUID()
})
const now = (): number => Math.floor(Date.now() / 1000)
const user = (name = 'A') => ({ format: 'iss_sub', iss: suite.tpdp.issuer.issuer, sub: suite.world.id(name) })
const session = () => ({ format: 'opaque', id: sid })
const claims = (uri: string, subject: object, event: object = {}, more: object = {}) => ({
  iss: transmitter.issuer,
  aud: AUDIENCE,
  iat: now(),
  jti: randomUUID(),
  sub_id: subject,
  events: { [uri]: event },
  ...more,
})
const revoked = (more: object = {}) => claims(`${CAEP}session-revoked`, session(), {}, more)
const sign = (payload: object, header: object = {}) =>
  transmitter.sign({ ...payload }, { typ: 'secevent+jwt', ...header })

interface Delivery {
  readonly authorization?: string | undefined
  readonly type?: string
}
const push = async (token: string, { authorization = `Bearer ${BEARER}`, type }: Delivery = {}) => {
  const response = await fetch(`${suite.tpdp.pdp.url}/v1/signals`, {
    method: 'POST',
    headers: {
      'content-type': type ?? 'application/secevent+jwt',
      accept: 'application/json',
      ...(authorization ? { authorization } : {}),
    },
    body: token,
  })
  const text = await response.text()
  return { status: response.status, err: text === '' ? undefined : JSON.parse(text).err, text }
}
const accept = async (payload: object): Promise<string> => {
  const token = await sign(payload)
  expect(await push(token)).toEqual({ status: 202, err: undefined, text: '' })
  return token
}

const ask = async (who: string, of: string | undefined, iat?: number) => {
  const question = suite.world.question({ subject: who, action: 'execute', item: 'flight' })
  const properties = { ...question.subject.properties, ...(of ? { sid: of } : {}), ...(iat ? { iat } : {}) }
  const as = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
  const body = { ...question, subject: { ...question.subject, properties } }
  return (await suite.world.call('POST', '/access/v1/evaluation', as, body)).body.decision
}
/** Status of a request with a person's own token. */
const read = async (token: string) => (await suite.tpdp.call('GET', '/v1/personas', { as: token })).status
const tokenOf = (name = 'A', more: Partial<TokenClaims> = {}) =>
  suite.tpdp.issuer.token({ ...suite.world.as(name), ...more })
const newest = async (kind: string) =>
  (await suite.world.call('GET', `/v1/decisions?kind=${kind}&limit=5`, AUDITOR)).body.entries as readonly {
    readonly subject?: string
    readonly caller: string
    readonly change: object
  }[]

describe('session-revoked', () => {
  test('ends the session that it names, also its own tokens, and no other', async () => {
    const mine = await tokenOf('A', { sid })
    expect([await read(mine), await ask('A', sid)]).toEqual([200, true])
    await accept(claims(`${CAEP}session-revoked`, { format: 'complex', session: session(), user: user() }))
    expect([await read(mine), await ask('A', sid)]).toEqual([401, false])
    expect([await read(await tokenOf()), await ask('A', randomUUID())]).toEqual([200, true])
  })

  test('a simple opaque subject is a session', async () => {
    await accept(revoked())
    expect(await ask('A', sid)).toBe(false)
  })

  test('of a person, by iss_sub or in a complex subject, ends all of theirs that began before', async () => {
    const of = [user(), { format: 'complex', user: user(), device: { format: 'opaque', id: 'd' } }]
    for (const [index, subject] of of.entries()) {
      const at = now() - 60 + index
      await accept(claims(`${CAEP}session-revoked`, subject, { event_timestamp: at }))
      expect([await ask('A', sid, at), await ask('A', sid, at + 1)]).toEqual([false, true])
      expect(await read(await tokenOf('B'))).toBe(200)
    }
  })

  test('stands in the log by pseudonym, with its transmitter and without the session', async () => {
    await suite.world.take('A', 'traveler/family')
    await accept(claims(`${CAEP}session-revoked`, { format: 'complex', session: session(), user: user() }))
    const [entry] = await newest('session_ended')
    expect(entry).toMatchObject({
      caller: 'service:signals',
      subject: expect.stringMatching(/^user:p_/),
      change: { event: 'session-revoked', transmitter: transmitter.issuer },
    })
    expect(JSON.stringify(entry)).not.toContain(sid)
    expect(JSON.stringify(entry)).not.toContain(suite.world.id('A'))
  })

  test('ends an open stream', async () => {
    const { tpdp } = suite
    const headers = { authorization: `Bearer ${await tokenOf('A', { sid })}` }
    const stream = await fetch(`${tpdp.pdp.url}/v1/decisions/stream`, { headers })
    expect(stream.status).toBe(200)
    await accept(revoked())
    // Ends, or the test runs out of time.
    await stream.text()
  })
})

test('credential-change ends the sessions before it, unless a credential was only added', async () => {
  const at = now() - 10
  const change = (type: string) =>
    accept(
      claims(`${CAEP}credential-change`, user(), {
        event_timestamp: at,
        change_type: type,
        credential_type: 'password',
      }),
    )
  await change('create')
  expect(await ask('A', sid, at)).toBe(true)
  await change('update')
  expect([await ask('A', sid, at), await ask('A', sid, at + 1)]).toEqual([false, true])
})

describe('account-disabled', () => {
  test('ends every session, also later ones and after a restart, until account-enabled', async () => {
    const at = now() - 100
    const [before, other] = [await tokenOf(), await tokenOf('B')]
    const disabled = await accept(
      claims(`${RISC}account-disabled`, user(), { event_timestamp: at, reason: 'hijacking' }),
    )
    const refusedNow = async () => [await read(before), await read(await tokenOf()), await ask('A', sid, at + 50)]
    expect(await refusedNow()).toEqual([401, 401, false])
    expect(await read(other)).toBe(200)
    await suite.tpdp.restart()
    expect(await refusedNow()).toEqual([401, 401, false])
    // Longer than any token lives.
    suite.tpdp.advance(16 * 60_000)
    expect(await ask('A', sid, at + 50)).toBe(false)

    await accept(claims(`${RISC}account-enabled`, user(), { event_timestamp: at + 60 }))
    expect([await read(await tokenOf()), await ask('A', sid, at + 50)]).toEqual([200, true])
    const [entry] = await newest('account_enabled')
    expect(entry?.change).toEqual({ event: 'account-enabled', transmitter: transmitter.issuer })

    // The same SET again, and another one about an earlier instant that comes late.
    expect((await push(disabled)).status).toBe(202)
    await accept(claims(`${RISC}account-disabled`, user(), { event_timestamp: at + 30 }))
    expect(await read(await tokenOf())).toBe(200)
  })

  test('a token from before stays refused when the login is enabled again', async () => {
    const at = now() - 20
    await accept(claims(`${RISC}account-disabled`, user(), { event_timestamp: at }))
    await accept(claims(`${RISC}account-enabled`, user(), { event_timestamp: at + 10 }))
    expect([await ask('A', sid, at), await ask('A', sid, at + 11)]).toEqual([false, true])
  })

  test('account-enabled of before does not undo it; account-purged does the same as account-disabled', async () => {
    const at = now() - 20
    await accept(claims(`${RISC}account-purged`, user('B'), { event_timestamp: at }))
    await accept(claims(`${RISC}account-enabled`, user('B'), { event_timestamp: at }))
    expect(await read(await tokenOf('B'))).toBe(401)
  })
})

test('a SET is carried out once, also over a restart: it is accepted again, and changes and records nothing', async () => {
  const token = await accept(revoked())
  const count = async () => (await newest('session_ended')).map((entry) => JSON.stringify(entry))
  const entries = await count()
  await suite.tpdp.restart()
  expect((await push(token)).status).toBe(202)
  expect(await count()).toEqual(entries)
  const metrics = await (await fetch(`${suite.tpdp.pdp.url}/metrics`)).text()
  expect(metrics).toContain('mandate_signals_total{event="session-revoked",outcome="repeated"} 1')
})

test('verification and changes of the stream are accepted; so are unknown events, which do nothing', async () => {
  const stream = { format: 'opaque', id: 'stream-1' }
  await accept(claims(`${SSF}verification`, stream, { state: 'VGhpcw' }))
  await accept(claims(`${SSF}stream-updated`, stream, { status: 'paused', reason: 'License is not valid' }))
  expect(suite.tpdp.operations.join('')).toMatch(/"status":"paused","msg":"a transmitter changed its stream of events"/)
  await accept(
    claims(`${CAEP}device-compliance-change`, { format: 'email', email: 'a@b.example' }, { event_timestamp: 'x' }),
  )
  const metrics = await (await fetch(`${suite.tpdp.pdp.url}/metrics`)).text()
  expect(metrics).toContain('mandate_signals_total{event="verification",outcome="applied"}')
  expect(metrics).toContain('mandate_signals_total{event="other",outcome="ignored"}')
})

test('while its bearer is replaced, a transmitter may send either', async () => {
  for (const bearer of [BEARER, FORMER_BEARER])
    expect(await push(await sign(revoked()), { authorization: `Bearer ${bearer}` })).toMatchObject({ status: 202 })
})

describe('a delivery that is refused ends nothing', () => {
  const foreign = (payload: object) =>
    new SignJWT({ ...payload })
      .setProtectedHeader({ alg: 'ES256', kid: 'test', typ: 'secevent+jwt' })
      .sign(es256.privateKey)
  const refused: readonly (readonly [string, string, () => Promise<string>, Delivery?])[] = [
    ['without a bearer', 'authentication_failed', () => sign(revoked()), { authorization: '' }],
    ['a wrong bearer', 'authentication_failed', () => sign(revoked()), { authorization: `Bearer ${BEARER}x` }],
    [
      'the bearer of another transmitter',
      'access_denied',
      () => sign(revoked()),
      { authorization: `Bearer ${OTHER_BEARER}` },
    ],
    ['a foreign issuer', 'invalid_issuer', () => sign(revoked({ iss: 'https://evil.example' }))],
    ['the issuer of access tokens', 'invalid_issuer', () => sign(revoked({ iss: suite.tpdp.issuer.issuer }))],
    ['a foreign audience', 'invalid_audience', () => sign(revoked({ aud: ['https://other.example'] }))],
    ['without an audience', 'invalid_audience', () => sign(revoked({ aud: undefined }))],
    ['a key that is not the issuer`s', 'invalid_key', () => foreign(revoked())],
    ['alg none', 'invalid_key', async () => new UnsecuredJWT({ ...revoked() }).encode()],
    [
      'a symmetric algorithm',
      'invalid_key',
      () =>
        new SignJWT({ ...revoked() })
          .setProtectedHeader({ alg: 'HS256', kid: 'test', typ: 'secevent+jwt' })
          .sign(new TextEncoder().encode('a-secret-that-is-long-enough-for-hs256')),
    ],
    [
      'an algorithm that is not configured for the transmitter',
      'invalid_key',
      () => another.sign({ ...revoked({ iss: another.issuer }) }, { typ: 'secevent+jwt' }),
      { authorization: `Bearer ${OTHER_BEARER}` },
    ],
    ['an access token', 'invalid_request', () => sign(revoked(), { typ: 'at+jwt' })],
    ['an ID token', 'invalid_request', () => sign(revoked({ nonce: 'n' }), { typ: 'JWT' })],
    ['a logout token', 'invalid_request', () => sign(revoked({ events: { [LOGOUT]: {} } }), { typ: 'logout+jwt' })],
    ['with exp', 'invalid_request', () => sign(revoked({ exp: now() + 60 }))],
    ['with an exp that has passed', 'invalid_request', () => sign(revoked({ exp: now() - 60 }))],
    ['with sub', 'invalid_request', () => sign(revoked({ sub: suite.world.id('A') }))],
    ['without jti', 'invalid_request', () => sign(revoked({ jti: undefined }))],
    ['without iat', 'invalid_request', () => sign(revoked({ iat: undefined }))],
    ['older than a week', 'invalid_request', () => sign(revoked({ iat: now() - 8 * 86_400 }))],
    ['from the future', 'invalid_request', () => sign(revoked({ iat: now() + 600 }))],
    [
      'an event after its own iat',
      'invalid_request',
      () => sign(claims(`${CAEP}session-revoked`, session(), { event_timestamp: now() + 600 })),
    ],
    ['without events', 'invalid_request', () => sign(revoked({ events: {} }))],
    ['events that are no object', 'invalid_request', () => sign(revoked({ events: [] }))],
    ['without a subject', 'invalid_request', () => sign(revoked({ sub_id: undefined }))],
    [
      'a subject by e-mail',
      'invalid_request',
      () => sign(revoked({ sub_id: { format: 'email', email: 'a@b.example' } })),
    ],
    [
      'a person of another issuer',
      'invalid_request',
      () => sign(revoked({ sub_id: { ...user(), iss: 'https://evil.example' } })),
    ],
    ['a device alone', 'invalid_request', () => sign(revoked({ sub_id: { format: 'complex', device: session() } }))],
    ['a sub that is too long', 'invalid_request', () => sign(revoked({ sub_id: { ...user(), sub: 'a'.repeat(256) } }))],
    ['no JWS', 'invalid_request', async () => 'a.b.c'],
    ['nothing', 'invalid_request', async () => ''],
    ['another content type', 'invalid_request', () => sign(revoked()), { type: 'application/json' }],
  ]
  // One test for all of them: each would need a world of its own.
  test('with the error code of RFC 8935', async () => {
    const answers: unknown[] = []
    for (const [name, , token, delivery] of refused) {
      const { status, err, text } = await push(await token(), delivery)
      answers.push([name, status, err])
      expect(Object.keys(JSON.parse(text))).toEqual(['err', 'description'])
      expect(text).not.toContain(sid)
    }
    expect(answers).toEqual(refused.map(([name, err]) => [name, 400, err]))
    expect([await ask('A', sid), await ask('A', sid, now() - 60)]).toEqual([true, true])
  })

  test('too large', async () => {
    expect((await push('a'.repeat(70_000))).status).toBe(413)
  })

  test('a SET is neither a logout token nor an access token', async () => {
    const sub = suite.world.id('A')
    const set = { ...revoked(), iss: suite.tpdp.issuer.issuer, aud: ['desktop', 'pdp'], sub, sid, exp: now() + 60 }
    const token = await suite.tpdp.issuer.sign({ ...set, events: { [LOGOUT]: {} } }, { typ: 'secevent+jwt' })
    const body = new URLSearchParams({ logout_token: token })
    expect((await fetch(`${suite.tpdp.pdp.url}/backchannel-logout`, { method: 'POST', body })).status).toBe(400)
    expect(await read(token)).toBe(401)
    expect(await ask('A', sid)).toBe(true)
  })
})

test('is 503 while the keys of its transmitter cannot be fetched, so that it is delivered again', async () => {
  const token = await sign(revoked({ iss: LOST }))
  expect((await push(token, { authorization: `Bearer ${LOST_BEARER}` })).status).toBe(503)
})
