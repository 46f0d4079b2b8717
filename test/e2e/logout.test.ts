/**
 * Signing out: Keycloak tells the PDP, and what comes from that session is denied at once, though its tokens live on.
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { LOGOUT_PORT } from '../support/logout-port.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startTestStack({
    services: ['pdp', 'trips'],
    env: { ...process.env, MANDATE_PDP_PORT: String(LOGOUT_PORT) },
  })
})
afterAll(() => stack?.stop())

test('the next request with a token of the session is denied, by the service and by the PDP', async () => {
  const { issuer, people } = inject('identity')
  const openBrowser = formBrowser(people['carlo'] ?? expect.unreachable())
  const session = await signIn({ issuer, clientId: 'desktop', scopes: ['trips', 'pdp'], openBrowser })
  const [toTrips, toPdp] = await Promise.all([session.tokenFor('trips'), session.tokenFor('pdp')])
  const call = (url: string, token: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'mandate-persona': 'traveler/family',
        'idempotency-key': crypto.randomUUID(),
      },
    })
  const persona = { method: 'POST', body: JSON.stringify({ title: 'traveler', circle: 'family' }) }
  expect([201, 409]).toContain((await call(`${stack.urls.pdp}/v1/personas`, toPdp, persona)).status)
  const trip = { method: 'POST', body: JSON.stringify({ template: 'milan' }) }
  expect((await call(`${stack.urls.trips}/workflows`, toTrips, trip)).status).toBe(201)

  await session.signOut()
  await expect.poll(async () => (await call(`${stack.urls.pdp}/v1/personas`, toPdp)).status).toBe(401)
  const refused = await call(`${stack.urls.trips}/workflows`, toTrips, trip)
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({ reasons: [{ code: 'session_ended' }] })
})
