/**
 * The pages of the embedded issuer in a real browser: what a person sees, types and is told, and what axe finds.
 */
import { signIn } from '@mandate/desktop/sign-in'
import { totpCode } from '@mandate/keycloak'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type EmbeddedSubject, openEmbeddedSubject } from '../realm/contract/embedded-subject.ts'
import { personOf } from '../realm/contract/subject.ts'
import { axe } from '../support/auditor-page.ts'
import { launchChromium, typePassword } from '../support/system-browser.ts'

let subject: EmbeddedSubject
let browser: Browser
let page: Page
let noise: string[]

beforeAll(async () => {
  ;[subject, browser] = await Promise.all([openEmbeddedSubject(), launchChromium()])
})
afterAll(async () => {
  await browser?.close()
  await subject?.close()
})
beforeEach(async () => {
  const context = await browser.newContext()
  page = await context.newPage()
  noise = []
  page.on('console', (message) => noise.push(message.text()))
  onTestFinished(() => context.close())
})

/** Opens the sign-in of the desktop, and does what a person would. */
async function enter(person: () => Promise<void>): Promise<string> {
  const { issuer } = subject.identity
  const session = await signIn({
    issuer,
    clientId: 'desktop',
    scopes: ['pdp'],
    openBrowser: async (url) => {
      await page.goto(url.href)
      await person()
    },
  })
  return session.subject
}

const heading = (): Promise<string | null> => page.locator('h1').first().textContent()

test.for(['light', 'dark'] as const)(
  'carlo types a wrong password, is told so, and signs in: %s',
  async (colorScheme) => {
    const { username, password } = personOf(subject, 'carlo')
    await page.emulateMedia({ colorScheme })
    await enter(async () => {
      expect(await axe(page)).toEqual([])
      await typePassword(page, username, 'another-long-password')
      expect(await page.getByRole('alert').innerText()).toBe('Invalid login name or password.')
      expect(await page.getByLabel('Login name').inputValue()).toBe(username)
      expect(await axe(page)).toEqual([])
      await typePassword(page, username, password)
    })
    expect(await heading()).toBe('You are signed in')
    // No style, script or form was stopped by the Content-Security-Policy.
    expect(noise).toEqual([])
  },
)

test('somebody with a new role sets an authenticator up, and types its code from then on', async () => {
  const guest = { username: 'new-auditor', password: 'a-long-enough-password' }
  await subject.admin.addPerson(guest)
  await subject.admin.giveRole(guest.username, 'auditor')
  let code = ''
  const typeCode = async (): Promise<void> => {
    await page.getByLabel('One-time code').fill(code)
    await Promise.all([page.waitForEvent('load'), page.locator('#sign-in').click()])
  }
  const first = await enter(async () => {
    await typePassword(page, guest.username, guest.password)
    expect(await heading()).toBe('Set up an authenticator')
    expect(await axe(page)).toEqual([])
    const secret = (await page.locator('code').innerText()).replaceAll(' ', '')
    code = totpCode(secret, Math.floor(Date.now() / 30_000))
    await typeCode()
  })
  expect(await heading()).toBe('You are signed in')
  page = await page.context().newPage()
  const cancel = new AbortController()
  const again = signIn({
    issuer: subject.identity.issuer,
    clientId: 'desktop',
    scopes: ['pdp'],
    signal: cancel.signal,
    openBrowser: async (url) => {
      await page.goto(url.href)
      await typePassword(page, guest.username, guest.password)
      expect(await heading()).toBe('One-time code')
      // The code of the sign-in before is used up.
      await typeCode()
      expect(await page.getByRole('alert').innerText()).toBe('Invalid code.')
      expect(await axe(page)).toEqual([])
      cancel.abort()
    },
  })
  await expect(again).rejects.toMatchObject({ code: 'cancelled' })
  expect(first).toMatch(/^[0-9a-f-]{36}$/u)
})
