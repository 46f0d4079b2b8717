/**
 * The desktop's sign-in with a real browser at the real Keycloak: what people see, and what stays theirs.
 */
import { type Session, type SignInOptions, signIn } from '@mandate/desktop/sign-in'
import { decodeJwt } from 'jose'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest'
import { launchChromium, typePassword } from '../support/system-browser.ts'

const AUDIENCES = ['trips', 'pdp', 'booking-agent']
let browser: Browser
let page: Page

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())
beforeEach(async () => {
  const context = await browser.newContext()
  page = await context.newPage()
  onTestFinished(() => context.close())
})

const passwordOf = (name: string): string => inject('identity').people[name]?.password ?? expect.unreachable(name)

/** A sign-in under way: the page is open, and `person` does what a person would. */
function signingIn(person: (url: URL) => Promise<void>, options: Partial<SignInOptions> = {}): Promise<Session> {
  const openBrowser = async (url: URL): Promise<void> => {
    await page.goto(url.href)
    await person(url)
  }
  return signIn({ issuer: inject('identity').issuer, clientId: 'desktop', scopes: AUDIENCES, openBrowser, ...options })
}

const heading = (): Promise<string | null> => page.locator('h1').first().textContent()
const isAtKeycloak = (): boolean => page.url().startsWith(inject('identity').url)

test('carlo signs in, gets a token a service, and signs out of the browser as well', async () => {
  const session = await signingIn(() => typePassword(page, 'carlo', passwordOf('carlo')))
  expect(await heading()).toBe('You are signed in')
  expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback\?/u)
  for (const audience of AUDIENCES) {
    const claims = decodeJwt(await session.tokenFor(audience))
    expect(claims).toMatchObject({ aud: audience, sub: session.subject, azp: 'desktop' })
  }
  // Signed in in this browser, and asked for the password all the same: a loopback redirect can be any program's.
  const again = await signingIn(() => typePassword(page, 'carlo', passwordOf('carlo')))
  expect(again.subject).toBe(session.subject)
  await session.signOut()
  await expect(session.tokenFor('trips')).rejects.toMatchObject({ code: 'session_ended' })
  const cancel = new AbortController()
  const afterwards = signingIn(
    async () => {
      await page.locator('#password').waitFor()
      cancel.abort()
    },
    { signal: cancel.signal },
  )
  await expect(afterwards).rejects.toMatchObject({ code: 'cancelled' })
})

test('a sign-in that the person cancels in the app ends there, and the page that is still open leads nowhere', async () => {
  const cancel = new AbortController()
  let callback = ''
  const attempt = signingIn(
    async (url) => {
      callback = url.searchParams.get('redirect_uri') ?? ''
      cancel.abort()
    },
    { signal: cancel.signal },
  )
  await expect(attempt).rejects.toMatchObject({ name: 'SignInError', code: 'cancelled' })
  await expect(fetch(callback)).rejects.toThrow()
  await page.locator('#username').fill('carlo')
  await page.locator('#password').fill(passwordOf('carlo'))
  const refused = page.waitForEvent('requestfailed', (request) => request.url().startsWith(callback))
  await page.locator('#kc-login').click()
  expect((await refused).failure()?.errorText).toBe('net::ERR_CONNECTION_REFUSED')
})

test('a wrong password shows Keycloak’s own message, calls nobody back, and the right one goes on from there', async () => {
  let calledBack = false
  page.on('request', (request) => {
    calledBack ||= new URL(request.url()).pathname === '/callback'
  })
  const session = await signingIn(async () => {
    await typePassword(page, 'sam', 'not the password')
    expect(await page.locator('[id^="input-error"]').first().textContent()).toMatch(/Invalid username or password/u)
    expect({ calledBack, atKeycloak: isAtKeycloak() }).toEqual({ calledBack: false, atKeycloak: true })
    await typePassword(page, 'sam', passwordOf('sam'))
  })
  onTestFinished(session.signOut)
  expect({ calledBack, page: await heading() }).toEqual({ calledBack: true, page: 'You are signed in' })
})
