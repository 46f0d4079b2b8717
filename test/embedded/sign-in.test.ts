/**
 * The pages of the embedded issuer in a real browser: what a person sees, types and is told, and what axe finds.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { signIn } from '@mandate/desktop/sign-in'
import { totpCode } from '@mandate/keycloak'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type EmbeddedSubject, openEmbeddedSubject } from '../realm/contract/embedded-subject.ts'
import { personOf } from '../realm/contract/subject.ts'
import { axe } from '../support/auditor-page.ts'
import { realmClient, startDevice } from '../support/realm-client.ts'
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

const focused = (): Promise<string | undefined> => page.evaluate(() => document.activeElement?.id)
const heading = (): Promise<string | null> => page.locator('h1').first().textContent()

test.for(['light', 'dark'] as const)(
  'carlo types a wrong password, is told so, and signs in: %s',
  async (colorScheme) => {
    const { username, password } = personOf(subject, 'carlo')
    await page.emulateMedia({ colorScheme })
    await enter(async () => {
      await expect.poll(focused).toBe('username')
      expect(await axe(page)).toEqual([])
      await typePassword(page, username, 'another-long-password')
      expect(await page.getByRole('alert').innerText()).toBe('Invalid login name or password.')
      expect(await page.getByLabel('Login name').inputValue()).toBe(username)
      await expect.poll(focused).toBe('password')
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
    const address = await page.getByRole('link').getAttribute('href')
    code = '000000'
    await typeCode()
    // The key that the authenticator app has by now, and its name.
    expect(await page.getByRole('link').getAttribute('href')).toBe(address)
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

test('carlo types the code of a terminal, sees which program it is, and is warned of codes of strangers', async () => {
  const { username, password } = personOf(subject, 'carlo')
  await page.setViewportSize({ width: 360, height: 740 })
  const cli = await realmClient(subject.identity.issuer, 'mandate-cli')
  const { verification_uri: address, user_code: userCode } = await startDevice(cli, 'openid pdp')
  const send = (button: string) => Promise.all([page.waitForEvent('load'), page.locator(button).click()])
  const look = async (name: string): Promise<void> => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await axe(page)).toEqual([])
      const folder = process.env['MANDATE_SHOTS']
      if (folder) await page.screenshot({ path: `${folder}/device-${name}-${colorScheme}.png` })
    }
    // Nothing is cut off on a telephone.
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
  }
  await page.goto(address)
  await expect.poll(focused).toBe('user_code')
  await page.getByLabel('Code').fill('BBBB-BBBB')
  await send('#sign-in')
  expect(await page.getByRole('alert').innerText()).toContain('not valid')
  await look('code')
  await page.getByLabel('Code').fill(userCode)
  await send('#sign-in')
  expect(await page.locator('main').innerText()).toMatch(/mandate, the command line[\s\S]*somebody sent you/u)
  expect(await page.locator('main').innerText()).toContain(userCode)
  await look('confirm')
  await send('#confirm')
  await typePassword(page, username, password)
  expect(await heading()).toBe('You are signed in')
  await look('done')
  expect(noise).toEqual([])
})

test('a response is sent to the callback as a form, too (response_mode=form_post)', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      res.end()
      if (req.method === 'POST') resolve(body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const query = new URLSearchParams({
    client_id: 'auditor',
    response_type: 'code',
    response_mode: 'form_post',
    prompt: 'none',
    scope: 'openid audit',
    redirect_uri: `http://127.0.0.1:${port}/callback`,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  })
  await page.goto(`${subject.identity.issuer}/protocol/openid-connect/auth?${query}`)
  expect(new URLSearchParams(await promise).get('error')).toBe('login_required')
})
