/**
 * `npm run bench -- auditor [ENTRIES]`: how long the auditor waits for the first page of a long log, in Chromium, signed in, on the real stack.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseCheckpoint, parseNote } from '@mandate/protocol'
import { buildPage, type Stack, startStack } from '@mandate/stack'
import type { Browser, Page } from 'playwright-core'
import { openIndex } from '../../pdp/src/log/entry-index.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { anEntry } from '../contract/log-builders.ts'
import { signInAt } from '../support/auditor-page.ts'
import { readOptions } from '../support/cli-options.ts'
import { launchChromium } from '../support/system-browser.ts'

const BUDGET_MS = 1_000
const LOADS = 11
const A_FILL = 2_000
/** Of the index, which is fed behind the log. */
const FED_WITHIN_MS = 600_000
const PAGES = {
  '/': 'decisions',
  '/?decision=permit': 'what was permitted',
  '/?member=agent%3Abooking-agent&decision=deny': 'a member’s denials',
}

export async function benchAuditor(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { entries } = readOptions(args, { entries: 100_000 })
  const stateDir = mkdtempSync(join(tmpdir(), 'mandate-bench-'))
  await buildPage(print)
  const stack = await startStack({ stateDir, ownServers: true, logLevel: 'error' })
  let browser: Browser | undefined
  try {
    await lengthen(stack, entries)
    browser = await launchChromium()
    const page = await browser.newPage()
    await enter(page, stack)
    await fed(page, entries)
    print(`first page of the auditor, ${entries.toLocaleString('en')} entries, Chromium, median of ${LOADS}`)
    for (const [path, name] of Object.entries(PAGES)) print(line(name, await loads(page, stack.urls.auditor + path)))
  } finally {
    await browser?.close()
    await stack.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** Writes into the log while its PDP is down. */
async function lengthen({ log: dir, services }: Stack, entries: number): Promise<void> {
  await services.pdp?.stop()
  const files = nodeFiles()
  const published = new TextDecoder().decode(await files.read(join(dir, 'checkpoint')))
  const { origin } = parseCheckpoint(parseNote(published).text)
  const log = await openLog({ dir, origin, signer: await loadSigner(files, dirname(dir), origin) })
  for (let first = 0; first < entries; first += A_FILL)
    await log.append(Array.from({ length: Math.min(A_FILL, entries - first) }, (_, at) => anEntry(first + at)))
  // A PDP that starts waits for its index, and its starter not that long.
  const index = await openIndex({
    place: join(dirname(dir), 'index.db'),
    log,
    onFault: (fault) => process.stderr.write(`${String(fault)}\n`),
  })
  await index.close()
  await log.close()
  await services.pdp?.restart()
}

async function enter(page: Page, { urls, people }: Stack): Promise<void> {
  const { ada } = people
  if (!ada) throw new Error('there is no Ada')
  await page.goto(urls.auditor)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(page, ada)
  await page.locator('.found').waitFor()
}

async function fed(page: Page, entries: number): Promise<void> {
  const until = performance.now() + FED_WITHIN_MS
  while (performance.now() < until) {
    const answer = await page.request.get(new URL('/api/decisions?limit=1', page.url()).href)
    const body = (await answer.json()) as { readonly total?: number }
    if ((body.total ?? 0) >= entries) return
    await page.waitForTimeout(500)
  }
  throw new Error('the index was not fed in time')
}

/** From the address to rows in sight, in milliseconds, ascending. */
async function loads(page: Page, address: string): Promise<readonly number[]> {
  const took: number[] = []
  for (let load = 0; load < LOADS; load += 1) {
    const began = performance.now()
    await page.goto(address)
    await page.locator('.row-link').first().waitFor()
    took.push(performance.now() - began)
  }
  return took.toSorted((a, b) => a - b)
}

function line(name: string, took: readonly number[]): string {
  const median = took[Math.floor(took.length / 2)] ?? Number.NaN
  const most = took.at(-1) ?? Number.NaN
  const verdict = median <= BUDGET_MS ? 'met' : 'MISSED'
  return `  ${name.padEnd(22)} ${median.toFixed(0).padStart(5)} ms, slowest ${most.toFixed(0)} ms   at most ${BUDGET_MS} ms   ${verdict}`
}
