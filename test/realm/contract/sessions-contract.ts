/**
 * How sessions end: a refresh token that is used twice, signing out, and a login that is locked.
 *
 * @module
 */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { proofFor } from '../../../desktop/src/main/proof-of-possession.ts'
import { exchange, narrow, type RealmClient, read, realmClient, signIn } from '../../support/realm-client.ts'
import { logoutReceiver } from './logout-receiver.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const ALL = 'openid trips pdp booking-agent'

export function sessionsContract(subject: Subject): void {
  let desktop: RealmClient
  let agent: RealmClient

  beforeAll(async () => {
    const { issuer, clientSecrets } = subject().identity
    desktop = await realmClient(issuer, 'desktop')
    agent = await realmClient(issuer, 'booking-agent', clientSecrets['booking-agent'])
  })

  test('a refresh token that is used twice ends the session of its client', async () => {
    const session = await signIn(desktop, personOf(subject(), 'carlo'), ALL)
    const next = await narrow(desktop, refreshTokenOf(session), 'trips')
    expect(next.refresh_token).not.toBe(session.refresh_token)
    await expect(narrow(desktop, refreshTokenOf(session), 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(narrow(desktop, refreshTokenOf(next), 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  describe('signing out', () => {
    test('tells the PDP, and ends refresh, exchange and UserInfo', async () => {
      const { issuer } = subject().identity
      const tokens = await logoutReceiver(subject().logoutPort)
      const session = await signIn(desktop, personOf(subject(), 'carlo'), ALL)
      const forAgent = await narrow(desktop, refreshTokenOf(session), 'booking-agent')
      expect(await userinfo(forAgent.access_token)).toBe(200)
      const { end_session_endpoint: url = '' } = desktop.config.serverMetadata()
      const hint = { id_token_hint: session.id_token ?? expect.unreachable(), client_id: 'desktop' }
      const ended = await fetch(url, { method: 'POST', body: new URLSearchParams(hint), redirect: 'manual' })
      expect(ended.status).toBeLessThan(400)

      const { sid, sub } = read(forAgent).claims
      await expect.poll(() => tokens.map((token) => decodeJwt(token)['sid'])).toContain(sid)
      const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`))
      const rules = { issuer, audience: 'desktop', typ: 'logout+jwt' }
      const { payload } = await jwtVerify(tokens.find((token) => decodeJwt(token)['sid'] === sid) ?? '', keys, rules)
      expect(payload).toMatchObject({
        sid,
        sub,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      })
      await expect(narrow(desktop, refreshTokenOf(forAgent), 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
      await expect(exchange(agent, forAgent.access_token, 'trips')).rejects.toMatchObject({ status: 400 })
      expect(await userinfo(forAgent.access_token)).toBe(401)
    })

    test('goes back to the application, with its state', async () => {
      const session = await signIn(desktop, personOf(subject(), 'carlo'), ALL)
      const url = new URL(desktop.config.serverMetadata().end_session_endpoint ?? '')
      url.searchParams.set('id_token_hint', session.id_token ?? '')
      url.searchParams.set('post_logout_redirect_uri', 'http://127.0.0.1:4711/logged-out')
      url.searchParams.set('state', 'mine')
      const { headers } = await fetch(url, { redirect: 'manual' })
      expect(headers.get('location')).toBe('http://127.0.0.1:4711/logged-out?state=mine')
    })

    test('sends nobody to a page that is not registered', async () => {
      const session = await signIn(desktop, personOf(subject(), 'carlo'), ALL)
      const url = new URL(desktop.config.serverMetadata().end_session_endpoint ?? '')
      url.searchParams.set('id_token_hint', session.id_token ?? '')
      url.searchParams.set('post_logout_redirect_uri', 'http://evil.example/logged-out')
      const { status, headers } = await fetch(url, { redirect: 'manual' })
      expect([status, headers.get('location')]).toEqual([400, null])
    })
  })

  test('the sid of the ID token is that of the access token', async () => {
    const session = await signIn(desktop, personOf(subject(), 'carlo'), ALL)
    const { sid, sub } = decodeJwt(session.id_token ?? '')
    expect(read(session).claims).toMatchObject({ sid, sub })
  })

  test('five wrong passwords lock a login: the right one is then refused, in the same words', async () => {
    const { admin } = subject()
    const guest = { username: 'guessed-at', password: 'a-long-enough-password' }
    await admin.addPerson(guest)
    onTestFinished(async () => void (await admin.deletePerson('guessed-at')))
    const refusalOf = (password: string) =>
      signIn(desktop, { ...guest, password }, ALL).then(
        () => 'signed in',
        (error: unknown) => String(error),
      )
    const words: string[] = []
    for (let tries = 0; tries < 5; tries++) words.push(await refusalOf('another-long-password'))
    words.push(await refusalOf(guest.password))
    expect(new Set(words).size).toBe(1)
    expect(words[0]).toMatch(/invalid/i)
  })

  /** As the desktop asks: a bearer token, with a proof of the key that its refresh token is bound to. */
  async function userinfo(accessToken: string): Promise<number> {
    const url = new URL(desktop.config.serverMetadata().userinfo_endpoint ?? '')
    const key = desktop.dpopKey ?? expect.unreachable()
    const dpop = await proofFor(key, { url, method: 'GET', accessToken, now: Date.now() })
    return (await fetch(url, { headers: { authorization: `Bearer ${accessToken}`, dpop } })).status
  }
}
