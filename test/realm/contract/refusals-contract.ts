/**
 * What the realm refuses.
 *
 * @module
 */
import type { ConfidentialClient } from '@mandate/issuer'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Deviation,
  exchange,
  narrow,
  type RealmClient,
  realmClient,
  serviceToken,
  signIn,
} from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const ALL = 'openid trips pdp booking-agent'

export function refusalsContract(subject: Subject): void {
  let desktop: RealmClient
  let trips: RealmClient
  let agent: RealmClient
  let pdp: RealmClient

  const person = (name: string) => personOf(subject(), name)
  const secretOf = (client: ConfidentialClient) => subject().identity.clientSecrets[client]

  beforeAll(async () => {
    const { issuer } = subject().identity
    desktop = await realmClient(issuer, 'desktop')
    trips = await realmClient(issuer, 'trips', secretOf('trips'))
    agent = await realmClient(issuer, 'booking-agent', secretOf('booking-agent'))
    pdp = await realmClient(issuer, 'pdp', secretOf('pdp'))
  })

  describe('refused', () => {
    test.for(['profile', 'email', 'roles', 'offline_access'])('scope %s', async (scope) => {
      const refused = signIn(desktop, person('carlo'), `openid ${scope}`)
      await expect(refused).rejects.toMatchObject({ error: 'invalid_scope' })
    })

    test.for([
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
      ['PKCE with a plain challenge', { code_challenge_method: 'plain' }],
      ['no DPoP key', { dpop_jkt: undefined }],
    ] as const satisfies readonly (readonly [string, Deviation])[])('%s', async ([, deviation]) => {
      await expect(signIn(desktop, person('carlo'), ALL, deviation)).rejects.toMatchObject({ error: 'invalid_request' })
    })

    test.for([
      'http://127.0.0.1/callback/',
      'http://127.0.0.1/callback/deeper',
      'http://127.0.0.1/callback?more=1',
      'http://127.0.0.1/other',
      'http://localhost/callback',
      'http://[::1]/callback',
      'https://127.0.0.1/callback',
      'http://127.0.0.1.evil.example/callback',
    ])('a redirect to %s', async (redirect) => {
      const refused = signIn(desktop, person('carlo'), ALL, { redirect_uri: redirect })
      await expect(refused).rejects.toThrow(/redirect_uri/)
    })

    test.for([
      ['desktop', undefined],
      ['mandate-cli', undefined],
      ['admin-cli', undefined],
      ['auditor', 'auditor'],
      ['console', 'console'],
      ['trips', 'trips'],
    ] as const)('a password grant by %s', async ([client, confidential]) => {
      const { username, password } = person('carlo')
      const form = {
        grant_type: 'password',
        client_id: client,
        username,
        password,
        ...(confidential && { client_secret: secretOf(confidential) }),
      }
      const response = await fetch(`${subject().identity.issuer}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
      expect(response.ok).toBe(false)
      expect(await response.json()).not.toHaveProperty('access_token')
    })

    test('an exchanged token, exchanged again: by its agent, or by the service that got it', async () => {
      const session = await signIn(desktop, person('carlo'), ALL)
      const forAgent = await narrow(desktop, refreshTokenOf(session), 'booking-agent')
      const exchanged = (await exchange(agent, forAgent.access_token, 'trips')).access_token
      await expect(exchange(agent, exchanged, 'trips')).rejects.toMatchObject({ error: 'invalid_request' })
      await expect(exchange(trips, exchanged, 'pdp')).rejects.toMatchObject({ error: 'invalid_request' })
    })

    test('an exchange by a service that the token is not for, by the PDP, or of a service token', async () => {
      const session = await signIn(desktop, person('carlo'), ALL)
      const forTrips = (await narrow(desktop, refreshTokenOf(session), 'trips')).access_token
      await expect(exchange(agent, forTrips, 'pdp')).rejects.toMatchObject({ status: 403 })
      await expect(exchange(pdp, forTrips, 'trips')).rejects.toThrow()
      const own = (await serviceToken(agent, 'trips')).access_token
      await expect(exchange(trips, own, 'pdp')).rejects.toMatchObject({ error: 'invalid_request' })
    })

    test('a service token of a client that has no service account', async () => {
      await expect(serviceToken(pdp, 'trips')).rejects.toMatchObject({ code: 'OAUTH_RESPONSE_BODY_ERROR' })
    })
  })
}
