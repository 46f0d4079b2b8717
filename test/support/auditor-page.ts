/**
 * The auditor's page in a real Chromium: signing in with a one-time code, looking for what axe finds, and pictures for people to look at.
 *
 * @module
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Credentials, totpCode } from '@mandate/keycloak'
import type { Page } from 'playwright-core'
import { typePassword } from './system-browser.ts'

const require = createRequire(import.meta.url)
/** The minified build: each page reads it anew. */
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
/** Ignored by git; CI keeps what is here. */
const PICTURES = fileURLToPath(new URL('../artifacts/auditor', import.meta.url))
const STEP_MS = 30_000
/** A code is good once: whoever else signed in within this half minute has used it up. The realm takes the next one as well, for clocks that differ. */
const STEPS = [0, 1]

/** Signs in at Keycloak's own pages, from whatever page sent the browser there. */
export async function signInAt(page: Page, { username, password, totpSecret }: Credentials): Promise<void> {
  await page.locator('#username').waitFor()
  await typePassword(page, username, password)
  if (totpSecret === undefined) return
  for (const ahead of STEPS) {
    if ((await page.locator('#otp').count()) === 0) return
    await page.locator('#otp').fill(totpCode(totpSecret, Math.floor(Date.now() / STEP_MS) + ahead))
    await Promise.all([page.waitForEvent('load'), page.locator('#kc-login').click()])
  }
}

/** What axe finds wrong by WCAG 2.2 AA: each rule with where. Empty is clean. */
export async function axe(page: Page): Promise<readonly string[]> {
  // By the debugger, not by a script tag: the page's security policy has no exception for tests.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as {
      readonly axe: {
        run(options: object): Promise<{
          readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
        }>
      }
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await checker.run({ runOnly: tags, resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
  })
}

/** Keeps a picture. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage, animations: 'disabled' })
}
