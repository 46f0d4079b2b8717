/**
 * The playground in a real Chromium: a question with its chain, an edit with its mistake at the line, a case that turns, an address that holds both.
 * Everything is real: the page as Vite builds it, the PDP and its embedded engine.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Playground, startPlayground } from '@mandate/playground'
import { buildPlaygroundPage } from '@mandate/stack'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'
import { axe } from '../support/auditor-page.ts'
import { launchChromium } from '../support/system-browser.ts'

// Each step of a page waits for a PDP that starts, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let browser: Browser
let playground: Playground
let folder: string
/** What the files said before any edit. */
const filesNow = () =>
  ['model.fga', 'manifest.yaml', 'cases.yaml'].map((name) => readFileSync(join(folder, name), 'utf8'))

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'mandate-playground-test-')), 'lab-orders')
  cpSync(packFolder('lab-orders'), folder, { recursive: true })
  const buildPage = () => buildPlaygroundPage(() => undefined)
  await buildPage()
  ;[browser, playground] = await Promise.all([launchChromium(), startPlayground({ folder, buildPage })])
})
afterAll(async () => {
  await browser?.close()
  await playground?.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

/** A page of a new browser profile; its console must stay empty. */
async function openPage(url = playground.url, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(120_000)
  const noise: string[] = []
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(error.message))
  onTestFinished(async () => {
    await context.close()
    // Nothing was stopped by the Content-Security-Policy, and nothing failed.
    expect(noise).toEqual([])
  })
  await page.goto(url)
  return page
}

const passed = (page: Page) => page.getByText('1 case passed').waitFor()
const answerOf = (page: Page) => page.locator('.answer')
const ask = (page: Page) => page.getByRole('button', { name: 'Ask', exact: true }).click()

/** Replaces text in a file of the pack, as a person with a keyboard would: by typing into the field. */
async function edit(page: Page, file: string, from: string, to: string): Promise<void> {
  await page.getByRole('tab', { name: file }).click()
  const field = page.getByRole('textbox', { name: file })
  const text = await field.inputValue()
  expect(text).toContain(from)
  await field.fill(text.replace(from, to))
}

test('a question is permitted through a chain that is drawn, and denied with gates and cure', async () => {
  const page = await openPage()
  await passed(page)
  // The form has the first question of the cases.
  expect(await page.getByRole('combobox', { name: 'Who', exact: true }).inputValue()).toBe('dora')
  await ask(page)
  await answerOf(page).getByText('Permitted').waitFor()
  expect(await answerOf(page).getByRole('figure').getByRole('listitem').allTextContents()).toEqual([
    expect.stringMatching(/^person dora gave agent courier grant \w+: read, release on lab order panel; .*live now\.$/),
  ])
  await page.getByLabel('blood_volume').fill('11')
  await ask(page)
  await answerOf(page).getByText('Denied').waitFor()
  const told = await answerOf(page).innerText()
  expect(told).toContain("The sample's volume is above the autonomy limit")
  expect(told).toContain('11 millilitres, and the limit is 10 millilitres')
  expect(told).toContain('What would change it: The donor raises the limit, or releases it in person.')
  expect(await answerOf(page).locator('.gate-fails').innerText()).toMatch(/Volume/)
})

/** The coloured text is that of the field, and lies exactly on it. */
async function expectColours(page: Page, file: string, kind: string, word: string): Promise<void> {
  await page.locator(`.part-${kind}`).getByText(word, { exact: true }).first().waitFor()
  const field = page.getByRole('textbox', { name: file })
  const layer = page.locator('.colours')
  const lines = await layer.locator('.colour-line').evaluateAll((all) => all.map((line) => line.textContent))
  expect(lines.join('\n')).toBe(await field.inputValue())
  const [one, other] = [await field.boundingBox(), await layer.boundingBox()]
  expect([other?.x, other?.y]).toEqual([one?.x, one?.y])
  const metrics = (element: Element) => {
    const { font, letterSpacing, padding, tabSize, whiteSpace } = getComputedStyle(element)
    return { font, letterSpacing, padding, tabSize, whiteSpace }
  }
  expect(await layer.evaluate(metrics)).toEqual(await field.evaluate(metrics))
  // The field has room for two characters more than its longest line: no text is cut off, and neither scrolls by itself.
  const width = (element: Element) => element.scrollWidth
  expect(await layer.evaluate(width)).toBeLessThanOrEqual(await field.evaluate(width))
}

test('a mistake is shown at its line; mended, the cases are played again, and the line that turned says so', async () => {
  const before = filesNow()
  const page = await openPage()
  await passed(page)
  await edit(page, 'manifest.yaml', 'attribute: blood_volume', 'attribute: blood_volum')
  const mistake = page.locator('.line-mark')
  await mistake.waitFor()
  const line =
    readFileSync(join(folder, 'manifest.yaml'), 'utf8').split('\n').indexOf('    attribute: blood_volume') + 1
  expect(await mistake.innerText()).toContain('there is no attribute "blood_volum"')
  await expectColours(page, 'manifest.yaml', 'name', 'gates')
  expect(await page.locator('.line-number.wrong').innerText()).toBe(String(line))
  // The mark is on the line: the mistake's button selects its text.
  await page.getByRole('button', { name: `manifest.yaml, line ${line}` }).click()
  expect(await page.evaluate(() => getSelection()?.toString())).toBe('    attribute: blood_volum')
  expect(await axe(page)).toEqual([])
  await edit(page, 'manifest.yaml', 'attribute: blood_volum\n', 'attribute: blood_volume\n')
  await mistake.waitFor({ state: 'detached' })
  await passed(page)
  await edit(page, 'cases.yaml', 'volume: { at_most: 10 }', 'volume: { at_most: 20 }')
  await page.getByText('1 of 1 case failed').waitFor()
  expect(await page.locator('.case-line-fails').allInnerTexts()).toEqual([
    expect.stringContaining('deny volume_above_limit was promised, permit delegated came'),
  ])
  await page.getByRole('button', { name: 'Reset to files' }).click()
  await passed(page)
  expect(filesNow()).toEqual(before)
})

test('an address holds the edited pack and the question: another browser shows the same answer', async () => {
  const page = await openPage()
  await passed(page)
  await edit(page, 'cases.yaml', 'volume: { at_most: 10 }', 'volume: { at_most: 20 }')
  await page.getByText('1 of 1 case failed').waitFor()
  await page.getByLabel('blood_volume').fill('15')
  await ask(page)
  await answerOf(page).getByText('Permitted').waitFor()
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByText(/of at most 16,000 characters/).waitFor()
  const requests: string[] = []
  const other = await openPage('about:blank')
  other.on('request', (sent) => requests.push(sent.url()))
  await other.goto(page.url())
  await answerOf(other).getByText('Permitted').waitFor()
  expect(await other.getByLabel('blood_volume').inputValue()).toBe('15')
  await other.getByText('This pack came with the address.').waitFor()
  await other.getByRole('tab', { name: 'cases.yaml' }).click()
  expect(await other.getByRole('textbox', { name: 'cases.yaml' }).inputValue()).toContain('at_most: 20')
  // The fragment stays in the browser.
  expect(requests.filter((url) => url.includes('#') || url.includes('1='))).toEqual([])
})

test('a pack that is too large for an address is told so, with its size', async () => {
  const page = await openPage()
  await passed(page)
  const noise = Array.from({ length: 900 }, () => `# ${crypto.randomUUID()}`).join('\n')
  await edit(page, 'cases.yaml', 'cases:', `${noise}\ncases:`)
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByText(/^Too large to share by address: [\d,]+ characters/).waitFor()
})

test('a line of a case fills the form and asks, with the keyboard alone', async () => {
  const page = await openPage()
  await passed(page)
  const line = page.getByRole('button', { name: 'courier for dora release vial with drawn_at' })
  await line.focus()
  await page.keyboard.press('Enter')
  await answerOf(page).getByText('Denied').waitFor()
  expect(await page.getByLabel('drawn_at').inputValue()).toBe('in 3 hours')
  await page.getByRole('tab', { name: 'model.fga' }).click()
  await expectColours(page, 'model.fga', 'keyword', 'define')
  await page.getByText(/^Tab leaves the text/u).waitFor()
  await page.getByRole('tab', { name: 'model.fga' }).focus()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('textbox', { name: 'manifest.yaml' }).waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('textbox', { name: 'cases.yaml' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).not.toBe('cases.yaml')
})

/** Folder for screenshots, where there is one. */
const SHOTS = process.env['MANDATE_SHOTS']

test('at 360 and 1280 px, light and dark, nothing overflows, and axe finds nothing', async () => {
  const page = await openPage()
  await passed(page)
  await page.getByLabel('blood_volume').fill('11')
  await ask(page)
  await answerOf(page).getByText('Denied').waitFor()
  await lookAt(page, 'answer')
  await edit(page, 'manifest.yaml', 'attribute: blood_volume', 'attribute: blood_volum')
  await page.getByRole('button', { name: /manifest.yaml, line/ }).click()
  await lookAt(page, 'mistake')
})

async function lookAt(page: Page, name: string): Promise<void> {
  for (const width of [360, 1280])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      expect(await axe(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      if (SHOTS === undefined) continue
      mkdirSync(SHOTS, { recursive: true })
      await page.evaluate(() => document.fonts.ready)
      await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    }
}

test('while the page is built a browser is told so, and then the page opens by itself, with what was shared', async () => {
  const built = Promise.withResolvers<void>()
  let attempts = 0
  const slow = await startPlayground({
    folder,
    buildPage: async () => {
      attempts += 1
      if (attempts === 1) throw new Error('npm <ci> failed.')
      await built.promise
      return buildPlaygroundPage(() => undefined)
    },
  })
  onTestFinished(() => slow.close())
  const failed = await fetch(slow.url)
  expect([failed.status, await failed.text()]).toEqual([500, expect.stringContaining('npm &lt;ci> failed. Reload')])
  const page = await openPage(`${slow.url}#1=AAAA`)
  await page.getByRole('heading', { name: 'Building the playground' }).waitFor()
  const still = await openPage('about:blank')
  // Without its script: it reloads the page, which axe would not survive.
  await still.setContent((await (await fetch(slow.url)).text()).replace(/<script.*<\/script>/, ''))
  expect(await axe(still)).toEqual([])
  built.resolve()
  await passed(page)
  expect(new URL(page.url()).hash).toBe('#1=AAAA')
})

describe('the server', () => {
  /** As the wire has it: `fetch` would set `Host`. */
  function send(method: string, path: string, headers: Readonly<Record<string, string>>, body = ''): Promise<number> {
    const { port } = new URL(playground.url)
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      res.resume()
      res.on('end', () => resolve(res.statusCode ?? 0))
    })
    req.on('error', reject).end(body)
    return promise
  }
  const own = () => new URL(playground.url)
  const json = { 'content-type': 'application/json' }

  test('refuses another host name, another origin, another kind of body, and other methods', async () => {
    const { host, origin } = own()
    const check = '/playground/api/check'
    expect(await send('GET', '/playground', { host: 'evil.example' })).toBe(421)
    expect(await send('GET', '/playground/api/pack', { host: 'evil.example' })).toBe(421)
    expect(await send('GET', '/playground/api/pack', { host, 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await send('POST', check, { host, ...json }, '{}')).toBe(403)
    expect(await send('POST', check, { host, ...json, origin: 'http://evil.example' }, '{}')).toBe(403)
    expect(await send('POST', check, { host, origin, 'content-type': 'text/plain' }, '{}')).toBe(415)
    expect(await send('POST', check, { host, origin, ...json }, '{}')).toBe(400)
    expect(await send('POST', check, { host, origin, ...json }, 'x'.repeat(3 * 2 ** 20))).toBe(413)
    expect(await send('GET', check, { host })).toBe(405)
    expect(await send('PUT', '/playground', { host })).toBe(405)
    expect(await send('GET', '/playground/../package.json', { host })).toBe(404)
  })

  test('listens on loopback only', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1'])
      await expect(startPlayground({ folder, host, buildPage: async () => folder })).rejects.toThrow(
        /no sign-in and listens on loopback only/,
      )
  })

  /** A playground of another pack, and a function that sends to it. */
  async function startOn(pack: string, options: { readonly limitMs?: number } = {}) {
    const started = await startPlayground({ folder: pack, buildPage: async () => pack, ...options })
    onTestFinished(() => started.close())
    const { origin } = new URL(started.url)
    const call = async (name: string, body: object) => {
      const headers = { ...json, origin }
      const answer = await fetch(`${started.url}/api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return { status: answer.status, body: await answer.json() }
    }
    const { texts } = await (await fetch(`${started.url}/api/pack`)).json()
    return { call, texts }
  }
  const nothing = { with: {}, with_subject: {}, with_action: {} }

  test('cases are played without facts.yaml, as by policy test; a question without a case has its facts', async () => {
    const { call, texts } = await startOn(packFolder('certification'))
    const { outline } = (await call('check', { texts })).body
    for (const index of outline.cases.keys()) {
      const { results } = (await call('case', { texts, index })).body
      expect(results.filter(({ difference }: { readonly difference?: string }) => difference !== undefined)).toEqual([])
    }
    const question = { ...nothing, subject: 'bob', action: 'write', what: 'record-2' }
    expect((await call('ask', { texts, case: 0, question })).body).toMatchObject({ decision: false })
    expect((await call('ask', { texts, question })).body).toMatchObject({ decision: true })
  })

  test('a pack without cases is asked by ids', async () => {
    const { call, texts } = await startOn(packFolder('todo'))
    const [, subject = ''] = /id: (\w{20,}) \}, attributes: \{ email: rick/.exec(texts['facts.yaml']) ?? []
    const question = { ...nothing, subject, action: 'can_read_todos', what: 'todo:todo-1' }
    expect((await call('ask', { texts, question })).body).toMatchObject({
      decision: true,
      request: { resource: { type: 'todo', id: 'todo-1' } },
    })
  })

  test('aliases that would multiply a text are a mistake, no crash', async () => {
    const { call, texts } = await startOn(folder)
    const levels = Array.from(
      { length: 12 },
      (_, at) => `l${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`).join(', ')}]`,
    )
    const bomb = `l0: &l0 [a, a, a, a, a, a, a, a, a]\n${levels.join('\n')}\n`
    expect((await call('check', { texts: { ...texts, 'cases.yaml': bomb } })).body.mistakes).toEqual([
      { file: 'cases.yaml', line: 1, message: expect.stringMatching(/alias/i) },
    ])
  })

  test('a play that takes too long is stopped, and told so', async () => {
    // A case starts a PDP, which never takes so little. That the next play is answered is held by playground/src/engine.test.ts.
    const { call, texts } = await startOn(folder, { limitMs: 1 })
    expect(await call('case', { texts, index: 0 })).toEqual({
      status: 422,
      body: { message: 'stopped: it took longer than 0.001 s' },
    })
  })
})
