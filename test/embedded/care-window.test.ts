/**
 * A domain that has no screens of its own, lived in by clicking: limits, a grant on a thing by its name, and the activity, all by the pack of nursing and
 * the labels of its service.
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type StoryStack, startEmbeddedStack } from '../setup/e2e.ts'
import {
  administer,
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
import { launchChromium } from '../support/system-browser.ts'

const TIMINGS = { pollMs: 1_000, retryMs: 300, callMs: 20_000 }
const STARTS_MS = 300_000
const NAME = /^Care plan of \d{4}-\d\d-\d\d$/u

let stack: StoryStack
let browser: Browser
let window: DesktopWindow
let carlo: Page

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startEmbeddedStack({ services: ['pdp', 'trips', 'care'] }), launchChromium()])
  await administer(stack, personOf('olga'), 'mandate-cli', 'POST', '/v1/agents', { id: 'booking-agent' })
  window = await openWindow({ browser, stack, timings: TIMINGS })
  carlo = window.page
}, STARTS_MS)
afterAll(async () => {
  await window?.close()
  await browser?.close()
  await stack?.stop()
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await looked(carlo, 'failed-care')
})

const personOf = (name: string) => stack.people[name] ?? expect.unreachable(name)
const seen = async (name: string) => expect.soft(await looked(carlo, name), name).toEqual([])

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
  const plan = giving.getByRole('option', { name: NAME })
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

test('he takes it back', async () => {
  await goTo(carlo, 'Sharing')
  await press(carlo, /^Revoke: Booking agent may/u)
  await press(carlo.getByRole('alertdialog'), 'Revoke now')
  await carlo.getByText('Nobody can act for you now.').first().waitFor()
  expect(window.noise).toEqual([])
})
