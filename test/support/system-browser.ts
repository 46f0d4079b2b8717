/**
 * Chromium as the desktop's system browser: signs a person in at the identity provider's pages.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type Browser, chromium, type Page } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Launches Chromium. @throws Error with the install command when it is missing. */
export async function launchChromium(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  return await chromium.launch({ executablePath: findChromium(env), headless: true, args: FLAGS })
}

/** Finds Chromium: `CHROMIUM`, else `chromium` on PATH. */
export function findChromium({ CHROMIUM, PATH = '' }: NodeJS.ProcessEnv): string {
  const places = CHROMIUM ? [CHROMIUM] : PATH.split(delimiter).map((folder) => join(folder, 'chromium'))
  const found = places.find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `${CHROMIUM ? `CHROMIUM: nothing to run at ${CHROMIUM}` : 'There is no chromium on PATH'}. ` +
      'Debian: sudo apt-get install chromium; elsewhere set CHROMIUM to the program of any Chromium.',
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Fills in and submits the form of Keycloak or the embedded issuer. Resolves when the next page has loaded. */
export async function typePassword(page: Page, username: string, password: string): Promise<void> {
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  await Promise.all([page.waitForEvent('load'), page.locator('#kc-login, #sign-in').click()])
}
