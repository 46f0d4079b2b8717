/**
 * What a thief of a code, a token or a login name may try, and what ends with it.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { proofFor } from '../../../desktop/src/main/proof-of-possession.ts'
import {
  type Arrived,
  exchange,
  narrow,
  type RealmClient,
  read,
  realmClient,
  redeem,
  requestCode,
  serviceToken,
  signIn,
} from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const ALL = 'openid trips pdp booking-agent'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export function attacksContract(subject: Subject): void {
  let desktop: RealmClient
  let cli: RealmClient
  let agent: RealmClient

  const carlo = () => personOf(subject(), 'carlo')
  const endpoint = (name: string) => `${subject().identity.issuer}/protocol/openid-connect/${name}`
  const basic = (client: 'trips' | 'booking-agent') => {
    const pair = `${client}:${subject().identity.clientSecrets[client]}`
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
  }
  const post = async (name: string, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) => {
    const response = await fetch(endpoint(name), { method: 'POST', headers, body: new URLSearchParams(form) })
    const body = await response.text()
    const { error } = body.startsWith('{') ? JSON.parse(body) : {}
    return { status: response.status, error, hasToken: body.includes('"access_token"') }
  }
  const proof = async (
    client: RealmClient,
    name: string,
    options: { token?: string; method?: 'GET'; at?: number } = {},
  ) => {
    const { token, method = 'POST', at = Date.now() } = options
    const asked = {
      url: new URL(endpoint(name)),
      method,
      now: at,
      ...(token !== undefined && { accessToken: token }),
    } as const
    return await proofFor(client.dpopKey ?? expect.unreachable(), asked)
  }
  /** As the desktop asks. */
  const userinfo = async (token: string, dpop?: string): Promise<number> => {
    const given = dpop ?? (await proof(desktop, 'userinfo', { token, method: 'GET' }))
    const headers = { authorization: `Bearer ${token}`, ...(given !== '' && { dpop: given }) }
    return (await fetch(endpoint('userinfo'), { headers })).status
  }

  beforeAll(async () => {
    const { issuer, clientSecrets } = subject().identity
    desktop = await realmClient(issuer, 'desktop')
    cli = await realmClient(issuer, 'mandate-cli')
    agent = await realmClient(issuer, 'booking-agent', clientSecrets['booking-agent'])
  })

  describe('a stolen code', () => {
    test.for([
      ['another verifier', { code_verifier: 'x'.repeat(43) }],
      ['no verifier', {}],
      ['another redirect URI', { redirect_uri: 'http://127.0.0.1:9/callback' }],
      ['another client', { client_id: 'mandate-cli' }],
      ['no key', {}],
      ['another key', {}],
    ] as const)('that is tried with %s is used up', async ([what, deviation]) => {
      const arrived = await requestCode(desktop, carlo(), ALL)
      const { code_verifier, ...rest } = formOf(arrived)
      const form = { ...rest, ...(what !== 'no verifier' && { code_verifier }), ...deviation }
      const dpop = await proof(what === 'another key' ? cli : desktop, 'token')
      const tried = await post('token', form, what === 'no key' ? {} : { dpop })
      expect(tried).toMatchObject({ status: 400, hasToken: false })
      await expect(redeem(desktop, arrived)).rejects.toMatchObject({ error: 'invalid_grant' })
    })

    test('that was redeemed ends what it was redeemed for', async () => {
      const arrived = await requestCode(desktop, carlo(), ALL)
      const session = await redeem(desktop, arrived)
      await expect(redeem(desktop, arrived)).rejects.toMatchObject({ error: 'invalid_grant' })
      await expectEnded(session)
    })

    test('of requests at the same moment at most one redeems it', async () => {
      const arrived = await requestCode(desktop, carlo(), ALL)
      const tries = await Promise.allSettled(Array.from({ length: 4 }, () => redeem(desktop, arrived)))
      expect(tries.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1)
    })
  })

  describe('a stolen refresh token', () => {
    test('that is used twice ends exchange and UserInfo, too', async () => {
      const session = await signIn(desktop, carlo(), ALL)
      const next = await narrow(desktop, refreshTokenOf(session), 'booking-agent')
      await expect(narrow(desktop, refreshTokenOf(session), 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
      await expectEnded(next)
    })

    test('is not refreshed or revoked without its key, or by another client, and stays as it is', async () => {
      const session = await signIn(desktop, carlo(), 'openid pdp')
      const token = refreshTokenOf(session)
      const refresh = { grant_type: 'refresh_token', refresh_token: token }
      const refused = [
        await post('token', { ...refresh, client_id: 'desktop' }),
        await post('token', { ...refresh, client_id: 'mandate-cli' }, { dpop: await proof(desktop, 'token') }),
        await post('revoke', { token, client_id: 'desktop' }),
        await post('revoke', { token, client_id: 'mandate-cli' }),
        await post('revoke', { token }, basic('trips')),
      ]
      expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400])
      expect(await narrow(desktop, token, 'pdp')).toHaveProperty('access_token')
    })

    test('that is revoked ends refresh, exchange and UserInfo', async () => {
      const session = await signIn(desktop, carlo(), ALL)
      const form = { token: refreshTokenOf(session), client_id: 'desktop' }
      expect((await post('revoke', form, { dpop: await proof(desktop, 'revoke') })).status).toBe(200)
      await expectEnded(session)
    })
  })

  describe('a proof', () => {
    test.for([-60, 60])('of another time (%i s) is refused', async (seconds) => {
      const arrived = await requestCode(desktop, carlo(), 'openid pdp')
      const dpop = await proof(desktop, 'token', { at: Date.now() + seconds * 1_000 })
      expect(await post('token', formOf(arrived), { dpop })).toMatchObject({ status: 400, hasToken: false })
    })

    test('is accepted once', async () => {
      const session = await signIn(desktop, carlo(), 'openid pdp')
      const dpop = await proof(desktop, 'token')
      const form = { grant_type: 'refresh_token', client_id: 'desktop', refresh_token: refreshTokenOf(session) }
      const first = await fetch(endpoint('token'), {
        method: 'POST',
        headers: { dpop },
        body: new URLSearchParams(form),
      })
      const { refresh_token: next } = (await first.json()) as { readonly refresh_token: string }
      expect(first.status).toBe(200)
      expect((await post('token', { ...form, refresh_token: next }, { dpop })).status).toBe(400)
    })

    test('is needed at UserInfo, and the scope openid', async () => {
      const session = await signIn(desktop, carlo(), ALL)
      expect(await userinfo(session.access_token)).toBe(200)
      expect(await userinfo(session.access_token, '')).toBeGreaterThanOrEqual(400)
      const stranger = await exchange(agent, session.access_token, 'trips')
      expect(await userinfo(stranger.access_token)).toBe(403)
    })
  })

  describe('refused in an authorization request', () => {
    test.for([
      ['a resource that is not the realm`s', { resource: 'urn:other' }, 'invalid_target'],
      ['authorization details', { authorization_details: '[{"type":"x"}]' }, 'invalid_request'],
      ['an empty scope', { scope: '' }, 'invalid_scope'],
    ] as const)('%s', async ([, deviation, error]) => {
      const { callback } = await requestCode(desktop, carlo(), ALL, deviation)
      expect(callback.searchParams.get('error')).toBe(error)
    })

    test.for([
      'http://127.1/callback',
      'http://2130706433/callback',
      'http://u@127.0.0.1/callback',
      'http://127.0.0.1/%63allback',
      'http://127.0.0.1/x/../callback',
      'http://127.0.0.1/callback#part',
      'http://127.0.0.1\\@evil.example/callback',
      'HTTP://127.0.0.1/callback',
      'javascript:alert(1)',
    ])('a redirect to %s, with an error on the server`s own page', async (uri) => {
      const url = new URL(endpoint('auth'))
      const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', dpop_jkt: 'x'.repeat(43) }
      url.search = `${new URLSearchParams({ client_id: 'desktop', response_type: 'code', scope: ALL, redirect_uri: uri, ...pkce })}`
      const { status, headers } = await fetch(url, { redirect: 'manual' })
      expect([status, headers.get('location')]).toEqual([400, null])
    })
  })

  describe('a service', () => {
    test('gets no token for a scope that the realm does not have, and no audience without a scope', async () => {
      await expect(serviceToken(agent, 'pdp profile')).rejects.toMatchObject({ error: 'invalid_scope' })
      const response = await fetch(endpoint('token'), {
        method: 'POST',
        headers: basic('trips'),
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      const { access_token } = (await response.json()) as { readonly access_token: string }
      expect(decodeJwt(access_token).aud ?? []).toEqual([])
    })

    test('exchanges for nobody but the subject of the token', async () => {
      const { access_token } = await signIn(desktop, carlo(), ALL)
      const form = {
        grant_type: EXCHANGE,
        subject_token: access_token,
        subject_token_type: ACCESS_TOKEN,
        scope: 'trips',
      }
      const asked = await post('token', { ...form, requested_subject: 'ada' }, basic('booking-agent'))
      expect(asked).toMatchObject({ error: 'invalid_request', hasToken: false })
    })
  })

  describe('signing out', () => {
    test.for([
      'http://127.1/logged-out',
      'http://127.0.0.1:9/x/../logged-out',
      'http://127.0.0.1:9/logged-out?x=1',
      'http://u@127.0.0.1:9/logged-out',
      'HTTP://127.0.0.1:9/logged-out',
    ])('never redirects to %s, and ends nothing then', async (uri) => {
      const session = await signIn(desktop, carlo(), ALL)
      const query = new URLSearchParams({ id_token_hint: session.id_token ?? '', post_logout_redirect_uri: uri })
      const { status, headers } = await fetch(`${endpoint('logout')}?${query}`, { redirect: 'manual' })
      expect([status, headers.get('location')]).toEqual([400, null])
      expect(await userinfo(session.access_token)).toBe(200)
    })

    test('needs an ID token of the client, and the method GET or POST', async () => {
      const session = await signIn(desktop, carlo(), ALL)
      const end = async (query: Record<string, string>, method = 'GET') =>
        (await fetch(`${endpoint('logout')}?${new URLSearchParams(query)}`, { method, redirect: 'manual' })).status
      const refused = [
        await end({ id_token_hint: session.access_token }),
        await end({ id_token_hint: refreshTokenOf(session) }),
        await end({ id_token_hint: session.id_token ?? '', client_id: 'mandate-cli' }),
        await end({ id_token_hint: session.id_token ?? '' }, 'PUT'),
        await end({ id_token_hint: session.id_token ?? '' }, 'DELETE'),
      ]
      for (const status of refused) expect(status).toBeGreaterThanOrEqual(400)
      expect(await userinfo(session.access_token)).toBe(200)
    })
  })

  test('a login name is the same one in another case, and with spaces around it', async () => {
    const person = { ...carlo(), username: ' CARLO ' }
    const subs = [await signIn(desktop, carlo(), 'openid pdp'), await signIn(desktop, person, 'openid pdp')].map(
      (session) => read(session).claims.sub,
    )
    expect(new Set(subs).size).toBe(1)
  })

  function formOf({ callback, verifier }: Arrived): Record<string, string> {
    return {
      grant_type: 'authorization_code',
      client_id: 'desktop',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: callback.origin + callback.pathname,
      code_verifier: verifier,
    }
  }

  /** Nothing can be done any more with the tokens of a session. */
  async function expectEnded(session: {
    readonly access_token: string
    readonly refresh_token?: string
  }): Promise<void> {
    expect(await userinfo(session.access_token)).toBe(401)
    await expect(exchange(agent, session.access_token, 'trips')).rejects.toMatchObject({ status: 400 })
    await expect(narrow(desktop, refreshTokenOf(session), 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
  }
}
