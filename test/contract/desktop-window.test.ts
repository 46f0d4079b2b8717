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

/** Name of what has the focus: its label, or its text. */
const focused = () =>
  page.evaluate(() => {
    const at = document.activeElement
    const label = at instanceof HTMLInputElement ? at.labels?.[0]?.textContent : undefined
    return (label ?? at?.getAttribute('aria-label') ?? at?.textContent ?? '').trim()
  })

/** Live regions that say a text: not counted are those inside of another one, which would be the same words again. */
const regionsSaying = (words: string) =>
  page.evaluate((wanted) => {
    const live = '[aria-live]:not([aria-live=off]), [role=status], [role=alert]'
    return [...document.querySelectorAll(live)].filter((region) => region.textContent?.includes(wanted)).length
  }, words)

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
  await expect.poll(focused).not.toMatch(/Revoke/u)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(focused).toMatch(/^Revoke: Yannick/u)
  expect(await page.locator('.grant').count()).toBe(2)
})

test('what was revoked is given again by keyboard: the message is said once, and the keyboard keeps its place', async () => {
  await open('#/sharing')
  await tabTo(/^Revoke: Yannick/u)
  await page.keyboard.press('Enter')
  await page.getByText('more grant ends').waitFor()
  await tabTo(/^Revoke now$/u)
  await page.keyboard.press('Enter')
  await page.locator('.toast').waitFor()
  // The button that opened the dialog is gone with its grant: what is around it has the focus.
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('main')?.id)).toBe('main')
  expect(await regionsSaying('can no longer do this')).toBe(1)
  expect(await axe(page)).toEqual([])
  await page.keyboard.press('Alt+KeyT')
  await tabTo(/^Give it again$/u)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Revoke: Yannick/u }).waitFor()
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.toasts'))).toBeNull()
  expect(noise).toEqual([])
})

test('several grants are revoked by keyboard alone, and nobody is left who could act', async () => {
  await open('#/sharing')
  await tabTo(/^Revoke several/u)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('alertdialog')
  await dialog.waitFor()
  await expect.poll(() => dialog.evaluate((at) => at.contains(document.activeElement))).toBe(true)
  while ((await focused()) !== 'All of them') await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await expect.poll(() => dialog.getByLabel('All of them').isChecked()).toBe(true)
  await tabTo(/^Revoke 2/u)
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await page.locator('.standing-line', { hasText: 'Nobody can act for you now.' }).waitFor()
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY')
  expect(noise).toEqual([])
})

test('typed input is given up only after a question, which is read with its first answer and gives the focus back', async () => {
  await open('#/people')
  await tabTo(/^More for Yannick|Yannick/u)
  while (!/More|Change|Actions/u.test(await focused())) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem').first().waitFor()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: /Change how you know/u })
  await dialog.waitFor()
  await tabTo(/^$/u)
  expect(await focused()).toBe('Name')
  await page.keyboard.type(' of Graz')
  await page.keyboard.press('Escape')
  await expect.poll(focused).toBe('Go on editing')
  expect(await axe(page)).toEqual([])
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Name')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => regionsSaying('of Graz')).toBe(1)
  expect(await focused()).toMatch(/More/u)
  expect(noise).toEqual([])
})

test('nothing is spent by Escape, and after booking the focus is where it came from', async () => {
  await open(MILAN)
  await tabTo(/^Book all in person$/u)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('alertdialog', { name: 'Book this now?' })
  await dialog.waitFor()
  await expect.poll(focused).not.toBe('Book now')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('Book all in person')
  await page.keyboard.press('Enter')
  await tabTo(/^Book now$/u)
  await page.keyboard.press('Enter')
  await page.getByText('Booked in person').waitFor()
  await expect.poll(focused).toBe('Book all in person')
  expect(noise).toEqual([])
})

test.for([
  ['an invitation', 'redeem-unknown', 'Code or link', 'No open invitation has that code.'],
  ['limits', 'settings-limits-refused', 'An item costs at most', 'Another currency is used here.'],
] as const)(
  '%s that was refused: the focus is on the field, which is described by what is wrong',
  async ([, name, label, words]) => {
    await show(page, played.url, SHOTS.find((shot) => shot.name === name) ?? expect.unreachable(name))
    await expect.poll(focused).toBe(label)
    const described = await page.evaluate(() => {
      const at = document.activeElement
      const help = document.getElementById(at?.getAttribute('aria-describedby') ?? '')
      return [at?.getAttribute('aria-invalid'), help?.textContent]
    })
    expect(described).toEqual(['true', words])
    expect(await regionsSaying(words)).toBe(0)
  },
)

test('a change that was refused without a field: the message has the focus', async () => {
  await show(page, played.url, SHOTS.find(({ name }) => name === 'trip-move-conflict') ?? expect.unreachable())
  await expect.poll(focused).toMatch(/^It has changed since you saw it\./u)
})

test('who can act for one is true when a grant expires, which no event tells', async () => {
  await page.clock.install()
  await open('#/sharing')
  const line = page.locator('.standing-line')
  await line.filter({ hasText: '2 others can act for you' }).waitFor()
  await page.clock.fastForward('22:00:00')
  const begun = performance.now()
  await line.filter({ hasText: '1 other can act for you' }).waitFor()
  process.stdout.write(`Can act for you now, grant expired: ${Math.round(performance.now() - begun)} ms\n`)
  await page.clock.resume()
})

test('a grant that was revoked can be given again for ten seconds', async () => {
  await page.clock.install()
  await open('#/sharing')
  await page.getByRole('button', { name: /^Revoke: Yannick/u }).click()
  await page.getByRole('button', { name: 'Revoke now' }).click()
  const undo = page.getByRole('button', { name: 'Give it again' })
  await undo.waitFor()
  await page.clock.pauseAt(new Date((await page.evaluate(() => Date.now())) + 2_000))
  await page.clock.runFor(6_000)
  expect(await undo.isVisible()).toBe(true)
  await page.clock.runFor(3_000)
  await undo.waitFor({ state: 'detached' })
  await page.clock.resume()
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

test('an empty limit is no error before something is typed or submitted; then it is, and the focus is there', async () => {
  await show(page, played.url, { name: '', scene: 'dora', place: '#/settings' })
  await page.getByRole('button', { name: /^Allow it within limits.*donor.*home/u }).click()
  const dialog = page.getByRole('dialog', { name: /What agents may do/u })
  await dialog.getByLabel('Millilitres of a sample, at most').waitFor()
  expect(await dialog.locator('[aria-invalid="true"], .wrong').count()).toBe(0)
  await dialog.getByLabel('Millilitres of a sample, at most').fill('501')
  expect(await dialog.locator('[aria-invalid="true"]').count()).toBe(1)
  await dialog.getByLabel('Millilitres of a sample, at most').fill('20')
  expect(await dialog.locator('[aria-invalid="true"]').count()).toBe(0)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect.poll(focused).toMatch(/^Time of drawing/u)
  expect(await dialog.locator('[aria-invalid="true"]').count()).toBe(1)
  expect(noise).toEqual([])
})

test('in a persona of another domain the trips screen says which persona is needed, and acts in it at a press', async () => {
  await show(page, played.url, { name: '', scene: 'dora', place: '#/trips' })
  const notice = page.getByText(/You act as .*, ward-2, which is not a persona of Travel\./u)
  await notice.waitFor()
  expect(await page.getByRole('button', { name: 'New trip' }).first().isDisabled()).toBe(true)
  expect(await axe(page)).toEqual([])
  await page.getByRole('button', { name: 'Act as Traveler, home' }).click()
  await notice.waitFor({ state: 'detached' })
  expect(await page.getByRole('button', { name: 'New trip' }).first().isEnabled()).toBe(true)
  expect(noise).toEqual([])
})

test('a message at the bottom does not cover the button that gives, in a dialog that is higher than the window', async () => {
  await open('#/sharing')
  await page.getByRole('button', { name: /^Revoke: Yannick/u }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke now' }).click()
  await page.locator('.toast').first().waitFor()
  await page.getByRole('button', { name: 'Let somebody act' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Let somebody act' })
  const give = await dialog.getByRole('button', { name: 'Give', exact: true }).boundingBox()
  const toast = await page.locator('.toast').last().boundingBox()
  expect(toast).toBeTruthy()
  expect((give?.y ?? 0) + (give?.height ?? 0)).toBeLessThanOrEqual(toast?.y ?? 0)
})

test('without a connection the age of the data is said once on each screen', async () => {
  for (const place of ['#/people', '#/sharing', '#/trips', '#/settings']) {
    await show(page, played.url, { name: '', scene: 'offline', place })
    await page.locator('.stale-since').first().waitFor()
    expect(await page.locator('.stale-since').count(), place).toBe(1)
  }
})
