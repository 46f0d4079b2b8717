/**
 * The desktop's sign-in on a machine whose clock is wrong, against a real Keycloak: it sends no `Date`, and refuses proofs of another time.
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { decodeJwt } from 'jose'
import { afterEach, expect, inject, test, vi } from 'vitest'

const { issuer, people } = inject('identity')
const realNow = Date.now

afterEach(() => {
  vi.restoreAllMocks()
})

test('Keycloak says nothing about the time in its headers', async () => {
  const { headers } = await fetch(`${issuer}/.well-known/openid-configuration`)
  expect(headers.has('date')).toBe(false)
})

test.for([-40, 40, 7_200])('a clock that is off by %i seconds signs in, and goes on', async (skewS) => {
  const carlo = people['carlo'] ?? expect.unreachable()
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + skewS * 1_000)
  const session = await signIn({
    issuer,
    clientId: 'desktop',
    scopes: ['pdp', 'trips'],
    openBrowser: formBrowser(carlo),
  })
  const token = await session.freshTokenFor('trips')
  expect(Math.abs((decodeJwt(token).iat ?? 0) - realNow() / 1_000)).toBeLessThan(30)
  await session.check('trips')
  await session.signOut()
})

test('a clock that is set right amid a session does not end it', async () => {
  const carlo = people['carlo'] ?? expect.unreachable()
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 3_600_000)
  const session = await signIn({ issuer, clientId: 'desktop', scopes: ['pdp'], openBrowser: formBrowser(carlo) })
  clock.mockRestore()
  await session.freshTokenFor('pdp')
  await session.signOut()
})
