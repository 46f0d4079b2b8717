/**
 * The window in a real Chromium, under the product's own security policy, with a played main process: by keyboard alone, on every screen and
 * in every state. What it does on real servers is held elsewhere.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type PlayedPage, servePlayed } from '../desktop/page.ts'
import { SHOTS, show } from '../desktop/scenes.ts'
import { axe } from '../support/auditor-page.ts'
import { launchChromium } from '../support/system-browser.ts'

const NARROW = { width: 360, height: 740 }
const VIENNA = '#/trips/01KAM000000000000000000002'
const MILAN = '#/trips/01KAM000000000000000000001'
/** More stops than any screen has. */
const MANY = 80
const folder = mkdtempSync(join(tmpdir(), 'mandate-window-'))
let played: PlayedPage
let browser: Browser
/** One for all: a new one would start a process of Chromium each. */
let page: Page
let noise: string[] = []

beforeAll(async () => {
  ;[played, browser] = await Promise.all([servePlayed(join(folder, 'page')), launchChromium()])
  page = await browser.newPage({ viewport: NARROW, reducedMotion: 'reduce' })
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) noise.push(message.text())
  })
  page.on('pageerror', (error) => noise.push(error.message))
})
afterAll(async () => {
  await browser?.close()
  await played?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  noise = []
})

const open = (place: string): Promise<void> => show(page, played.url, { name: '', scene: 'carlo', place })

/** Presses Tab until the focus is on something that is called so. */
async function tabTo(name: RegExp): Promise<void> {
  for (let stop = 0; stop < MANY; stop += 1) {
    await page.keyboard.press('Tab')
    const called = await page.evaluate(() => {
      const at = document.activeElement
      return at?.getAttribute('aria-label') ?? at?.textContent ?? ''
    })
    if (name.test(called.trim())) return
  }
  expect.unreachable(`the focus never came to ${name}`)
}

test('authority is given by keyboard in two presses, and what it means is said before the second', async () => {
  await open(VIENNA)
  await page.getByText('Nobody else may act on it.').waitFor()
  await tabTo(/Booking agent\s+act$/u)
  await page.keyboard.press('Enter')
  await page.locator('.would').waitFor()
  expect(await page.locator('.preview').innerText()).toMatch(
    /Booking agent may see and book A day in Vienna until [\s\S]*may not pass it on[\s\S]*take it back at any moment/u,
  )
  await tabTo(/^Give$/u)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect
    .poll(() => page.locator('.grant-sentence').allInnerTexts())
    .toEqual([expect.stringMatching(/^Booking agent may see and book/u)])
  expect(await page.locator('h1 + .lead').innerText()).toContain('Booking agent may act on it too.')
  expect(noise).toEqual([])
})

test('what is revoked says what else ends, and nobody is left who could act', async () => {
  await open('#/sharing')
  await tabTo(/^Revoke: Yannick/u)
  await page.keyboard.press('Enter')
  await page.getByText('1 more grant ends with it:').waitFor()
  expect(await page.locator('.below').innerText()).toMatch(/^Booking agent may/u)
  await tabTo(/^Revoke now$/u)
  await page.keyboard.press('Enter')
  await page.locator('.standing-line', { hasText: 'Nobody can act for you now.' }).waitFor()
  await page.getByText('Nobody can act for you.', { exact: true }).waitFor()
  expect(noise).toEqual([])
})

test('a question about losing something begins on what loses nothing, and Escape gives the focus back', async () => {
  await open('#/sharing')
  await tabTo(/^Revoke: Yannick/u)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('alertdialog')
  await dialog.waitFor()
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
  await expect.poll(focused).not.toMatch(/Revoke/u)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('Revoke')
  expect(await page.locator('.grant').count()).toBe(2)
})

test('the items of a run come in one after the other, and the denied one says what would change it', async () => {
  await open(MILAN)
  await page.getByRole('button', { name: 'Let Booking agent book it' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Book now' }).click()
  await page.getByText('Trying…').waitFor()
  await page.getByText('Booking agent: Done').waitFor()
  expect(await page.locator('.run-line').innerText()).toContain('2 items permitted, 1 denied')
  const hotel = page.locator('.item', { hasText: 'Hotel' })
  expect(await hotel.innerText()).toMatch(/Denied[\s\S]*limit is EUR\s4,100\.00[\s\S]*What would change it:/u)
  await hotel.getByText('On whose authority').click()
  expect(await hotel.locator('.chain li').allTextContents()).toEqual([
    expect.stringMatching(/^person you gave person Yannick .*may see and book Three days in Milan/u),
    expect.stringMatching(/^person Yannick gave agent Booking agent /u),
  ])
  expect(noise).toEqual([])
})

test('nothing that was not built in can run, and nothing is asked of anybody but the channel', async () => {
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).origin))
  await open(MILAN)
  await page.getByRole('link', { name: 'Sharing' }).click()
  await page.getByRole('tab', { name: /Received/u }).click()
  expect(new Set(asked)).toEqual(new Set([played.url]))
  const tried = await page.evaluate(async () => {
    const outcome = async (work: () => unknown): Promise<string> => {
      try {
        await work()
        return 'done'
      } catch (error) {
        return error instanceof Error ? error.name : 'refused'
      }
    }
    return {
      html: await outcome(() => {
        document.body.innerHTML = '<p>other</p>'
      }),
      fetch: await outcome(() => fetch('/')),
    }
  })
  expect(tried).toEqual({ html: 'TypeError', fetch: 'TypeError' })
})

/** Loading, failing and offline look the same everywhere: one screen stands for all. `npm run desktop:shots` looks at every one, in both schemes and three widths. */
const STATES = /^(?!trips-).*-(loading|failing|offline)$/u

test.for(SHOTS.filter(({ name }) => !STATES.test(name)))(
  '$name: axe finds nothing, nothing scrolls sideways at 360 px, and nothing is complained of',
  async (shot) => {
    await show(page, played.url, shot)
    expect(await axe(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(NARROW.width)
    expect(noise).toEqual([])
  },
)

test('limits, units and titles of a pack that no code knows are shown from what the PDP serves', async () => {
  await show(page, played.url, { name: '', scene: 'dora', place: '#/settings' })
  const limits =
    'Agents may release samples of yours of at most 10 millilitres each, time of drawing at least 2 days ahead.'
  await page.getByText(limits).waitFor()
  await page.getByRole('button', { name: 'Change the limits' }).click()
  await page.getByText('May agents release samples of yours?').waitFor()
  await page.getByLabel('Millilitres of a sample, at most').fill('501')
  await page.getByText('Give a whole number of millilitres from 0 to 500.').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Close without saving' }).click()
  await page.getByRole('button', { name: 'Take a persona' }).click()
  await page.getByLabel('Which role?').selectOption('Sample donor')
  await page.getByText('Have lab orders of your own.').waitFor()
  expect(noise).toEqual([])
})
