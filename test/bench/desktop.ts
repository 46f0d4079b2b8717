/**
 * `npm run bench -- desktop`: how long a person waits from the identity provider's redirect to their first data, on the real stack; and how smoothly a long
 * activity scrolls, over the real channel with a core that only answers.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBrowserHost } from '@mandate/desktop/browser'
import type { CallResult, CheckedInput, OperationName, Output } from '@mandate/desktop/channel'
import { buildDesktopPage, DESKTOP_PAGE, type Stack, startStack } from '@mandate/stack'
import type { Browser, Page } from 'playwright-core'
import { anEntry } from '../contract/log-builders.ts'
import { goTo, openWindow, provider } from '../support/desktop-page.ts'
import { launchChromium, typePassword } from '../support/system-browser.ts'

const BUDGET_MS = 1_000
const SIGN_INS = 7
const ENTRIES = 10_000
/** A frame that takes longer is seen. */
const FRAME_MS = 50
/** In CSS pixels a frame: twenty screens a second. */
const STEP = 280
/** Frames in which nothing moves, to know what of it is the machine's. */
const RESTING = 600
const ME = 'user:p_0'

export async function benchDesktop(print: (line: string) => void): Promise<void> {
  await buildDesktopPage(print)
  const folder = mkdtempSync(join(tmpdir(), 'mandate-bench-'))
  const browser = await launchChromium()
  try {
    print(scrolling(await framesOf(browser, folder)))
    const stateDir = join(folder, 'stack')
    const stack = await startStack({
      stateDir,
      ownServers: true,
      logLevel: 'error',
      services: ['pdp', 'trips', 'agent'],
    })
    try {
      print(signingIn(await signIns(browser, stack)))
    } finally {
      await stack.stop()
    }
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each in a window of its own, in milliseconds, ascending. */
async function signIns(browser: Browser, stack: Stack): Promise<readonly number[]> {
  const { sam } = stack.people
  if (!sam) throw new Error('there is no Sam')
  const took: number[] = []
  for (let round = 0; round < SIGN_INS; round += 1) {
    const window = await openWindow({ browser, stack })
    const at = await provider(window.page)
    let redirected = Number.NaN
    at.on('request', (request) => {
      if (new URL(request.url()).pathname === '/callback') redirected = performance.now()
    })
    const shown = window.page.getByText('No trips yet.').waitFor()
    await Promise.all([
      typePassword(at, sam.username, sam.password),
      shown.then(() => took.push(performance.now() - redirected)),
    ])
    await window.close()
  }
  return took.toSorted((a, b) => a - b)
}

function signingIn(took: readonly number[]): string {
  const median = took[Math.floor(took.length / 2)] ?? Number.NaN
  const verdict = median <= BUDGET_MS ? 'met' : 'MISSED'
  const words = `redirect to the list of trips, median of ${took.length}`
  return `  ${words}: ${median.toFixed(0)} ms, slowest ${took.at(-1)?.toFixed(0)} ms   at most ${BUDGET_MS} ms   ${verdict}`
}

interface Frames {
  readonly resting: readonly number[]
  readonly moving: readonly number[]
  /** Elements in the document at the end. */
  readonly elements: number
}

function scrolling({ resting, moving, elements }: Frames): string {
  const words = `${ENTRIES.toLocaleString('en')} entries of activity scrolled through, ${elements} elements at the end`
  return `  ${words}: over ${FRAME_MS} ms ${told(moving)}; at rest ${told(resting)}`
}

function told(frames: readonly number[]): string {
  const slow = frames.filter((ms) => ms > FRAME_MS).length
  return `${slow} of ${frames.length} frames, slowest ${Math.max(...frames).toFixed(0)} ms`
}

async function framesOf(browser: Browser, dataDir: string): Promise<Frames> {
  const core = { call: answer, listen: () => () => undefined, openLink: () => undefined, close: async () => undefined }
  const host = await startBrowserHost({ pageDir: DESKTOP_PAGE, dataDir, createCore: () => core, mayOpen: () => false })
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' })
  try {
    const page = await context.newPage()
    await page.goto(host.link())
    await goTo(page, 'Activity')
    await page.getByText(`${ENTRIES.toLocaleString('en')} entries`).waitFor()
    return await scrollThrough(page)
  } finally {
    await context.close()
    await host.close()
  }
}

/** To the very end; pages that are still on their way are waited for, frame by frame. Lengths of frames, in milliseconds. */
async function scrollThrough(page: Page): Promise<Frames> {
  return await page.evaluate(
    async ({ step, rests }) => {
      const nextFrame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done))
      const isAtEnd = (): boolean =>
        scrollY + innerHeight >= document.documentElement.scrollHeight - 1 &&
        document.body.innerText.includes('No older entries.')
      const frames = async (distance: number, isOver: (count: number) => boolean): Promise<number[]> => {
        const took: number[] = []
        for (let before = await nextFrame(); !isOver(took.length); ) {
          scrollBy(0, distance)
          const now = await nextFrame()
          took.push(now - before)
          before = now
        }
        return took
      }
      const resting = await frames(0, (count) => count >= rests)
      const moving = await frames(step, isAtEnd)
      return { resting, moving, elements: document.querySelectorAll('*').length }
    },
    { step: STEP, rests: RESTING },
  )
}

type Answers = { readonly [N in OperationName]?: (input: CheckedInput<N>) => Output<N> }

const NOTHING = { items: [] }
const ANSWERS: Answers = {
  'app.setup': () => ({
    version: '0.0.0',
    host: 'browser',
    hasSecurityPolicy: false,
    issuer: 'https://id.example/realms/mandate',
    services: { pdp: 'https://pdp.example', trips: 'https://trips.example' },
    agents: [{ id: 'booking-agent', title: 'Booking agent', runsTrips: true }],
  }),
  'session.read': () => ({ state: 'signed_in', subject: 'user:carlo', online: true, keptIn: 'memory' }),
  'contacts.list': () => NOTHING,
  'personas.list': () => NOTHING,
  'trips.list': () => NOTHING,
  'trips.templates': () => NOTHING,
  'runs.list': () => NOTHING,
  'grants.list': () => NOTHING,
  'invitations.list': () => NOTHING,
  'activity.list': (query) => {
    const limit = Number(query?.limit ?? 100)
    const from = Number(query?.cursor ?? 0)
    const count = Math.min(limit, ENTRIES - from)
    const next = from + count
    return {
      entries: Array.from({ length: count }, (_, at) => {
        const index = ENTRIES - from - at
        return { ...anEntry(index), index, origin: 'bench.example/log' }
      }),
      total: ENTRIES,
      me: ME,
      ...(next < ENTRIES ? { next_cursor: String(next) } : {}),
    }
  },
}

async function answer(name: string, input: unknown): Promise<CallResult<OperationName>> {
  const known = ANSWERS[name as OperationName] as ((input: unknown) => Output<OperationName>) | undefined
  if (known) return { ok: true, value: known(input) }
  return { ok: false, problem: { code: 'not_found', title: 'This core only answers.' } }
}
