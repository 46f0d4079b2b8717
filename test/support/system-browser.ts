/**
 * Chromium as the desktop's system browser: signs a person in at the identity provider's pages.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type FindOptions, fetchTool, MissingToolError, toolSources } from '@mandate/stack'
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

/** Launches Chromium. @throws MissingToolError when it is neither installed nor to be fetched. */
export async function launchChromium(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const { program, env: more } = await findChromium({ env })
  // Playwright's type has no undefined values, and the environment of a process has none.
  const all = { ...env, ...more } as Record<string, string>
  return await chromium.launch({ executablePath: program, headless: true, args: FLAGS, env: all })
}

/** A Chromium, and the variables that it needs. */
export interface FoundChromium {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Finds Chromium: `CHROMIUM`, else `chromium` on PATH, else the fetched one.
 *
 * @throws MissingToolError when it is neither installed nor to be fetched, or there is no program at `CHROMIUM`.
 */
export async function findChromium(options: FindOptions = {}): Promise<FoundChromium> {
  const { env = process.env } = options
  const { CHROMIUM, PATH = '' } = env
  if (CHROMIUM && !isExecutable(CHROMIUM)) throw missing(`CHROMIUM: nothing to run at ${CHROMIUM}`)
  if (CHROMIUM) return { program: CHROMIUM, env: {} }
  const onPath = PATH.split(delimiter).map((folder) => join(folder, 'chromium'))
  const program = toolSources(env).installed ? onPath.find(isExecutable) : undefined
  if (program !== undefined) return { program, env: {} }
  const fetched = await fetchTool('chromium', options).catch((cause: unknown) => {
    throw cause instanceof MissingToolError ? missing(cause.message, cause) : cause
  })
  return { program: join(fetched.folder, 'chromium'), env: fetched.env }
}

function missing(why: string, cause?: MissingToolError): MissingToolError {
  const ways = 'Debian: sudo apt-get install chromium; elsewhere set CHROMIUM to the program of any Chromium.'
  return new MissingToolError(`${why}. ${ways}`, { tool: 'Chromium', cause })
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
