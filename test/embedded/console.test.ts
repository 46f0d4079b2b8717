/**
 * The console in a real Chromium on the embedded parts: each role signs in with a one-time code, does what it is for, and finds its change in the log.
 * Pictures are kept in `test/artifacts/auditor`.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openIssuerAdmin } from '@mandate/issuer'
import { buildPage } from '@mandate/stack'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'
import { startEmbeddedStack } from '../setup/e2e.ts'
import { axe, picture, signInAt } from '../support/auditor-page.ts'
import { enterAs } from '../support/signed-in.ts'
import { launchChromium } from '../support/system-browser.ts'

// Each step waits for servers on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 240_000 })

const WIDE = { width: 1280, height: 860 }
const NARROW = { width: 360, height: 740 }
type Staff = 'olga' | 'petra' | 'ada'

let stack: Awaited<ReturnType<typeof startEmbeddedStack>>
let browser: Browser
const pack = join(mkdtempSync(join(tmpdir(), 'mandate-console-pack-')), 'lab-orders')
const contexts = new Map<Staff, BrowserContext>()

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([
    startEmbeddedStack({ services: ['pdp', 'auditor'], prepare: addLab }),
    launchChromium(),
    buildPage(() => undefined),
  ])
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  rmSync(join(pack, '..'), { recursive: true, force: true })
})

/** Adds a service with a pack that can be edited. */
function addLab(stateDir: string): void {
  cpSync(packFolder('lab-orders'), pack, { recursive: true })
  const types = ['lab_order', 'lab_sample', 'lab_account']
  const services = [{ name: 'lab', types, pack, calls: [], secret: 'a secret of a service in a test, long enough' }]
  writeFileSync(join(stateDir, 'services.json'), JSON.stringify({ services }), { mode: 0o600 })
}

/** A page of a member of the staff, signed in at the console once. Its console must stay empty. */
async function openAs(name: Staff, path: string): Promise<Page> {
  const known = contexts.get(name)
  const context = known ?? (await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', locale: 'en-GB' }))
  contexts.set(name, context)
  const page = await context.newPage()
  page.setDefaultTimeout(50_000)
  const noise: string[] = []
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(error.message))
  onTestFinished(async () => {
    await page.close()
    // Chromium reports each refusal: 409 for the agent that is registered twice.
    expect(noise.filter((text) => !/status of 409/u.test(text))).toEqual([])
  })
  await page.goto(stack.urls.auditor + path)
  if (!known) {
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signInAt(page, stack.people[name] ?? expect.unreachable(name))
  }
  await page.getByRole('navigation', { name: 'Sections' }).waitFor()
  return page
}

/** Shows the page at both widths, light and dark; each must fit, and axe must find nothing. */
async function inspect(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const viewport of [WIDE, NARROW]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      await picture(page, `console-${name}-${viewport.width}-${colorScheme}`, true)
      expect(await axe(page), `${name} ${viewport.width} ${colorScheme}`).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
    }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(WIDE)
}

const sectionsOf = (page: Page): Promise<string[]> =>
  page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allInnerTexts()
const said = (page: Page, text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor()
/** Answers the question that a change asks first. */
const confirm = (page: Page, yes: string) => page.getByRole('dialog').getByRole('button', { name: yes }).click()

test('an operator registers an agent, suspends and resumes it, by keyboard', async () => {
  const page = await openAs('olga', '/console/agents')
  expect(await sectionsOf(page)).toEqual(['Health', 'Agents', 'API keys', 'Policies', 'Services'])
  await page.getByLabel('Client id of a new agent').focus()
  await page.keyboard.type('parcel-agent')
  await page.keyboard.press('Enter')
  await said(page, /parcel-agent is registered/u)
  await page.getByRole('button', { name: 'Suspend parcel-agent' }).press('Enter')
  await page.getByRole('dialog').waitFor()
  await inspect(page, 'suspend')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Suspend parcel-agent' }).press('Enter')
  await confirm(page, 'Suspend')
  await said(page, /parcel-agent is suspended/u)
  await inspect(page, 'agents')
  await page.getByRole('button', { name: 'Resume parcel-agent' }).press('Enter')
  await said(page, /parcel-agent is active again/u)
  // What the PDP refuses is said, with its reason.
  await page.getByLabel('Client id of a new agent').fill('parcel-agent')
  await page.keyboard.press('Enter')
  await said(page, /This was not done\./u)
})

test('an operator creates a key, which is shown once, and revokes it', async () => {
  const page = await openAs('olga', '/console/keys')
  await page.getByText('Create a key').click()
  await page.getByLabel('Name').fill('nightly report')
  await page.getByRole('checkbox', { name: 'workflow', exact: true }).check()
  await inspect(page, 'new-key')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('region', { name: 'The new key nightly report' }).waitFor()
  expect(await page.locator('.secret-text').innerText()).toMatch(/^mk_/u)
  await page.getByRole('button', { name: 'It is stored' }).click()
  expect(await page.locator('.secret-text').count()).toBe(0)
  await page.getByRole('button', { name: 'Revoke nightly report' }).click()
  await confirm(page, 'Revoke')
  await said(page, /“nightly report” is revoked/u)
  await page.getByRole('cell', { name: 'revoked' }).waitFor()
  await inspect(page, 'keys')
})

test('an operator sees health, services and policies, and loads them', async () => {
  const page = await openAs('olga', '/console')
  await page.getByText('ready', { exact: true }).waitFor()
  await page.getByText('Not in a checkpoint yet').waitFor()
  await expect
    .poll(() => page.locator('.lag dd').allInnerTexts())
    .toEqual([
      expect.stringMatching(/, [\d,]+ entries$/u),
      expect.stringMatching(/^(none|[\d,]+ entr(y|ies), the oldest [\d.]+ s old)$/u),
      expect.stringMatching(/^(none|[\d,]+ entr(y|ies), the oldest [\d.]+ s old)$/u),
    ])
  await inspect(page, 'health')
  await page.getByRole('link', { name: 'Services' }).click()
  await page.getByRole('cell', { name: /workflow_item/u }).waitFor()
  await inspect(page, 'services')
  await page.getByRole('link', { name: 'Policies' }).click()
  await page.getByText('in force', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Load from the folder' }).click()
  await confirm(page, 'Load')
  await said(page, /The policies of the folder are in force/u)
  await inspect(page, 'policies')
  await page.goBack()
  await page.getByRole('heading', { name: 'Services', level: 1 }).waitFor()
})

test('an operator compares two versions: lines that differ, decisions that differ, and what could not be compared', async () => {
  const carlo = await enterAs(stack, 'carlo')
  await carlo.must('pdp', 'POST /v1/personas', { title: 'donor', circle: 'ward-2' })
  const ask = (type: string) =>
    carlo.must('pdp', 'POST /access/v1/evaluation', {
      subject: { type: 'user', id: carlo.sub, properties: { persona: 'donor/ward-2' } },
      action: { name: 'order' },
      resource: { type, id: carlo.sub },
    })
  expect(await ask('lab_account')).toMatchObject({ decision: true })
  // Of a type that no pack has, the log holds a commitment only.
  await ask('unheard_of')
  const file = join(pack, 'manifest.yaml')
  const text = readFileSync(file, 'utf8')
  const [from, to] = ['    own: [read, order, release]', '    own: [read, release]']
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
  const page = await openAs('olga', '/console/policies')
  await page.getByRole('button', { name: 'Load from the folder' }).click()
  await confirm(page, 'Load')
  await said(page, /The policies of the folder are in force/u)
  await page.getByRole('heading', { name: 'Compare two versions' }).waitFor()
  const diff = page.getByRole('region', { name: 'Lines of lab-orders/manifest.yaml that differ' })
  expect(await diff.locator('del').allInnerTexts()).toEqual([from])
  expect(await diff.locator('ins').allInnerTexts()).toEqual([to])
  await page.getByRole('button', { name: 'Compare decisions' }).press('Enter')
  await page.getByText('INCOMPLETE', { exact: true }).waitFor()
  await page.getByText(/^1 of [\d,]+ decisions? that could be made again differs\.$/u).waitFor()
  await page.getByRole('cell', { name: 'permit owner' }).waitFor()
  await page.getByRole('cell', { name: 'deny persona_action' }).waitFor()
  // An operator sees how many, and an auditor which.
  expect(await page.locator('.entry-links').count()).toBe(0)
  await inspect(page, 'comparison')
  const auditors = await openAs('ada', '/console/policies')
  await auditors.getByRole('button', { name: 'Compare decisions' }).click()
  const entry = auditors.locator('.entry-links a')
  expect(await entry.getAttribute('href')).toMatch(/^\/decisions\/[0-9A-Z]{26}$/u)
})

test('a persona administrator approves one persona that waits, and refuses another', async () => {
  const people = await Promise.all(['carlo', 'yannick'].map((name) => enterAs(stack, name)))
  for (const person of people) await person.must('pdp', 'POST /v1/personas', { title: 'travel-agent', circle: 'acme' })
  const page = await openAs('petra', '/console/personas')
  expect(await sectionsOf(page)).toEqual(['Health', 'Personas that wait'])
  const approve = page.getByRole('button', { name: 'Approve travel-agent in acme' })
  await expect.poll(() => approve.count()).toBe(2)
  await inspect(page, 'personas')
  await approve.first().click()
  await said(page, /travel-agent in acme is active/u)
  const refuse = page.getByRole('button', { name: 'Refuse travel-agent in acme' })
  // The list is read again after the answer.
  await expect.poll(() => refuse.count()).toBe(1)
  await refuse.click()
  await confirm(page, 'Refuse')
  await said(page, /travel-agent in acme is refused/u)
  await page.getByText('Nobody waits for approval.').waitFor()
  const statuses = await Promise.all(people.map((person) => person.must('pdp', 'GET /v1/personas')))
  expect(JSON.stringify(statuses)).toMatch(/active/u)
  expect(JSON.stringify(statuses)).toMatch(/revoked/u)
})

test('an auditor places a legal hold and lifts it, and finds every change in the log', async () => {
  const carlo = await enterAs(stack, 'carlo')
  const exported = await carlo.must('pdp', 'GET /v1/subjects/me/export')
  const pseudonym = String(exported['pseudonym']).slice('user:'.length)
  const page = await openAs('ada', '/console/holds')
  expect(await sectionsOf(page)).toEqual(['Health', 'Agents', 'Policies', 'Services', 'Legal holds', 'Look-ups'])
  await page.getByLabel('Pseudonym of a person').fill(pseudonym)
  await page.getByRole('button', { name: 'Place a hold' }).click()
  await said(page, /is held/u)
  expect((await carlo.call('pdp', 'DELETE /v1/subjects/me')).body).toMatchObject({ code: 'legal_hold' })
  await inspect(page, 'holds')
  await page.getByRole('button', { name: `Lift the hold of ${pseudonym}` }).click()
  await confirm(page, 'Lift')
  await said(page, /The hold is lifted/u)
  // Auditors read agents, and change nothing.
  await page.getByRole('link', { name: 'Agents' }).click()
  await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
  expect(await page.getByRole('button', { name: /Suspend|Resume|Register/u }).count()).toBe(0)
  // The auditor's page is another place: it asks for a sign-in of its own, which the identity provider gives without a password.
  await page.goto(`${stack.urls.auditor}/?kind=legal_hold_changed`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator('.row-link').nth(1).waitFor()
  // Each place has a link to the other, where the roles allow it.
  await page.getByRole('link', { name: 'Console' }).click()
  await page.getByRole('link', { name: 'Decision log' }).click()
  await page.getByRole('link', { name: 'Console' }).waitFor()
  await inspect(page, 'log')
})

test('an auditor asks for a person, another one approves by naming the same person, and the first sees the pseudonym', async () => {
  const carlo = await enterAs(stack, 'carlo')
  const { pseudonym } = await carlo.must('pdp', 'GET /v1/subjects/me/export')
  const page = await openAs('ada', '/console/lookups')
  await page.getByLabel('Case number').fill('C-2026/17')
  await page.getByLabel('Identifier of the person (sub)').fill(carlo.sub)
  await page.getByRole('button', { name: 'Ask' }).click()
  await said(page, /Case C-2026\/17 waits for another auditor/u)
  await page.getByText('Another auditor must approve it.').waitFor()
  const admin = openIssuerAdmin(join(stack.stateDir, 'issuer'))
  admin.giveRole('petra', 'auditor')
  admin.close()
  contexts.delete('petra')
  const second = await openAs('petra', '/console/lookups')
  await second.getByLabel('Identifier of the person in case C-2026/17').fill(carlo.sub)
  await inspect(second, 'lookups-approve')
  await second.getByRole('button', { name: 'Approve' }).click()
  await said(second, /Case C-2026\/17 is approved/u)
  await page.reload()
  await page.getByRole('button', { name: 'Show the pseudonym for case C-2026/17' }).click()
  await page.getByRole('region', { name: 'Result for case C-2026/17' }).waitFor()
  expect(`user:${await page.locator('.secret-text').innerText()}`).toBe(pseudonym)
  await page.getByText('From a login name to the identifier').click()
  await page.getByText(/npm run --silent where/u).waitFor()
  await inspect(page, 'lookups')
})

test('a person without a role is told so', async () => {
  const context = await browser.newContext({ viewport: WIDE, locale: 'en-GB' })
  const page = await context.newPage()
  await page.goto(`${stack.urls.auditor}/console`)
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  await inspect(page, 'sign-in')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(page, stack.people['carlo'] ?? expect.unreachable('carlo'))
  await page.getByRole('heading', { name: 'You have no role here.' }).waitFor()
  await inspect(page, 'no-role')
  await context.close()
})
