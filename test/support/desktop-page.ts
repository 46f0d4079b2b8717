/**
 * The desktop app's window for tests: the built page in a real Chromium, on the development host with the real core. Records the host's messages and the
 * browser's warnings and errors.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBrowserHost } from '@mandate/desktop/browser'
import { type CoreTimings, createCore } from '@mandate/desktop/core'
import { mayOpen } from '@mandate/desktop/shell/links'
import { signIn } from '@mandate/desktop/sign-in'
import { type Credentials, formBrowser } from '@mandate/keycloak'
import { buildDesktopPage, DESKTOP_PAGE, desktopSettings, type Stack, type servicesOfDemo } from '@mandate/stack'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { axe } from './auditor-page.ts'
import { typePassword } from './system-browser.ts'

/** Folder of screenshots: ignored by git, uploaded by CI. */
const PICTURES = fileURLToPath(new URL('../artifacts/desktop/e2e', import.meta.url))
const VIEWPORT = { width: 1280, height: 860 }
/** Deadline of one user step, long enough for a busy machine. */
const STEP_MS = 60_000
/** Upper bound of Tab presses: more than the focus stops of any screen. */
const MOST_TABS = 60

export interface DesktopWindow {
  readonly page: Page
  /** Console warnings and errors of the page, and its exceptions. */
  readonly noise: readonly string[]
  /** Every response and event of the host, and the browser's storage, as text. */
  readonly heard: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export interface WindowOptions {
  readonly browser: Browser
  readonly stack: Pick<Stack, 'issuer' | 'urls' | 'key'>
  /** Services and agents that were added to the demo. */
  readonly added?: ReturnType<typeof servicesOfDemo>
  readonly timings?: CoreTimings
  readonly context?: BrowserContextOptions
}

/** Starts a host with a new folder and a new browser profile; no person is signed in. */
export async function openWindow({
  browser,
  stack,
  added,
  timings = {},
  context,
}: WindowOptions): Promise<DesktopWindow> {
  await buildDesktopPage(() => undefined)
  const dataDir = mkdtempSync(join(tmpdir(), 'mandate-window-'))
  const config = desktopSettings(
    { ...stack.urls, url: stack.urls.pdp, issuer: stack.issuer },
    readFileSync(stack.key, 'utf8'),
    added,
  )
  if (!config) throw new Error('the stack has no addresses of services')
  const host = await startBrowserHost({
    pageDir: DESKTOP_PAGE,
    dataDir,
    createCore: (its) => createCore({ config, host: its, timings }),
    mayOpen: (url) => mayOpen(url, stack.issuer, []),
  })
  const its = await browser.newContext({ viewport: VIEWPORT, reducedMotion: 'reduce', locale: 'en-GB', ...context })
  const page = await its.newPage()
  page.setDefaultTimeout(STEP_MS)
  const noise = listenForNoise(page)
  const said = await listenForAnswers(page)
  await page.goto(host.link())
  return {
    page,
    noise,
    heard: async () => [
      ...said,
      JSON.stringify(
        await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie, location]),
      ),
      JSON.stringify(await its.cookies(host.origin)),
      await page.content(),
    ],
    close: async () => {
      await its.close()
      await host.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function listenForNoise(page: Page): readonly string[] {
  const noise: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) noise.push(message.text())
  })
  page.on('pageerror', (error) => noise.push(error.message))
  return noise
}

/** Records the responses to calls, and the event stream, whose endless response cannot be read as a body. */
async function listenForAnswers(page: Page): Promise<readonly string[]> {
  const said: string[] = []
  page.on('response', async (response) => {
    if (new URL(response.url()).pathname === '/call') said.push(await response.text().catch(() => ''))
  })
  const inspector = await page.context().newCDPSession(page)
  inspector.on('Network.eventSourceMessageReceived', ({ data }) => said.push(data))
  await inspector.send('Network.enable')
  return said
}

/**
 * Starts signing in.
 *
 * @returns The identity provider's page, which opens in a new tab.
 */
export async function provider(page: Page): Promise<Page> {
  const [opened] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('button', { name: 'Sign in' }).click(),
  ])
  return opened
}

/** Signs in, and waits for the app's first screen. */
export async function enter(page: Page, { username, password }: Credentials): Promise<void> {
  const opened = await provider(page)
  await typePassword(opened, username, password)
  await opened.close()
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
}

/** Adds a persona under Settings. `role` is the label shown there. */
export async function takePersona(page: Page, role: string, circle: string): Promise<void> {
  await goTo(page, 'Settings')
  await press(page, 'Take a persona')
  const taking = dialogOf(page, 'Take a persona')
  await taking.getByLabel('Which role?').selectOption(role)
  await taking.getByLabel('In which circle?').fill(circle)
  await press(taking, 'Take it')
  await taking.waitFor({ state: 'detached' })
}

/** Sets the limits of agents under Settings: lead time of a week at least, risk 3 at most. `open`: label of the button that opens the dialog. */
export async function setLimits(page: Page, open: RegExp, price: string): Promise<void> {
  await goTo(page, 'Settings')
  await press(page, open)
  const limits = dialogOf(page, /What agents may do for you as/u)
  await limits.getByLabel('Yes, within these limits').check()
  await limits.getByLabel('An item costs at most').fill(price)
  await limits.getByLabel('Days ahead, at least').fill('7')
  await limits.getByLabel('Risk, at most').fill('3')
  await press(limits, 'Save')
  await limits.waitFor({ state: 'detached' })
}

export async function press(at: Page | Locator, name: string | RegExp): Promise<void> {
  await at.getByRole('button', { name }).first().click()
}

export const dialogOf = (page: Page, name: string | RegExp): Locator => page.getByRole('dialog', { name })

/** Locates an item of the displayed trip. */
export const itemOf = (page: Page, name: string): Locator =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) })

/** Reads the element's text, on one line. */
export async function wordsOf(at: Locator): Promise<string> {
  return (await at.innerText()).replaceAll(/\s+/gu, ' ')
}

/** Opens the chain of an item. @returns The accessible text of its links, once their state is loaded. */
export async function chainOf(item: Locator): Promise<readonly string[]> {
  await item.getByText('On whose authority').click()
  await item.locator('[aria-busy=false]').waitFor()
  return await item.getByRole('figure').getByRole('listitem').allTextContents()
}

/** Opens a screen through the navigation. */
export async function goTo(page: Page, screen: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: screen }).click()
  await page.getByRole('heading', { level: 1, name: screen }).waitFor()
}

/** Takes a screenshot. @returns The violations that axe finds. */
export async function looked(page: Page, name: string): Promise<readonly string[]> {
  mkdirSync(PICTURES, { recursive: true })
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
  return await axe(page)
}

/**
 * Presses Tab until an element has the focus.
 *
 * @throws Error when Tab does not reach it.
 */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    if (await isFocused(target)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('the keyboard does not come there')
}

export async function isFocused(target: Locator): Promise<boolean> {
  return await target.evaluate((element) => element === document.activeElement)
}

/** Sends requests of one person to the PDP. Rejects unless they succeed. */
export type AsPerson = (method: string, path: string, body?: unknown) => Promise<unknown>

/** Signs a person in outside of the window. */
export async function asPerson(
  stack: Pick<Stack, 'issuer' | 'urls'>,
  person: Credentials,
  clientId: string,
): Promise<AsPerson> {
  const session = await signIn({ issuer: stack.issuer, clientId, scopes: ['pdp'], openBrowser: formBrowser(person) })
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${await session.tokenFor('pdp')}`, 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(stack.urls.pdp + path, { method, headers, ...sent })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return response.status === 204 ? undefined : await response.json()
  }
}

/** Sends an administrator's request to the PDP. @throws Error unless it succeeds. */
export async function administer(
  stack: Pick<Stack, 'issuer' | 'urls'>,
  person: Credentials,
  clientId: string,
  ...request: Parameters<AsPerson>
): Promise<unknown> {
  return await (await asPerson(stack, person, clientId))(...request)
}

/** Approves every pending persona. @throws Error when there is none. */
export async function approvePersonas(stack: Pick<Stack, 'issuer' | 'urls'>, petra: Credentials): Promise<void> {
  const waiting = await administer(stack, petra, 'desktop', 'GET', '/v1/personas?waiting=true')
  const { items } = waiting as { readonly items: readonly { readonly id: string }[] }
  if (items.length === 0) throw new Error('no persona waits')
  for (const { id } of items) {
    await administer(stack, petra, 'desktop', 'PATCH', `/v1/personas/${id}`, { status: 'active' })
  }
}
