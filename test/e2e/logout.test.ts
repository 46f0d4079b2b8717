/**
 * Signing out: Keycloak tells the PDP, and what comes from that session is denied at once, though its tokens live on. And the command line from its sign-in
 * to there: the PDP of this stack is the one that Keycloak tells.
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { openTerminal, type Terminal } from '../support/command-line.ts'
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

test('the command line signs in by a browser and by a code, gives, asks, explains, and signs out', async () => {
  const environment = { MANDATE_PDP: stack.urls.pdp, MANDATE_ISSUER: stack.issuer }
  const open = (person: string | undefined, more: Readonly<Record<string, string>> = {}): Terminal => {
    const terminal = openTerminal({ ...environment, ...more }, person === undefined ? undefined : stack.people[person])
    onTestFinished(terminal.remove)
    return terminal
  }
  const [carlo, elsewhere, olga] = [open('carlo'), open('carlo'), open('olga')]
  const trips = open(undefined, { MANDATE_CLIENT_ID: 'trips', MANDATE_CLIENT_SECRET: stack.clientSecrets.trips })
  const signedIn = await Promise.all([
    carlo.mandate('login'),
    elsewhere.mandate('login --device'),
    olga.mandate('login'),
  ])
  expect(signedIn.map(({ exit, err }) => [exit, err.includes('refused')])).toEqual(signedIn.map(() => [0, false]))
  const { party } = await carlo.json('whoami')
  expect(await elsewhere.json('whoami')).toMatchObject({ party, client: 'mandate-cli', amr: ['pwd'] })
  expect(await olga.json('whoami')).toMatchObject({ roles: ['operator'], amr: ['pwd', 'otp'] })

  const trip = 'workflow:command-line'
  const must = async ({ mandate }: Terminal, ...words: readonly string[]) =>
    expect(await mandate(...words), words.join(' ')).toMatchObject({ exit: 0 })
  await must(olga, 'agent add booking-agent')
  expect([0, 65]).toContain((await carlo.mandate('persona request traveler/family')).exit)
  await must(trips, `resource register ${trip} --owner ${party} --persona traveler/family`)
  const limits = ['--limit', 'price=4100 EUR', '--limit', 'lead_time=7d', '--limit', 'risk=3']
  await must(carlo, 'settings', 'set', 'traveler/family', '--consent', 'yes', ...limits)
  await must(
    carlo,
    'grant',
    'give',
    ...`--to agent:booking-agent --actions read --on ${trip} --for 8h --unattended`.split(' '),
  )
  const { decision, context } = await trips.json(`ask agent:booking-agent read ${trip}`)
  expect(decision).toBe(true)
  expect((await elsewhere.mandate(`explain ${context.evaluation_id}`)).out).toMatch(/^PERMIT /u)

  await must(elsewhere, 'logout')
  expect(await elsewhere.mandate(`explain ${context.evaluation_id}`)).toMatchObject({ exit: 77 })
  // The other session goes on.
  expect((await carlo.mandate(`explain ${context.evaluation_id}`)).out).toMatch(/^PERMIT /u)
})
