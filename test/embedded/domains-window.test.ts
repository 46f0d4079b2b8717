/**
 * Domains that have no screens of their own, lived in by clicking: nursing, which ships, and one that ships nowhere, from `mandate service add` and the
 * start of its service to a person's limits, a grant to an agent of one's own, its permit and denial, and a gate that is added while the window is open.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Session, signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { createServiceTokens } from '@mandate/pep'
import { addServiceToDemo, type Stack, servicesOfDemo, startStack, writeRun } from '@mandate/stack'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'
import {
  administer,
  asPerson,
  type DesktopWindow,
  dialogOf,
  enter,
  goTo,
  looked,
  openWindow,
  press,
  takePersona,
  wordsOf,
} from '../support/desktop-page.ts'
import { type LabService, startLabService } from '../support/lab-service.ts'
import { launchChromium } from '../support/system-browser.ts'

const TIMINGS = { pollMs: 1_000, retryMs: 300, callMs: 20_000 }
const STARTS_MS = 300_000
const PLAN = /^Care plan of \d{4}-\d\d-\d\d$/u
const DONOR = 'donor/ward-2'
const ORDER = 'Blood panel of the spring'
/** No process has this id: the demo is not running while the services are added. */
const NO_PROCESS = 2 ** 22 + 1

const stateDir = mkdtempSync(join(tmpdir(), 'mandate-own-domain-'))
const pack = join(stateDir, 'lab-orders')
const LAB = { name: 'lab', types: [], pack, calls: [] }
const BOT = { name: 'lab-bot', types: [], calls: ['lab'] }

let stack: Stack
let browser: Browser
let lab: LabService
let window: DesktopWindow
let carlo: Page
let ofCarlo: Session
let samples: readonly string[]

/** Writes the run file of a demo, as `npm start` does. */
function writeRunOf(demo: Pick<Stack, 'issuer' | 'log' | 'key'>, url: string, pid: number): void {
  const { issuer, log, key } = demo
  writeRun(stateDir, { pid, url, log, key, issuer, secrets: join(stateDir, 'secrets.json') })
}

beforeAll(async () => {
  cpSync(packFolder('lab-orders'), pack, { recursive: true })
  writeRunOf({ issuer: 'http://127.0.0.1:1/realms/mandate', log: '', key: '' }, 'http://127.0.0.1:1', NO_PROCESS)
  await addServiceToDemo(LAB, stateDir)
  await addServiceToDemo(BOT, stateDir)
  const parts = { ownServers: true, engine: 'embedded', issuerKind: 'embedded', logLevel: 'warn' } as const
  const started = startStack({ stateDir, services: ['pdp', 'trips', 'care'], ...parts })
  ;[stack, browser] = await Promise.all([started, launchChromium()])
  writeRunOf(stack, stack.urls.pdp, process.pid)
  lab = await startLabService((await addServiceToDemo(LAB, stateDir)).environment)
  for (const id of ['booking-agent', 'lab-bot'])
    await administer(stack, personOf('olga'), 'mandate-cli', 'POST', '/v1/agents', { id })
  window = await openWindow({ browser, stack, added: servicesOfDemo(stateDir), timings: TIMINGS })
  carlo = window.page
}, STARTS_MS)
afterAll(async () => {
  await window?.close()
  await browser?.close()
  await lab?.close()
  await stack?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await looked(carlo, 'failed-own-domain')
})

const personOf = (name: string) => stack.people[name] ?? expect.unreachable(name)
const seen = async (name: string) => expect.soft(await looked(carlo, name), name).toEqual([])

async function post(path: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'mandate-persona': DONOR }
  const response = await fetch(lab.url + path, { method: 'POST', headers })
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> }
}

/** Care has no screen: a patient's own client makes the plan. */
async function makePlan(): Promise<void> {
  const openBrowser = formBrowser(personOf('carlo'))
  const session = await signIn({ issuer: stack.issuer, clientId: 'desktop', scopes: ['care'], openBrowser })
  const headers = { authorization: `Bearer ${await session.tokenFor('care')}`, 'mandate-persona': 'patient/home' }
  const response = await fetch(`${stack.urls.care}/plans`, { method: 'POST', headers })
  expect(response.status).toBe(201)
}

test('Carlo becomes a patient, and limits agents in the words and units of the pack', async () => {
  await enter(carlo, personOf('carlo'))
  await takePersona(carlo, 'Patient', 'home')
  await press(carlo, /^Allow it within limits/u)
  const limits = dialogOf(carlo, /What agents may do for you as/u)
  await limits.getByLabel('Minutes of effort, at most').fill('30')
  await limits.getByLabel('Days ahead, at least').fill('0')
  await limits.getByLabel('Risk, at most').fill('2')
  await press(limits, 'Save')
  await carlo.getByText(/Agents may act for you 30 minutes of effort at most, .*, risk at most 2\./u).waitFor()
  await seen('care-settings')
})

test('his plan is offered by the name that the service gives it, and the grant is told in the words of the pack', async () => {
  await makePlan()
  await goTo(carlo, 'Sharing')
  await press(carlo, 'Let somebody act')
  const giving = dialogOf(carlo, 'Let somebody act')
  await giving.getByLabel('Booking agent').check()
  const plan = giving.getByRole('option', { name: PLAN })
  await plan.waitFor({ state: 'attached' })
  await giving.getByLabel('On what?').selectOption({ label: await plan.innerText() })
  await giving.getByLabel('Carry out the tasks in it').check()
  await giving.getByText(/Booking agent may see and carry out care plan of .* until/u).waitFor()
  await seen('care-grant')
  await press(giving, 'Give')
  await carlo.getByText('Booking agent can act for you now.').waitFor()
  await expect.poll(() => wordsOf(carlo.getByRole('main'))).toMatch(/may see and carry out care plan of/u)
  await seen('care-sharing')
})

test('the activity tells it by the same names', async () => {
  await goTo(carlo, 'Activity')
  const main = carlo.getByRole('main')
  await expect.poll(() => wordsOf(main)).toMatch(/You were allowed to create care plans/u)
  expect(await wordsOf(main)).toMatch(/You let Booking agent see and carry out care plan of/u)
  expect(await wordsOf(main)).not.toMatch(/trip|book /u)
  await seen('care-activity')
})

/** How long the window took after the change was answered, in milliseconds: printed, and not asserted. */
const taken: { readonly cause: string; readonly ms: number }[] = []
async function measured(cause: string, change: Promise<unknown>, shown: () => Promise<unknown>): Promise<void> {
  await change
  const begun = performance.now()
  await shown()
  taken.push({ cause, ms: performance.now() - begun })
}
function median(cause: string): number {
  const sorted = taken.filter((one) => one.cause === cause).map(({ ms }) => ms)
  return Math.round(sorted.sort((one, other) => one - other)[Math.floor(sorted.length / 2)] ?? Number.NaN)
}
afterAll(() => {
  for (const cause of new Set(taken.map((one) => one.cause)))
    process.stdout.write(`Can act for you now, ${cause}: ${median(cause)} ms (median)\n`)
})

const ROUNDS = 3
const standing = () => carlo.getByRole('region', { name: 'Can act for you now' })
const nobody = () => standing().getByText('Nobody can act for you now.').waitFor()
const agentActs = () => standing().getByText('Booking agent').waitFor()

test('who can act for him is true while an operator suspends the agent, and the grant says why', async () => {
  await goTo(carlo, 'Sharing')
  const olga = await asPerson(stack, personOf('olga'), 'mandate-cli')
  const setAgent = (active: boolean) =>
    olga('PATCH', '/v1/agents/booking-agent', { status: active ? 'active' : 'suspended' })
  for (let round = 0; round < ROUNDS; round += 1) {
    await measured('agent suspended', setAgent(false), nobody)
    if (round === 0) await carlo.getByText('Cannot be used now. An operator has suspended this agent.').waitFor()
    await measured('agent resumed', setAgent(true), agentActs)
  }
})

test('… while he withdraws his consent, and puts away his persona, on another device', async () => {
  const elsewhere = await asPerson(stack, personOf('carlo'), 'mandate-cli')
  const { items } = (await elsewhere('GET', '/v1/personas')) as { items: [{ id: string; autonomy: object }] }
  const [{ id, autonomy }] = items
  const change = (patch: object) => elsewhere('PATCH', `/v1/personas/${encodeURIComponent(id)}`, patch)
  for (let round = 0; round < ROUNDS; round += 1) {
    await measured('consent withdrawn', change({ autonomy: null }), () =>
      standing().getByText('cannot carry out now').waitFor(),
    )
    if (round === 0) await carlo.getByText(/Cannot carry out now\. You do not allow agents/u).waitFor()
    await measured('consent given', change({ autonomy }), () =>
      standing().getByText('cannot carry out now').waitFor({ state: 'detached' }),
    )
    await measured('persona put away', change({ status: 'inactive' }), nobody)
    await measured('persona active again', change({ status: 'active' }), agentActs)
  }
})

test('… while an administrator suspends his persona', async () => {
  const petra = await asPerson(stack, personOf('petra'), 'desktop')
  const { items } = (await administer(stack, personOf('carlo'), 'mandate-cli', 'GET', '/v1/personas')) as {
    items: [{ id: string }]
  }
  const set = (status: string) => petra('PATCH', `/v1/personas/${encodeURIComponent(items[0].id)}`, { status })
  for (let round = 0; round < ROUNDS; round += 1) {
    await measured('persona suspended', set('suspended'), nobody)
    await measured('persona restored', set('active'), agentActs)
  }
})

test('he takes it back', async () => {
  await goTo(carlo, 'Sharing')
  await press(carlo, /^Revoke: Booking agent may/u)
  await press(carlo.getByRole('alertdialog'), 'Revoke now')
  await carlo.getByText('Nobody can act for you now.').first().waitFor()
})

test('in a domain of his own he takes a title of the pack, and limits agents by its gates', async () => {
  await takePersona(carlo, 'Sample donor', 'ward-2')
  await press(carlo, /^Allow it within limits/u)
  const limits = dialogOf(carlo, /What agents may do for you as/u)
  await limits.getByText('May agents release samples of yours?').waitFor()
  await limits.getByLabel('Millilitres of a sample, at most').fill('20')
  await limits.getByLabel('Time of drawing (days ahead), at least').fill('1')
  await seen('lab-limits')
  await press(limits, 'Save')
  await carlo.getByText(/Agents may release samples of yours of at most 20 millilitres each/u).waitFor()
  await seen('lab-settings')
})

test('his order is offered by the name that the service gives it, to an agent of his own', async () => {
  const openBrowser = formBrowser(personOf('carlo'))
  ofCarlo = await signIn({ issuer: stack.issuer, clientId: 'desktop', scopes: ['lab', 'lab-bot'], openBrowser })
  const made = await post('/orders', await ofCarlo.tokenFor('lab'))
  expect(made.status).toBe(201)
  samples = made.body['samples'] as readonly string[]
  await goTo(carlo, 'Sharing')
  await press(carlo, 'Let somebody act')
  const giving = dialogOf(carlo, 'Let somebody act')
  await giving.getByLabel('Lab bot').check()
  await giving.getByRole('option', { name: ORDER }).waitFor({ state: 'attached' })
  await giving.getByLabel('On what?').selectOption({ label: ORDER })
  await giving.getByLabel('Release samples').check()
  await giving.getByText(/Lab bot may see and release Blood panel of the spring until/u).waitFor()
  await seen('lab-grant')
  await press(giving, 'Give')
  await carlo.getByText('Lab bot can act for you now.').waitFor()
  await expect.poll(() => wordsOf(carlo.getByRole('main'))).toMatch(/may see and release Blood panel of the spring/u)
  await seen('lab-sharing')
})

test('at the service the agent is permitted within the limit and denied above it, and Activity tells both', async () => {
  const { secret } = (await addServiceToDemo(BOT, stateDir)).service
  const tokens = createServiceTokens({
    issuer: stack.issuer,
    credentials: { clientId: 'lab-bot', clientSecret: secret },
  })
  const token = await tokens.exchanged(await ofCarlo.tokenFor('lab-bot'), 'lab')
  const [small, large] = await Promise.all(samples.map((id) => post(`/samples/${id}/release`, token)))
  await tokens.close()
  expect(small).toMatchObject({ status: 200, body: { chain: ['agent:lab-bot'] } })
  expect(large).toMatchObject({ status: 403, body: { code: 'volume_above_limit' } })
  await goTo(carlo, 'Activity')
  const main = carlo.getByRole('main')
  await expect.poll(() => wordsOf(main)).toMatch(/Lab bot was allowed to release .*Vial of 8 ml/u)
  expect(await wordsOf(main)).toMatch(/It was more blood than you let an agent release/u)
  expect(await wordsOf(main)).not.toMatch(/trip|book /u)
  await seen('lab-activity')
})

test('a gate that is added to the pack has its field in the open form, and what was typed before stays', async () => {
  await goTo(carlo, 'Settings')
  await press(carlo, /^Change the limits\s*: Sample donor/u)
  const limits = dialogOf(carlo, /What agents may do for you as/u)
  await limits.getByLabel('Millilitres of a sample, at most').fill('35')
  addGate()
  await administer(stack, personOf('olga'), 'mandate-cli', 'POST', '/v1/policies/load')
  const added = limits.getByLabel('Tubes, at most')
  await added.waitFor()
  expect(await limits.getByLabel('Millilitres of a sample, at most').inputValue()).toBe('35')
  expect(await added.inputValue()).toBe('6')
  await added.fill('4')
  await seen('lab-gate-added')
  await press(limits, 'Save')
  await carlo.getByText(/at most 35 millilitres each, .*, 4 tubes at most\./u).waitFor()
  expect(window.noise).toEqual([])
})

/** Adds an attribute and a gate on it to manifest and model, as their owner would in an editor. */
function addGate(): void {
  const edit = (name: string, change: (text: string) => string): void => {
    const file = join(pack, name)
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  edit(
    'manifest.yaml',
    (text) =>
      `${text.replace('attributes:\n', 'attributes:\n  tubes: { type: integer, minimum: 0, label: number of tubes, unit: { one: tube, many: tubes } }\n')}
  - name: tubes
    relation: lab_tubes
    reason: tubes_above_limit
    attribute: tubes
    bound: at_most
    actions: [release]
    user: These are more tubes than the donor lets an agent release.
    admin: The number of tubes is above the autonomy limit of the donor's persona.
    cure: The donor raises the limit, or releases them in person.
    form:
      label: Tubes, at most
      sentence: '{limit} at most'
      suggested: { at_most: 6 }
`,
  )
  edit('model.fga', (text) =>
    text.replace('    define lab_notice', '    define lab_tubes: [user with at_most]\n    define lab_notice'),
  )
}
