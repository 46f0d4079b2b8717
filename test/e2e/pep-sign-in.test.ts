import { type Session, SignInError, signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { expect, inject, onTestFinished, test } from 'vitest'

const AUDIENCES = ['trips', 'pdp', 'booking-agent']

function personOf(name: string) {
  return inject('identity').people[name] ?? expect.unreachable(name)
}

async function signedIn(name = 'carlo'): Promise<Session> {
  const { issuer } = inject('identity')
  const openBrowser = formBrowser(personOf(name))
  const session = await signIn({ issuer, clientId: 'desktop', scopes: AUDIENCES, openBrowser })
  onTestFinished(session.signOut)
  return session
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

test('a person signs in once and gets one token a service, for exactly that service, with the same opaque sub', async () => {
  const session = await signedIn()
  expect(session.subject).not.toContain('carlo')
  for (const audience of AUDIENCES) {
    const claims = claimsOf(await session.tokenFor(audience))
    expect(claims).toMatchObject({ aud: audience, sub: session.subject, azp: 'desktop', typ: 'Bearer' })
    expect(claims).not.toHaveProperty('cnf')
  }
})

test('tokens are cached, and many asked for at once cost one refresh each and no session', async () => {
  const session = await signedIn()
  const asked = await Promise.all(
    Array.from({ length: 12 }, (_, index) => session.tokenFor(AUDIENCES[index % 3] ?? '')),
  )
  expect(new Set(asked).size).toBe(3)
  expect(asked).toContain(await session.tokenFor('trips'))
})

test('a service that the sign-in did not ask for gets no token, and the session lives on', async () => {
  const { issuer } = inject('identity')
  const openBrowser = formBrowser(personOf('carlo'))
  const session = await signIn({ issuer, clientId: 'desktop', scopes: ['trips'], openBrowser })
  onTestFinished(session.signOut)
  await expect(session.tokenFor('pdp')).rejects.toMatchObject({ code: 'audience_missing' })
  expect(claimsOf(await session.tokenFor('trips'))['aud']).toBe('trips')
})

test('after signing out there are no more tokens, here or there', async () => {
  const session = await signedIn()
  await session.tokenFor('trips')
  await session.signOut()
  await expect(session.tokenFor('trips')).rejects.toMatchObject({ code: 'session_ended' })
  await session.signOut()
})

test('a sign-in that binds its refresh token to no key is refused (DPoP)', async () => {
  const { issuer } = inject('identity')
  const openBrowser = formBrowser(personOf('carlo'))
  const plain = signIn({ issuer, clientId: 'desktop', scopes: ['trips'], openBrowser, dpop: false })
  await expect(plain).rejects.toBeInstanceOf(SignInError)
})

test('a page that guesses the callback can neither end nor replace a sign-in', async () => {
  const { issuer } = inject('identity')
  const form = formBrowser(personOf('carlo'))
  const attacked = async (url: URL): Promise<void> => {
    const callback = url.searchParams.get('redirect_uri') ?? ''
    const state = url.searchParams.get('state') ?? ''
    for (const query of [
      '?code=stolen',
      '?code=stolen&state=guess',
      '?error=access_denied',
      `?state=${state}&state=x`,
    ]) {
      expect((await fetch(callback + query)).status).toBe(404)
    }
    expect((await fetch(`${callback}/more?state=${state}`)).status).toBe(404)
    expect((await fetch(`${callback}?state=${state}`, { method: 'POST' })).status).toBe(404)
    await form(url)
  }
  const session = await signIn({ issuer, clientId: 'desktop', scopes: ['trips'], openBrowser: attacked })
  onTestFinished(session.signOut)
  expect(session.subject).toBeTruthy()
})

test('another issuer in the answer is a mix-up', async () => {
  const { issuer } = inject('identity')
  const openBrowser = async (url: URL): Promise<void> => {
    const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
    callback.search = new URLSearchParams({
      code: 'x',
      state: url.searchParams.get('state') ?? '',
      iss: 'https://evil.example',
    }).toString()
    await fetch(callback)
  }
  const mixedUp = signIn({ issuer, clientId: 'desktop', scopes: ['trips'], openBrowser })
  await expect(mixedUp).rejects.toMatchObject({ code: 'invalid_response' })
})

test.for([
  ['nobody signs in', 'timed_out', { timeoutMs: 50 }, false],
  ['the person cancels', 'cancelled', {}, true],
  ['it was cancelled before', 'cancelled', { signal: AbortSignal.abort() }, false],
] as const)('%s: %s, and the listener is gone', async ([, code, options, cancels]) => {
  const { issuer } = inject('identity')
  let callback: string | null = null
  const cancelling = new AbortController()
  const openBrowser = (url: URL): void => {
    callback = url.searchParams.get('redirect_uri')
    if (cancels) cancelling.abort()
  }
  const asked = { issuer, clientId: 'desktop', scopes: ['trips'], openBrowser, signal: cancelling.signal, ...options }
  const attempt = signIn(asked)
  await expect(attempt).rejects.toMatchObject({ name: 'SignInError', code })
  if (callback !== null) await expect(fetch(callback)).rejects.toThrow()
})

test('an identity provider that is not there is named as such, and plain http off this machine is refused', async () => {
  const openBrowser = (): void => undefined
  const gone = signIn({ issuer: 'http://127.0.0.1:9/realms/x', clientId: 'desktop', scopes: ['trips'], openBrowser })
  await expect(gone).rejects.toMatchObject({ code: 'identity_unavailable' })
  const plain = signIn({ issuer: 'http://id.example/realms/x', clientId: '', scopes: [], openBrowser })
  await expect(plain).rejects.toThrow(/issuer[\s\S]*clientId[\s\S]*scopes/u)
})
