/**
 * Sign-in by a code on another device (RFC 8628): the command line's, and what somebody else may try with either code.
 *
 * @module
 */
import { answerDevice, type DeviceAnswer } from '@mandate/keycloak'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { proofFor } from '../../../desktop/src/main/proof-of-possession.ts'
import {
  type DeviceStart,
  narrow,
  type RealmClient,
  read,
  realmClient,
  startDevice,
} from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

interface Polled {
  readonly status: number
  readonly error?: string
  readonly access_token?: string
  readonly refresh_token?: string
}

export function deviceContract(subject: Subject): void {
  let cli: RealmClient

  const carlo = () => personOf(subject(), 'carlo')
  const tokenEndpoint = () => `${subject().identity.issuer}/protocol/openid-connect/token`
  const proof = () =>
    proofFor(cli.dpopKey ?? expect.unreachable(), { url: new URL(tokenEndpoint()), method: 'POST', now: Date.now() })
  const start = (scope = 'openid pdp') => startDevice(cli, scope)
  const answer = (started: DeviceStart, options: Partial<DeviceAnswer> = {}, person = carlo()) =>
    answerDevice(person, { address: started.verification_uri, userCode: started.user_code, ...options })

  /** Asks whether the person has answered. The deviation replaces form fields; `undefined` removes one. */
  async function poll(
    { device_code, verifier }: DeviceStart,
    deviation: Readonly<Record<string, string | undefined>> = {},
    isProven = true,
  ): Promise<Polled> {
    const valid = { grant_type: DEVICE_CODE, client_id: 'mandate-cli', device_code, code_verifier: verifier }
    const fields = Object.entries({ ...valid, ...deviation })
    const body = new URLSearchParams(fields.filter((field): field is [string, string] => field[1] !== undefined))
    const response = await fetch(tokenEndpoint(), {
      method: 'POST',
      headers: isProven ? { dpop: await proof() } : {},
      body,
    })
    return { status: response.status, ...((await response.json()) as object) }
  }

  beforeAll(async () => {
    cli = await realmClient(subject().identity.issuer, 'mandate-cli')
  })

  describe('a code on another device', () => {
    test('is announced, short enough to type, and short-lived', async () => {
      const metadata = cli.config.serverMetadata()
      expect(metadata.grant_types_supported).toContain(DEVICE_CODE)
      const started = await start()
      expect(started).toMatchObject({ expires_in: 300, interval: 2 })
      // At least 20^8 codes: 34.5 bits (RFC 8628, section 6.1).
      expect(started.user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/u)
      expect(started.device_code.length).toBeGreaterThanOrEqual(43)
      expect(new URL(started.verification_uri).origin).toBe(new URL(subject().identity.url).origin)
    })

    test('signs the program in: the person is asked each time, and the refresh token is bound to its key', async () => {
      const cookies = new Map<string, string>()
      for (const _ of ['first', 'again in the same browser']) {
        const started = await start()
        const { forms } = await answer(started, { cookies })
        // In either order: Keycloak asks for consent after the password, the embedded issuer before it.
        expect(forms.toSorted()).toEqual(['consent', 'password', 'user-code'])
        const session = await poll(started)
        expect(session).toMatchObject({ status: 200, access_token: expect.any(String) })
        const next = await narrow(cli, refreshTokenOf(session), 'pdp')
        expect(read(next)).toMatchObject({ typ: 'at+jwt', claims: { aud: 'pdp', azp: 'mandate-cli', amr: ['pwd'] } })
        expect(decodeJwt(next.access_token)).not.toHaveProperty('cnf')
        const foreign = await realmClient(subject().identity.issuer, 'mandate-cli')
        await expect(narrow(foreign, refreshTokenOf(next), 'pdp')).rejects.toThrow()
      }
    })

    test('is typed in lower case and without the dash, too', async () => {
      const started = await start()
      await answer(started, { userCode: started.user_code.toLowerCase().replace('-', '') })
      expect(await poll(started)).toMatchObject({ status: 200 })
    })

    test('needs a second factor of who holds a role', async () => {
      const started = await start()
      const { forms } = await answer(started, {}, personOf(subject(), 'olga'))
      expect(forms).toContain('code')
      expect(read({ access_token: (await poll(started)).access_token ?? '' }).claims).toMatchObject({
        roles: ['operator'],
        amr: ['pwd', 'otp'],
      })
    })

    test('that is refused ends it, and cannot be typed again', async () => {
      const started = await start()
      await answer(started, { answer: 'refuse' })
      expect(await poll(started)).toMatchObject({ status: 400, error: 'access_denied' })
      await expect(answer(started)).rejects.toThrow()
    })

    test('that expired is said to have, to the program and to the person', async () => {
      const started = await subject().admin.expiring(start)
      await expect.poll(async () => (await poll(started)).error).toBe('expired_token')
      await expect(answer(started)).rejects.toThrow()
    })

    test('is used once, by the program and by the person', async () => {
      const started = await start()
      await answer(started)
      await expect(answer(started)).rejects.toThrow()
      expect(await poll(started)).toMatchObject({ status: 200 })
      expect(await poll(started)).toMatchObject({ status: 400, error: 'invalid_grant' })
    })

    test('of polls at the same moment at most one gets a session', async () => {
      const started = await start()
      await answer(started)
      const polled = await Promise.all(Array.from({ length: 4 }, () => poll(started)))
      expect(polled.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    })

    test('a program that asks too often is told to slow down', async () => {
      const started = await start()
      expect(await poll(started)).toMatchObject({ status: 400, error: 'authorization_pending' })
      // On a busy machine two requests may be two seconds apart.
      await expect.poll(async () => (await poll(started)).error).toBe('slow_down')
    })
  })

  describe('a device code', () => {
    test.for([
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
      ['PKCE with a plain challenge', { code_challenge_method: 'plain' }],
    ] as const)('is not given with %s', async ([, deviation]) => {
      await expect(startDevice(cli, 'openid pdp', deviation)).rejects.toMatchObject({ error: 'invalid_request' })
    })

    test.for(['desktop', 'auditor', 'console', 'trips', 'booking-agent', 'pdp'] as const)(
      'is not given to %s, which does not have this grant',
      async (client) => {
        const { issuer, clientSecrets } = subject().identity
        const secret = client === 'desktop' ? undefined : clientSecrets[client]
        const refused = startDevice(await realmClient(issuer, client, secret), 'openid')
        await expect(refused).rejects.toThrow()
      },
    )

    test('is not given to a host of an agent', async () => {
      const { admin, identity } = subject()
      await admin.addHost('device-host', ['https://chat.example/callback'], ['trips'])
      const refused = startDevice(await realmClient(identity.issuer, 'device-host'), 'openid trips')
      await expect(refused.finally(() => admin.removeClient('device-host'))).rejects.toThrow()
    })

    test('is of no use to another client, or with another verifier', async () => {
      const started = await start()
      await answer(started)
      expect(await poll(started, { client_id: 'desktop' })).toMatchObject({ status: 400 })
      expect(await poll(started, { code_verifier: 'x'.repeat(43) })).toMatchObject({ error: 'invalid_grant' })
      const other = await start()
      await answer(other)
      expect((await poll(other, { code_verifier: undefined })).status).toBe(400)
      expect(await poll({ ...other, device_code: 'x'.repeat(43) })).toMatchObject({ error: 'invalid_grant' })
    })

    test('gives no session that goes on without a key', async () => {
      const started = await start()
      await answer(started)
      const { refresh_token } = await poll(started, {}, false)
      if (refresh_token === undefined) return
      const refresh = { grant_type: 'refresh_token', refresh_token, device_code: undefined, code_verifier: undefined }
      expect(await poll(started, refresh, false)).toMatchObject({ status: 400, error: 'invalid_dpop_proof' })
    })

    test('gives nothing that the client may not ask for', async () => {
      const started = await start('openid profile').catch(() => undefined)
      if (started === undefined) return
      await answer(started)
      const { access_token = '' } = await poll(started)
      expect(decodeJwt(access_token)).toMatchObject({ scope: 'openid' })
    })
  })

  describe('a code of a stranger', () => {
    test('that is guessed is refused, as any other that is not valid', async () => {
      const refusals = await Promise.all(
        ['BBBB-BBBB', 'QWXZ', '%', "' OR 1=1"].map((userCode) =>
          answer({ verification_uri: `${subject().identity.issuer}/device` } as DeviceStart, { userCode }).catch(
            (error: Error) => error.message,
          ),
        ),
      )
      expect(refusals.every((refusal) => typeof refusal === 'string')).toBe(true)
      expect(new Set(refusals).size).toBe(1)
    })
  })
}
