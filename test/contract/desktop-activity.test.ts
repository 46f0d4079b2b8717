/**
 * Activity in a real Chromium with a played main process: a list of ten thousand, the place in it, its filters, and what comes while one reads.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type PlayedPage, servePlayed } from '../desktop/page.ts'
import { show } from '../desktop/scenes.ts'
import { launchChromium } from '../support/system-browser.ts'

const MANY = 10_000
/** More than two screens of rows are never in the document. */
const IN_SIGHT = 60
/** What one only looked at, too. */
const EVERYTHING = '#/activity?looks=shown'
const LONG = { timeout: 150_000 }
const folder = mkdtempSync(join(tmpdir(), 'mandate-activity-'))
let played: PlayedPage
let browser: Browser

beforeAll(async () => {
  ;[played, browser] = await Promise.all([servePlayed(join(folder, 'page')), launchChromium()])
})
afterAll(async () => {
  await browser?.close()
  await played?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function open(scene: string, place = '#/activity'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1_000, height: 700 }, reducedMotion: 'reduce' })
  onTestFinished(() => page.close())
  await show(page, played.url, { name: '', scene, place })
  await page.locator('.entry').first().waitFor()
  return page
}
const hashOf = (page: Page): string => new URL(page.url()).hash
const topOf = (page: Page): Promise<number> => page.evaluate(() => Math.round(scrollY))

test('ten thousand entries scroll to their end, and only those in sight are in the document', LONG, async () => {
  const page = await open('busy', EVERYTHING)
  await page.getByText('10,000 entries').waitFor()
  const seen: number[] = []
  const last = page.locator(`.entry[aria-posinset="${MANY}"]`)
  const down = async (): Promise<number> => {
    await page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight }))
    seen.push(await page.locator('.entry').count())
    return last.count()
  }
  await expect.poll(down, { timeout: 120_000, interval: 20 }).toBe(1)
  await page.getByText('No older entries.').waitFor()
  expect(Math.max(...seen)).toBeLessThan(IN_SIGHT)
  expect(await last.getAttribute('aria-setsize')).toBe(String(MANY))
})

test('back from an entry one is where one was, with the focus on it', async () => {
  const page = await open('busy')
  await page.evaluate(() => scrollTo({ top: 3_000 }))
  const row = page.locator('.entry[aria-posinset="50"] .entry-link')
  const id = await row.getAttribute('id')
  await row.focus()
  const top = await topOf(page)
  await page.keyboard.press('Enter')
  await page.locator('.seal').waitFor()
  expect(hashOf(page)).toBe(`#/activity/${id?.replace('row-', '')}`)
  expect(await page.locator('h1').count()).toBe(1)
  await page.getByRole('link', { name: 'All activity' }).click()
  await expect.poll(() => topOf(page)).toBe(top)
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe(id)
})

test('arrow keys go from entry to entry', async () => {
  const page = await open('carlo')
  await page.locator('.entry-link').first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  const place = await page.evaluate(() => document.activeElement?.closest('.entry')?.getAttribute('aria-posinset'))
  expect(place).toBe('2')
})

test('filters stand in the address, go back with it, and are asked for', async () => {
  const page = await open('carlo')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByLabel('Answer').selectOption('deny')
  await page.getByLabel('Who acted').selectOption('agent:booking-agent')
  await page.getByText('1 entry').waitFor()
  expect(hashOf(page)).toBe('#/activity?who=agent%3Abooking-agent&answer=deny')
  await page.goBack()
  await page.getByText('2 entries').waitFor()
  expect(await page.getByLabel('Who acted').inputValue()).toBe('')
  await page.getByRole('link', { name: 'Clear all filters' }).click()
  await page.getByText('10 entries').waitFor()
})

test('what one only looked at is left out until it is asked for', async () => {
  const page = await open('carlo')
  const looks = page.getByRole('link', { name: 'Include views (1)' })
  await looks.waitFor()
  expect(await page.locator('.entry').count()).toBe(9)
  await looks.click()
  await expect.poll(() => page.locator('.entry').count()).toBe(10)
  expect(hashOf(page)).toBe('#/activity?looks=shown')
  await page.getByRole('link', { name: 'Leave out views' }).click()
  await expect.poll(() => page.locator('.entry').count()).toBe(9)
})

test('what comes while it is paused waits, and says so', async () => {
  const page = await open('carlo')
  await page.getByRole('button', { name: 'Live' }).click()
  await page.locator('.entry-link').first().click()
  await page.getByRole('button', { name: 'Revoke what you gave Yannick' }).click()
  await page.getByRole('button', { name: 'Revoke now' }).click()
  await page.getByText('this authority is over').waitFor()
  await page.getByRole('link', { name: 'All activity' }).click()
  const arrived = page.getByRole('button', { name: '1 new entry' })
  await arrived.waitFor()
  expect(await page.locator('.entry').count()).toBe(9)
  await arrived.click()
  await page.getByText('You took back from Yannick').waitFor()
  expect(await page.locator('.entry').count()).toBe(10)
})

test('an entry that is not what was recorded is said to be so', async () => {
  const page = await open('forged')
  await page.locator('.entry-link').first().click()
  await page.getByText('No. This is not what was recorded.').waitFor()
  await page.getByText('Do not trust this entry.').waitFor()
})
