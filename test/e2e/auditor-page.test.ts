/**
 * The auditor's page in a real Chromium, signed in at the real Keycloak with a one-time code: Ada finds the story in the log, follows a
 * chain and checks a proof. What she sees is kept as pictures in `test/artifacts/auditor`.
 */
import { readFileSync } from 'node:fs'
import { buildPage, type Stack, type StoryResult, tellStory } from '@mandate/stack'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { axe, picture, signInAt } from '../support/auditor-page.ts'
import { enterAs } from '../support/signed-in.ts'
import { launchChromium } from '../support/system-browser.ts'

const WIDE = { width: 1440, height: 900 }
let stack: Stack
let told: StoryResult
let browser: Browser
/** Ada's browser. */
let ada: BrowserContext
let page: Page
let noise: string[]

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startTestStack(), launchChromium(), buildPage(() => undefined)])
  told = await story()
  ada = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce' })
  const first = await ada.newPage()
  await first.goto(stack.urls.auditor)
  await first.getByRole('link', { name: 'Sign in' }).waitFor()
  await picture(first, 'sign-in')
  expect(await axe(first)).toEqual([])
  await first.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(first, personOf('ada'))
  await first.locator('.row-link').first().waitFor()
  await first.close()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})
beforeEach(async () => {
  page = await ada.newPage()
  noise = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) noise.push(message.text())
  })
  page.on('pageerror', (error) => noise.push(error.message))
  onTestFinished(() => page.close())
})

const story = (): Promise<StoryResult> =>
  tellStory({ issuer: stack.issuer, urls: stack.urls, people: stack.people, out: () => undefined })
const personOf = (name: string) => stack.people[name] ?? expect.unreachable(name)
const hotel = (): string => told.rows.find(({ item }) => item === 'hotel')?.evaluationId ?? expect.unreachable('hotel')

async function open(path: string): Promise<void> {
  await page.goto(stack.urls.auditor + path)
}

/** The words of the first rows in sight. */
const rows = (): Promise<string[]> => page.locator('.rows .row').allInnerTexts()
const found = (): Promise<string> => page.locator('.found').innerText()

test('Ada finds the agent by chain member, narrows to what was denied, and the address says it all', async () => {
  await open('/')
  await page.locator('.row-link').first().waitFor()
  expect(new URL(page.url()).search).toBe('?kind=evaluation')
  await page.getByLabel('Anyone in the chain').fill('booking-agent')
  await page.keyboard.press('Enter')
  await page.getByLabel('Denied', { exact: true }).check()
  await expect
    .poll(() => new URL(page.url()).search)
    .toBe('?member=agent%3Abooking-agent&decision=deny&kind=evaluation')
  await expect.poll(rows).toHaveLength(2)
  for (const row of await rows())
    expect(row).toMatch(/Denied[\s\S]*booking-agent[\s\S]*execute[\s\S]*price above limit/u)
  const colleague = await ada.newPage()
  await colleague.goto(page.url())
  await expect.poll(() => colleague.locator('.found').innerText()).toContain('2 entries')
  await colleague.close()
  await page.goBack()
  await expect.poll(found).not.toContain('2 entries')
})

test('what is denied is counted over time and by reason, and a reason leads to its decisions', async () => {
  await open('/?kind=evaluation')
  await page.locator('.denials-list a').first().waitFor()
  expect(await page.locator('.sum-split').innerText()).toMatch(/permitted.*denied/u)
  expect(await page.getByRole('img', { name: /^Activity from/u }).count()).toBe(1)
  await page.getByRole('link', { name: /^price above limit/u }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('reason')).toBe('price_above_limit')
  await expect.poll(found).toContain('2 entries')
  expect(noise).toEqual([])
})

test('a decision shows its chain with what became of each link, its gates, the answer today, and its proof', async () => {
  await open(`/decisions/${hotel()}?kind=evaluation`)
  await page.getByText('This entry is in the log, unaltered.').waitFor()
  expect(await page.locator('.checks').innerText()).toMatch(
    /Hashed in this browser[\s\S]*hashes lead up[\s\S]*pinned key signed/u,
  )
  await page.locator('.chain[aria-busy=false]').waitFor()
  const links = await page.locator('.chain li').allTextContents()
  expect(links).toHaveLength(2)
  expect(links[0]).toMatch(/^person p_.* gave person p_.*live then, revoked now\.$/u)
  expect(links[1]).toMatch(/^person p_.* gave agent booking-agent .*live then, cut off now\.$/u)
  expect(await page.locator('.gate-fails').allInnerTexts()).toEqual([
    expect.stringMatching(/Price\s+failed:\s+EUR\s4,200\.00, and the limit is EUR\s4,100\.00/u),
  ])
  expect(await page.locator('.gate-holds').count()).toBeGreaterThan(5)
  const answers = page.locator('.answer')
  await answers.first().waitFor()
  expect(await answers.allInnerTexts()).toEqual([
    expect.stringMatching(/Then[\s\S]*Denied[\s\S]*price above limit/u),
    expect.stringMatching(/Now[\s\S]*Denied[\s\S]*grant revoked/u),
  ])
  expect(await page.locator('.replay-words').innerText()).toMatch(/^The answer is another today\. .*reasons/u)
  expect(noise).toEqual([])
})

test('an entry that was altered in transit is reported as altered, by the browser alone', async () => {
  await page.route(`**/api/decisions/${hotel()}`, async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, json: { ...(await answer.json()), decision: true } })
  })
  await open(`/decisions/${hotel()}`)
  await page.getByText('This entry is NOT what was logged.').waitFor()
  await picture(page, 'altered')
})

test('a log that the pinned key did not sign is reported as unsigned', async () => {
  const key = readFileSync(stack.key, 'utf8').trim()
  const foreign = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
  await page.route('**/api/session', (route) => route.fulfill({ json: { auditor: true, keys: [foreign] } }))
  await open(`/decisions/${hotel()}`)
  await page.getByText(/No pinned key signed that root/u).waitFor()
  await page.unroute('**/api/session')
  await page.route('**/api/session', (route) => route.fulfill({ json: { auditor: true, keys: [] } }))
  await open(`/decisions/${hotel()}`)
  await page.getByText('This entry is in the tree, but no trusted key signed the tree.').waitFor()
  expect(key).toContain('mandate.invalid/demo+')
})

test('live, a decision shows as it is made; further down it waits until it is asked for', async () => {
  await open('/?kind=evaluation')
  await page.locator('.row-link').first().waitFor()
  await page.getByRole('button', { name: 'Live' }).click()
  await page.getByText(', watching').waitFor()
  const before = Number.parseInt(await found(), 10)
  const carlo = await enterAs(stack, 'carlo', 'traveler/family')
  const decide = () => carlo.must('trips', 'POST /workflows', { template: 'milan' })
  await decide()
  await expect.poll(async () => Number.parseInt(await found(), 10)).toBe(before + 1)
  expect((await rows())[0]).toMatch(/Permitted[\s\S]*create/u)
  await page.setViewportSize({ width: 1440, height: 320 })
  await page.mouse.wheel(0, 900)
  await decide()
  await page.getByRole('button', { name: '1 new entry' }).click({ timeout: 60_000 })
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0)
  expect(noise).toEqual([])
})

test('the keyboard alone goes from filter to row to decision and back to the row', async () => {
  await open('/?kind=evaluation')
  await page.locator('.row-link').nth(2).waitFor()
  await page.keyboard.press('/')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('filter-member')
  for (let tabs = 0; tabs < 12; tabs += 1) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(() => document.activeElement?.className === 'row-link')) break
  }
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('j')
  const row = await page.evaluate(() => document.activeElement?.id)
  expect(row).toBe(await page.locator('.row-link').nth(2).getAttribute('id'))
  await page.keyboard.press('Enter')
  await page.locator('.sentence:focus').waitFor()
  expect(page.url()).toContain(`/decisions/${row?.slice('row-'.length)}`)
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe(row)
})

test.for([
  ['light', { width: 1440, height: 900 }],
  ['dark', { width: 360, height: 740 }],
  ['light', { width: 3840, height: 2160 }],
] as const)('axe finds nothing and nothing is wider than the screen: %s, %o', async ([colorScheme, viewport]) => {
  const name = `${colorScheme}-${viewport.width}`
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize(viewport)
  await open('/?kind=evaluation')
  await page.locator('.row-link').first().waitFor()
  await page.locator('.denials-list a').first().waitFor()
  await picture(page, `log-${name}`)
  expect(await axe(page)).toEqual([])
  await page.getByText('More filters').click()
  await picture(page, `filters-${name}`)
  expect(await axe(page)).toEqual([])
  await open(`/decisions/${hotel()}?kind=evaluation`)
  await page.locator('.seal').waitFor()
  await page.locator('.chain[aria-busy=false]').waitFor()
  await page.locator('.replay, .section-body > .aside').first().waitFor()
  await picture(page, `decision-${name}`, viewport.width === 360)
  expect(await axe(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
})

test('nothing found, nothing that answers, and a filter that is none: each says what to do', async () => {
  await open('/?member=agent%3Anobody')
  await page.getByText('No entry matches all filters.').waitFor()
  await picture(page, 'nothing')
  expect(await axe(page)).toEqual([])
  await open('/?member=nonsense')
  await expect.poll(() => page.getByRole('alert').first().innerText()).toMatch(/must be user:…, agent:… or service:…/u)
  await page.route('**/api/decisions?*', (route) => route.abort())
  await open('/?kind=evaluation')
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  await picture(page, 'failed')
  await page.unroute('**/api/decisions?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.locator('.row-link').first().waitFor()
})

test('a hundred thousand decisions scroll with a few dozen rows in the document', async () => {
  const answer = await page.request.get(`${stack.urls.auditor}/api/decisions/${hotel()}`)
  const entry = await answer.json()
  const total = 100_000
  await page.route('**/api/decisions?*', (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    const entries = Array.from({ length: 200 }, (_, at) => {
      const index = total - from - at
      return { ...entry, id: `01KC${String(index).padStart(22, '0')}`, index }
    })
    return route.fulfill({ json: { entries, total, next_cursor: String(from + 200) } })
  })
  await open('/?kind=evaluation')
  await expect.poll(found).toContain('100,000 entries')
  const lastRow = async () => Number(await page.locator('.row').last().getAttribute('aria-rowindex'))
  for (let row = await lastRow(); row <= 2_000; row = await lastRow()) {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
    await expect.poll(lastRow).toBeGreaterThan(row)
  }
  expect(await page.locator('.rows .row').count()).toBeLessThan(80)
  expect(await page.locator('[role=table]').getAttribute('aria-rowcount')).toBe('100001')
  await picture(page, 'hundred-thousand')
})

test('no token and nothing of a person is in the browser; nothing inline could run there', async () => {
  const spoken: string[] = []
  page.on('response', async (response) => {
    if (response.url().startsWith(stack.urls.auditor)) spoken.push(await response.text().catch(() => ''))
  })
  await open('/?kind=evaluation')
  await page.locator('.row-link').first().waitFor()
  const [cookie, ...others] = await ada.cookies(stack.urls.auditor)
  expect(others.filter(({ name }) => name.startsWith('__Host-'))).toEqual([])
  expect(cookie).toMatchObject({
    name: '__Host-mandate-audit',
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
    path: '/',
  })
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  for (const text of [...spoken, kept]) {
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/u)
    for (const sub of Object.values(told.people)) expect(text).not.toContain(sub)
  }
  const policy = (await page.request.get(stack.urls.auditor)).headers()['content-security-policy'] ?? ''
  expect(policy).toMatch(/default-src 'none';script-src 'self';style-src 'self'/u)
  expect(policy).not.toMatch(/unsafe|data:|https?:|\*/u)
})

test('a browser whose language Intl refuses shows the page all the same', async () => {
  await page.addInitScript(() =>
    Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true }),
  )
  await open('/')
  await page.locator('.row-link').first().waitFor()
  expect(noise).toEqual([])
})

test('another page can neither read nor sign out with her cookie', async () => {
  const { auditor } = stack.urls
  const [cookie] = await ada.cookies(auditor)
  const headers = { cookie: `${cookie?.name}=${cookie?.value}` }
  const ask = async (path: string, more: Record<string, string>, method = 'GET'): Promise<number> =>
    (await fetch(auditor + path, { method, headers: { ...headers, ...more } })).status
  expect(await ask('/api/session', { 'sec-fetch-site': 'same-origin' })).toBe(200)
  expect(await ask('/api/session', { 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await ask('/api/export?format=csv', { 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await ask('/sign-out', {}, 'POST')).toBe(403)
  expect(await ask('/sign-out', { origin: 'https://evil.example' }, 'POST')).toBe(403)
  expect(await ask('/api/session', {})).toBe(200)
  const stranger = await fetch(`${auditor}/api/decisions`)
  expect([stranger.status, await stranger.json()]).toMatchObject([401, { code: 'unauthenticated' }])
  const astray = await fetch(`${auditor}/sign-in?to=https://evil.example`, { redirect: 'manual' })
  expect(astray.headers.get('location')).toContain(stack.issuer)
  expect((await fetch(`${auditor}/callback?code=x&state=y`, { redirect: 'manual' })).headers.get('location')).toBe('/')
})

test('Sam signs in without a role and sees what he is a party to, and that it is so', async () => {
  const context = await browser.newContext({ viewport: WIDE })
  onTestFinished(() => context.close())
  const his = await context.newPage()
  await his.goto(`${stack.urls.auditor}/decisions/${hotel()}`)
  await his.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(his, personOf('sam'))
  await his.getByText('You are not an auditor').waitFor()
  await his.getByText('There is no such decision among yours.').first().waitFor()
})

test('signed out is signed out here and at the identity provider', async () => {
  await open('/?kind=evaluation')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You are signed out.').waitFor()
  await picture(page, 'signed-out')
  expect(new URL(page.url()).pathname).toBe('/logged-out')
  await open('/?kind=evaluation')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator('#password').waitFor()
})
