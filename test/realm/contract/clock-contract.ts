/**
 * The desktop's sign-in on a machine whose clock is wrong. Keycloak sends no `Date`; both refuse proofs of another time.
 *
 * @module
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { decodeJwt } from 'jose'
import { afterEach, expect, test, vi } from 'vitest'
import { needs, personOf, type Subject } from './subject.ts'

const realNow = Date.now

export function clockContract(subject: Subject): void {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('the headers say nothing about the time', async (context) => {
    needs(subject, 'no-date-header', context)
    const { headers } = await fetch(`${subject().identity.issuer}/.well-known/openid-configuration`)
    expect(headers.has('date')).toBe(false)
  })

  test.for([-40, 40, 7_200])('a clock that is off by %i seconds signs in, and goes on', async (skewS) => {
    const carlo = personOf(subject(), 'carlo')
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + skewS * 1_000)
    const session = await signIn({
      issuer: subject().identity.issuer,
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
    const { issuer } = subject().identity
    const openBrowser = formBrowser(personOf(subject(), 'carlo'))
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 3_600_000)
    const session = await signIn({ issuer, clientId: 'desktop', scopes: ['pdp'], openBrowser })
    clock.mockRestore()
    await session.freshTokenFor('pdp')
    await session.signOut()
  })
}
