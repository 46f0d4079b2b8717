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
import type { Browser, Page } from 'playwright-core'
import { axe } from '../support/auditor-page.ts'
import { launchChromium } from '../support/system-browser.ts'
import { servePlayed } from './page.ts'
import { SHOTS, show } from './scenes.ts'
import type { Shot } from './shot.ts'

const PICTURES = fileURLToPath(new URL('../artifacts/desktop', import.meta.url))
const README = fileURLToPath(new URL('../../docs/pictures', import.meta.url))
const OF_README: readonly string[] = ['sharing', 'grant-preview', 'trip-chain', 'activity-entry']
const SIZES = { narrow: { width: 360, height: 740 }, usual: { width: 1280, height: 860 } } as const
const WIDE = { width: 3840, height: 2160 }
/** Nothing here waits for anybody. */
const STEP_MS = 30_000
const SCHEMES = ['light', 'dark'] as const
/** How many pages are open at the same time. */
const AT_ONCE = 3
/** A few frames: until what listens to the width has been drawn. */
const FRAMES_MS = 50
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

/** A page that shows one scene after the other. */
interface Stage {
  readonly page: Page
  /** What the page complained of since it was asked last. */
  readonly noise: () => readonly string[]
}

async function openStage(browser: Browser): Promise<Stage> {
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB' })
  const page = await context.newPage()
  page.setDefaultTimeout(STEP_MS)
  await page.clock.install({ time: NOW })
  const heard: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) heard.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => heard.push(error.message))
  return { page, noise: () => heard.splice(0) }
}

/** Plays a scene once and looks at it in every way. @returns what is wrong on it. */
async function take({ page, noise }: Stage, url: string, shot: Shot, looks: readonly Look[]): Promise<string[]> {
  const wrong: string[] = []
  try {
    await page.setViewportSize(SIZES.usual)
    await page.clock.resume()
    await page.clock.setSystemTime(NOW)
    await show(page, url, shot)
    // What goes by itself, such as a toast or a run, stands still while it is looked at.
    await standStill(page)
    for (const look of looks) wrong.push(...(await picture(page, look)))
    await page.clock.resume()
    for (const look of looks.filter(({ isChecked }) => isChecked)) wrong.push(...(await check(page, look)))
  } catch (error) {
    wrong.push(`${shot.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return [...noise().map((words) => `${shot.name}: ${words}`), ...wrong]
}

/** Stops the clock: at the next instant that is not past yet when the page hears of it. */
async function standStill(page: Page): Promise<void> {
  for (let aheadMs = 50; ; aheadMs *= 2) {
    const at = await page.evaluate(() => Date.now())
    try {
      return await page.clock.pauseAt(at + aheadMs)
    } catch (error) {
      if (aheadMs > STEP_MS) throw error
    }
  }
}

async function turnTo(page: Page, { viewport, colorScheme }: Look): Promise<void> {
  await page.setViewportSize(viewport)
  await page.emulateMedia({ colorScheme })
}

/** Under a clock that stands still. */
async function picture(page: Page, look: Look): Promise<readonly string[]> {
  const { name, folder, isWhole } = look
  await turnTo(page, look)
  await page.clock.runFor(FRAMES_MS)
  // What lies over the page lies over what is in sight of it.
  const fullPage = isWhole && (await page.locator('.dialog').count()) === 0
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', fullPage })
  const isWider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  return isWider ? [`${name}: scrolls sideways`] : []
}

/** Under a clock that goes: axe waits by timers. */
async function check(page: Page, look: Look): Promise<readonly string[]> {
  await turnTo(page, look)
  return (await axe(page)).map((words) => `${look.name}: ${words}`)
}

const began = performance.now()
const passed = (): string => `${Math.round((performance.now() - began) / 1_000)} s`
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const isForReadme = process.argv[2] === '--readme'
const wanted = isForReadme ? OF_README : process.argv.slice(2)
const unknown = wanted.filter((name) => !SHOTS.some((shot) => shot.name === name))
if (unknown.length > 0) throw new TypeError(`there is no scene ${unknown.join(', ')}`)
const shots = SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
for (const folder of [PICTURES, README]) mkdirSync(folder, { recursive: true })
say('building the page')
const [played, browser] = await Promise.all([servePlayed(join(PICTURES, 'page')), launchChromium()])
const wrong: string[] = []
const open = shots.values()
let done = 0
const work = async (): Promise<void> => {
  const stage = await openStage(browser)
  for (const shot of open) {
    const objections = await take(stage, played.url, shot, isForReadme ? [asInReadme(shot)] : looksOf(shot))
    wrong.push(...objections)
    done += 1
    say(`${String(done).padStart(3)} of ${shots.length}  ${passed().padStart(5)}  ${shot.name}`)
    for (const words of objections) say(`     ${words}`)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work))
await Promise.all([browser.close(), played.stop()])
say(`${shots.length} screens, ${wrong.length} objections, ${passed()}`)
if (wrong.length > 0) process.exitCode = 1
