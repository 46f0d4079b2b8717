/**
 * `npm run desktop:shots`: a picture of every screen and state of the window, light and dark, narrow, usual and very wide, into
 * `test/artifacts/desktop`; and what axe finds on each. No server is needed. Names on the command line: only those. `--readme`: the four of the README,
 * as a window shows them, into `docs/pictures`.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { axe } from '../support/auditor-page.ts'
import { launchChromium } from '../support/system-browser.ts'
import { servePlayed } from './page.ts'
import { SHOTS, type Shot, show } from './scenes.ts'

const PICTURES = fileURLToPath(new URL('../artifacts/desktop', import.meta.url))
const README = fileURLToPath(new URL('../../docs/pictures', import.meta.url))
const OF_README: readonly string[] = ['sharing', 'grant-preview', 'trip-chain', 'activity-entry']
const SIZES = { narrow: { width: 360, height: 740 }, usual: { width: 1280, height: 860 } } as const
const WIDE = { width: 3840, height: 2160 }
/** Nothing here waits for anybody. */
const STEP_MS = 10_000
const SCHEMES = ['light', 'dark'] as const
/** How many pages are open at the same time. */
const AT_ONCE = 3
/** The same minute in every picture. */
const NOW = new Date('2026-11-22T10:00:00')

interface Look {
  readonly name: string
  readonly viewport: { readonly width: number; readonly height: number }
  readonly colorScheme: (typeof SCHEMES)[number]
  /** Whether axe looks too: colours in both schemes, forms where it is narrow. */
  readonly isChecked: boolean
  /** Where it goes, and whether all of the page does. */
  readonly folder: string
  readonly isWhole: boolean
}

function looksOf({ name }: Shot): readonly Look[] {
  const artifact = { folder: PICTURES, isWhole: true }
  const usual = SCHEMES.flatMap((colorScheme) =>
    Object.entries(SIZES).map(([size, viewport]) => ({
      ...artifact,
      name: `${name}-${size}-${colorScheme}`,
      viewport,
      colorScheme,
      isChecked: size === 'usual' || colorScheme === 'light',
    })),
  )
  const wide: Look = { ...artifact, name: `${name}-wide-light`, viewport: WIDE, colorScheme: 'light', isChecked: false }
  return [...usual, { ...wide, isWhole: false }]
}

const asInReadme = ({ name }: Shot): Look => ({
  name,
  viewport: SIZES.usual,
  colorScheme: 'light',
  isChecked: false,
  folder: README,
  isWhole: false,
})

/** @returns what is wrong on it. */
async function take(browser: Browser, url: string, shot: Shot, look: Look): Promise<readonly string[]> {
  const { viewport, colorScheme, name, isChecked, folder, isWhole } = look
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' })
  const page = await context.newPage()
  page.setDefaultTimeout(STEP_MS)
  const noise: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) noise.push(`${name}: console: ${message.text()}`)
  })
  page.on('pageerror', (error) => noise.push(`${name}: ${error.message}`))
  try {
    await page.clock.setSystemTime(NOW)
    await show(page, url, shot)
    // What lies over the page lies over what is in sight of it.
    const fullPage = isWhole && (await page.locator('.dialog').count()) === 0
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', fullPage })
    const isWider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    const found = isChecked ? await axe(page) : []
    return [...noise, ...found.map((words) => `${name}: ${words}`), ...(isWider ? [`${name}: scrolls sideways`] : [])]
  } catch (error) {
    return [...noise, `${name}: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    await context.close()
  }
}

const isForReadme = process.argv[2] === '--readme'
const wanted = isForReadme ? OF_README : process.argv.slice(2)
const shots = SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
for (const folder of [PICTURES, README]) mkdirSync(folder, { recursive: true })
const [played, browser] = await Promise.all([servePlayed(join(PICTURES, 'page')), launchChromium()])
const wrong: string[] = []
const looks = (shot: Shot): readonly Look[] => (isForReadme ? [asInReadme(shot)] : looksOf(shot))
const open = shots.flatMap((shot) => looks(shot).map((look) => ({ shot, look }))).values()
const work = async (): Promise<void> => {
  for (const { shot, look } of open) wrong.push(...(await take(browser, played.url, shot, look)))
}
await Promise.all(Array.from({ length: AT_ONCE }, work))
await Promise.all([browser.close(), played.stop()])
process.stdout.write(
  `${wrong.map((words) => `${words}\n`).join('')}${shots.length} screens, ${wrong.length} objections\n`,
)
if (wrong.length > 0) process.exitCode = 1
