/**
 * The auditor's page in a real Chromium: signs in with a one-time code, runs axe, takes screenshots.
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
/** Path of axe's minified build, injected into each page. */
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
/** Folder of screenshots: ignored by git, uploaded by CI. */
const PICTURES = fileURLToPath(new URL('../artifacts/auditor', import.meta.url))
const STEP_MS = 30_000
/** A one-time code works once, so another sign-in within the same 30 seconds may have used it. The realm accepts the code of the next period too. */
const STEPS = [0, 1]

/** Signs in at the pages of Keycloak or the embedded issuer. The browser must have been redirected there. */
export async function signInAt(page: Page, { username, password, totpSecret }: Credentials): Promise<void> {
  await page.locator('#username').waitFor()
  await typePassword(page, username, password)
  if (totpSecret === undefined) return
  for (const ahead of STEPS) {
    if ((await page.locator('#otp').count()) === 0) return
    await page.locator('#otp').fill(totpCode(totpSecret, Math.floor(Date.now() / STEP_MS) + ahead))
    await Promise.all([page.waitForEvent('load'), page.locator('#kc-login, #sign-in').click()])
  }
}

/** Runs axe for WCAG 2.2 AA. @returns Each violated rule with its elements. */
export async function axe(page: Page): Promise<readonly string[]> {
  // Evaluated through the debugger: the page's content security policy would block a script tag.
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

/** Takes a screenshot. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage, animations: 'disabled' })
}
