/**
 * Sign-in without a browser, for the demo and the tests: opens an authorization URL, submits the issuer's forms, consent to a host of a third party included,
 * and calls the application's loopback callback; or types the code of a terminal (RFC 8628).
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { readPage } from './pages.ts'
import { TOTP_STEP_SECONDS, totpCode } from './totp.ts'

/** Credentials of one person. */
export interface Credentials {
  readonly username: string
  readonly password: string
  /** TOTP secret, Base32. Without it, a request for a one-time code is an error. */
  readonly totpSecret?: string
}

/** Keycloak refused the sign-in. `message` is the error on its page. */
export class SignInRefusedError extends Error {
  override readonly name = 'SignInRefusedError'
}

const REQUEST_TIMEOUT_MS = 30_000
/** Enough for: authorization, password, code, callback, and a few internal redirects. */
const MAX_PAGES = 12
/** Attempts per form. A code is refused when another process used it a moment ago; the next code is then accepted. */
const MAX_TRIES = { password: 1, code: 3, consent: 1 } as const
/** Keycloak locks a login for a minute after two failures within a second. */
const RETRY_MS = 1_100

/**
 * Creates a function that signs a person in at an authorization URL.
 *
 * @param cookies - Cookie jar shared by all calls. @default an empty jar for each call
 * @param shown - Receives the HTML of each page.
 * @returns Resolves when the callback has responded, with a code or with an OAuth error.
 * @throws {@link SignInRefusedError} when a form comes back with an error, or Keycloak shows a page of another kind.
 */
export function formBrowser(
  person: Credentials,
  cookies?: Map<string, string>,
  shown?: string[],
): (url: URL) => Promise<void> {
  return async (url) => {
    const callback = new URL(url.searchParams.get('redirect_uri') ?? 'about:blank')
    const jar = cookies ?? new Map<string, string>()
    const filled: string[] = []
    let response = await visit(url, jar)
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const location = response.headers.get('location')
      if (location === null) {
        const html = await response.text()
        shown?.push(html)
        response = await fillIn({ html, at: url }, person, filled, jar)
        continue
      }
      const next = new URL(location, url)
      if (next.origin === callback.origin && next.pathname === callback.pathname) return openCallback(next)
      response = await visit(next, jar)
    }
    throw new SignInRefusedError('the sign-in never reached its callback')
  }
}

/** What a person does with the code of a terminal. */
export interface DeviceAnswer {
  readonly address: string
  readonly userCode: string
  /** @default 'accept' */
  readonly answer?: 'accept' | 'refuse'
  /** Cookie jar. @default an empty jar */
  readonly cookies?: Map<string, string>
}

/** How {@link answerDevice} ended. */
export interface DeviceAnswered {
  readonly title: string
  readonly forms: readonly string[]
}

/**
 * Types the code of a terminal, signs the person in, and accepts or refuses.
 *
 * @returns Title of the last page, and the kinds of the forms before it.
 * @throws {@link SignInRefusedError} when a form comes back with an error.
 */
export async function answerDevice(person: Credentials, device: DeviceAnswer): Promise<DeviceAnswered> {
  const { address, userCode, answer = 'accept', cookies = new Map<string, string>() } = device
  const filled: string[] = []
  let response = await visit(new URL(address), cookies)
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const location = response.headers.get('location')
    if (location !== null) {
      response = await visit(new URL(location, address), cookies)
      continue
    }
    const html = await response.text()
    const page = readPage(html)
    if (page.kind === 'other') return { title: page.title, forms: filled }
    if (!('hidden' in page)) {
      response = await fillIn({ html, at: new URL(address) }, person, filled, cookies)
      continue
    }
    if (filled.includes(page.kind)) throw new SignInRefusedError(page.error ?? `the ${page.kind} was refused`)
    filled.push(page.kind)
    const typed = page.kind === 'user-code' ? { user_code: userCode, device_user_code: userCode } : CHOICES[answer]
    response = await visit(new URL(page.action, address), cookies, { ...page.hidden, ...typed })
  }
  throw new SignInRefusedError('the sign-in never ended')
}

/** Buttons: the embedded issuer's, and Keycloak's. */
const CHOICES = {
  accept: { confirm: 'yes', accept: 'Yes' },
  refuse: { abort: 'yes', cancel: 'No' },
} as const

/** @param shown - `at`: an address of the server. Keycloak's consent form has a path as its target. */
async function fillIn(
  { html, at }: { readonly html: string; readonly at: URL },
  person: Credentials,
  filled: string[],
  jar: Map<string, string>,
): Promise<Response> {
  const page = readPage(html)
  if (page.kind === 'other') throw new SignInRefusedError(page.title)
  if (page.kind === 'user-code') throw new SignInRefusedError(`unexpected form: ${page.kind}`)
  const tries = filled.filter((kind) => kind === page.kind).length
  if (tries >= MAX_TRIES[page.kind]) throw new SignInRefusedError(page.error ?? `the ${page.kind} was refused`)
  filled.push(page.kind)
  if (page.kind === 'consent') return visit(new URL(page.action, at), jar, { ...page.hidden, ...CHOICES.accept })
  if (page.kind === 'password') {
    const fields = { username: person.username, password: person.password, credentialId: '' }
    return visit(new URL(page.action, at), jar, fields)
  }
  if (person.totpSecret === undefined) throw new SignInRefusedError('a one-time code is asked for')
  if (tries > 0) await delay(RETRY_MS)
  return visit(new URL(page.action, at), jar, { otp: await freshCode(person.totpSecret) })
}

/** Calls the application's callback, without Keycloak's cookies. Any response is accepted. */
async function openCallback(url: URL): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
  await response.arrayBuffer()
}

async function visit(url: URL, jar: Map<string, string>, form?: Readonly<Record<string, string>>): Promise<Response> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  })
  for (const cookie of response.headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';')
    const equals = pair.indexOf('=')
    jar.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  return response
}

/** Last time step whose code this process used, by secret: the realm accepts each code once. */
const lastUsed = new Map<string, number>()

/**
 * Returns an unused code. Keycloak accepts the previous, current and next time step, so a second sign-in can use the next step at once; a third waits
 * up to 30 s.
 */
async function freshCode(secret: string): Promise<string> {
  const step = Math.max(currentStep(), (lastUsed.get(secret) ?? 0) + 1)
  lastUsed.set(secret, step)
  const startsMs = (step - 1) * TOTP_STEP_SECONDS * 1_000
  if (startsMs > Date.now()) await delay(startsMs - Date.now())
  return totpCode(secret, step)
}

function currentStep(): number {
  return Math.floor(Date.now() / 1_000 / TOTP_STEP_SECONDS)
}
