/**
 * The story of `npm start` by clicking and typing alone: Carlo, Yannick and Sam, each with a window of their own in a real Chromium, in `e2e` on a real OpenFGA
 * and Keycloak, in `embedded` on the embedded parts. Only what takes an administrator is done without a window. Pictures are kept in
 * `test/artifacts/desktop/e2e`.
 */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type StoryStack, startStoryStack } from '../setup/e2e.ts'
import {
  administer,
  approvePersonas,
  chainOf,
  type DesktopWindow,
  dialogOf,
  enter,
  goTo,
  isFocused,
  itemOf,
  looked,
  openWindow,
  press,
  setLimits,
  tabTo,
  takePersona,
  wordsOf,
} from '../support/desktop-page.ts'
import { launchChromium } from '../support/system-browser.ts'

const TIMINGS = { pollMs: 1_000, retryMs: 300, callMs: 20_000 }
const MILAN = 'Three days in Milan'
let stack: StoryStack
let browser: Browser
let windows: readonly DesktopWindow[] = []
let carlo: Page
let yannick: Page
let sam: Page
/** What Carlo sends to Yannick outside of the app, and what Sam may have overheard. */
let code: string
let tripAddress: string

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStoryStack({ services: ['pdp', 'trips', 'agent'] }), launchChromium()])
  await administer(stack, personOf('olga'), 'mandate-cli', 'POST', '/v1/agents', { id: 'booking-agent' })
  const open = () => openWindow({ browser, stack, timings: TIMINGS })
  const [carlos, yannicks, sams] = [await open(), await open(), await open()]
  windows = [carlos, yannicks, sams]
  ;[carlo, yannick, sam] = [carlos.page, yannicks.page, sams.page]
})
afterAll(async () => {
  await Promise.all(windows.map((one) => one.close()))
  await browser?.close()
  await stack?.stop()
})
/** Keeps a picture of each window when a test fails. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const [name, page] of Object.entries({ carlo, yannick, sam })) await looked(page, `failed-${name}`)
})

const personOf = (name: string) => stack.people[name] ?? expect.unreachable(name)
const bookByAgent = async (page: Page) => {
  await press(page, 'Let Booking agent book it')
  await press(page.getByRole('alertdialog', { name: 'Book this now?' }), 'Book now')
}
/** What axe finds does not keep the story from going on. */
const seen = async (page: Page, name: string) => expect.soft(await looked(page, name), name).toEqual([])

test('Carlo signs in, and his window shows nothing but the way in before', async () => {
  await carlo.getByRole('heading', { name: 'Decide who acts for you.' }).waitFor()
  await seen(carlo, 'sign-in')
  await enter(carlo, personOf('carlo'))
  await carlo.getByText('No trips yet.').waitFor()
  await seen(carlo, 'trips-empty')
})

test('he takes a persona, and says what agents may do for him alone', async () => {
  await takePersona(carlo, 'Traveler', 'family')
  await carlo.getByText('Acting as traveler, family').waitFor()
  await setLimits(carlo, /^Allow it within limits/u, '4,100')
  await carlo.getByText(/Agents may book for you up to EUR.4,100.* at least 7 days ahead, risk at most 3/u).waitFor()
  await seen(carlo, 'settings')
})

test('he creates the trip to Milan', async () => {
  await goTo(carlo, 'Trips')
  await press(carlo, 'New trip')
  const creating = dialogOf(carlo, 'New trip')
  await creating.getByLabel(/Milan/u).check()
  await seen(carlo, 'trip-create')
  await press(creating, 'Create trip')
  await carlo.getByText('Only you. Nobody else may see it or act on it.').waitFor()
  for (const name of ['Hotel', 'Dinner', 'Flight']) expect(await wordsOf(itemOf(carlo, name))).toContain('Planned')
  tripAddress = new URL(carlo.url()).hash
  await seen(carlo, 'trip')
})

test('Yannick’s persona waits for an administrator, and can be used when she has agreed', async () => {
  await enter(yannick, personOf('yannick'))
  await takePersona(yannick, 'Travel agent', 'acme')
  await yannick.getByText('An administrator must approve it. Until then you cannot use it.').waitFor()
  await seen(yannick, 'persona-pending')
  await approvePersonas(stack, personOf('petra'))
  await yannick.getByText('Acting as travel agent, acme').waitFor()
})

test('Carlo makes a code that lets whoever he confirms see and book the trip for a week', async () => {
  await goTo(carlo, 'People')
  await press(carlo, 'Invite somebody')
  const inviting = dialogOf(carlo, 'Invite somebody')
  await inviting.getByLabel('To let them act').check()
  await inviting.getByLabel('On what?').selectOption({ label: MILAN })
  await inviting.getByLabel('Book what is in it').check()
  await inviting.getByLabel('For a week').check()
  await inviting.getByText('More terms').click()
  await inviting.getByLabel('Once', { exact: true }).check()
  await inviting.getByText(/may see and book Three days in Milan until .*, and may pass it on once/u).waitFor()
  await seen(carlo, 'invite')
  await press(inviting, 'Make the code')
  const made = dialogOf(carlo, 'This code is shown once.')
  code = await made.getByText(/^mi_/u).innerText()
  await seen(carlo, 'invite-code')
  await press(made, 'I have sent it')
})

test('Yannick uses it and reads his number aloud; nothing starts before Carlo has compared it', async () => {
  await goTo(yannick, 'People')
  await press(yannick, 'Enter a code')
  const using = dialogOf(yannick, 'Use an invitation')
  await using.getByLabel('Code or link').fill(code)
  await using.getByLabel('Who sent it to you?').fill('Carlo')
  await seen(yannick, 'redeem')
  await press(using, 'Use it')
  const used = dialogOf(yannick, 'Carlo must confirm you now.')
  const number = await used.getByText(/^\d[\d\s]+\d$/u).innerText()
  await seen(yannick, 'redeemed')
  await press(used, 'Done')
  await goTo(yannick, 'Trips')
  await yannick.getByText('Nobody shares a trip with you.').waitFor()
  await press(carlo, 'Compare and confirm')
  const confirming = dialogOf(carlo, 'Is it the one you invited?')
  await confirming.getByText(number, { exact: true }).waitFor()
  await confirming.getByLabel('What do you call them?').fill('Yannick')
  await confirming.getByText(/Yannick may see and book Three days in Milan until/u).waitFor()
  await seen(carlo, 'confirm')
  await press(confirming, 'It is the same number: confirm')
  await carlo.getByRole('heading', { name: 'Yannick' }).waitFor()
  const standing = carlo.getByRole('region', { name: 'Can act for you now' })
  await expect.poll(() => wordsOf(standing)).toMatch(/Yannick until/u)
  await seen(carlo, 'people')
})

test('the trip is there for Yannick; by the keyboard alone he passes booking on to the agent for a day', async () => {
  const shared = yannick.getByRole('link', { name: MILAN })
  await shared.waitFor()
  await tabTo(yannick, shared)
  await yannick.keyboard.press('Enter')
  await yannick.getByText('This belongs to Carlo.').waitFor()
  const passOn = yannick.getByRole('button', { name: 'Give Booking agent access' })
  await passOn.waitFor()
  await tabTo(yannick, passOn)
  await yannick.keyboard.press('Enter')
  const passing = dialogOf(yannick, 'Pass on what you hold')
  await passing.waitFor()
  await yannick.keyboard.press('Escape')
  await passing.waitFor({ state: 'detached' })
  await expect.poll(() => isFocused(passOn)).toBe(true)
  await yannick.keyboard.press('Enter')
  await passing.getByText(/Booking agent may see and book Carlo’s Three days in Milan until/u).waitFor()
  expect(await passing.getByLabel('For a day').isChecked()).toBe(true)
  await seen(yannick, 'pass-on')
  await tabTo(yannick, passing.getByRole('button', { name: 'Give', exact: true }))
  await yannick.keyboard.press('Enter')
  await passing.waitFor({ state: 'detached' })
  await yannick.getByText('Passed on to Booking agent.').waitFor()
})

test('the agent books what it may: in both windows each result comes in by itself, and says on whose authority', async () => {
  await goTo(carlo, 'Trips')
  await carlo.getByRole('link', { name: MILAN }).click()
  await bookByAgent(yannick)
  await yannick.getByText('Booking agent: Done').waitFor()
  await yannick.getByText('2 items permitted, 1 denied.').waitFor()
  for (const name of ['Dinner', 'Flight'])
    await expect.poll(() => wordsOf(itemOf(yannick, name))).toMatch(/Booked.*Permitted/u)
  const theirs = itemOf(yannick, 'Hotel')
  // Why, and not how much: the owner's limits are the owner's.
  expect(await wordsOf(theirs)).toMatch(/Planned.*Denied.*This costs more than the owner lets an agent spend\. What/u)
  expect(await chainOf(theirs)).toEqual([
    expect.stringMatching(/^person Carlo gave person you .*live now\.$/u),
    expect.stringMatching(/^person you gave agent Booking agent .*live now\.$/u),
  ])
  await seen(yannick, 'ran')
  const hotel = itemOf(carlo, 'Hotel')
  await expect.poll(() => wordsOf(hotel)).toMatch(/Denied by Booking agent for Yannick.*EUR.4,200.*EUR.4,100/u)
  expect(await wordsOf(itemOf(carlo, 'Dinner'))).toMatch(/Booked.*Permitted by Booking agent for Yannick/u)
  expect(await chainOf(hotel)).toEqual([
    expect.stringMatching(/^person you gave person Yannick /u),
    expect.stringMatching(/^person Yannick gave agent Booking agent /u),
  ])
  await seen(carlo, 'trip-denied')
})

test('Carlo opens the denial in his activity, and his window proves that it is what was recorded', async () => {
  await itemOf(carlo, 'Hotel').getByRole('link', { name: 'Open in activity' }).click()
  await carlo.getByText('Yes. It is in the log, unaltered.').waitFor()
  expect(await wordsOf(carlo.getByRole('main'))).toMatch(/Denied.*It cost more than you let an agent spend/u)
  await seen(carlo, 'decision')
})

test('a higher limit counts from the next decision on', async () => {
  await setLimits(carlo, /^Change the limits/u, '4,300')
  await press(yannick, 'Check without booking')
  await yannick.getByRole('menuitem', { name: 'What Booking agent could book for you' }).click()
  await expect.poll(() => wordsOf(itemOf(yannick, 'Hotel'))).toContain('Would be permitted')
  await seen(yannick, 'dry-run')
})

test('Carlo takes it back, seeing what ends with it, and the next run is denied while he watches', async () => {
  await goTo(carlo, 'Sharing')
  await seen(carlo, 'sharing')
  await press(carlo, /^Revoke: Yannick may/u)
  const revoking = carlo.getByRole('alertdialog', { name: 'Take this back from Yannick?' })
  await revoking.getByText('1 more grant ends with it:').waitFor()
  expect(await wordsOf(revoking.getByRole('listitem'))).toMatch(/^Booking agent may see and book .* given by Yannick/u)
  await seen(carlo, 'revoke')
  await press(revoking, 'Revoke now')
  await carlo.getByText('Done: Yannick can no longer do this.').waitFor()
  await carlo.getByText('Nobody can act for you now.').first().waitFor()
  await goTo(carlo, 'Activity')
  await yannick.getByText('You see a stored copy. The original can no longer be read.').waitFor()
  await bookByAgent(yannick)
  await yannick.getByText('Booking agent: Denied: no access to this trip').waitFor()
  await yannick.getByText('Booking agent is working…').waitFor({ state: 'detached' })
  await seen(yannick, 'revoked')
  await carlo
    .getByText(/Booking agent.* was not allowed to see Three days in Milan/u)
    .first()
    .waitFor()
  await seen(carlo, 'activity')
})

test('while the services are away, what was seen is still there, said to be old, and nothing can be pressed', async () => {
  await goTo(yannick, 'Sharing')
  const give = yannick.getByRole('button', { name: 'Let somebody act' }).first()
  const services = [stack.services.pdp, stack.services.trips]
  await Promise.all(services.map((service) => service?.kill('SIGKILL')))
  await yannick.getByText('You are offline.').waitFor()
  expect(await give.isDisabled()).toBe(true)
  await seen(yannick, 'offline')
  await Promise.all(services.map((service) => service?.restart()))
  await yannick.getByText('You are offline.').waitFor({ state: 'detached' })
  expect(await give.isEnabled()).toBe(true)
})

test('Sam, a stranger, finds nothing; his session ended elsewhere is seen', async () => {
  await enter(sam, personOf('sam'))
  await sam.getByText('No trips yet.').waitFor()
  await sam.getByText('Nobody shares a trip with you.').waitFor()
  await sam.evaluate((address) => location.assign(address), tripAddress)
  await sam.getByText('This could not be loaded.').waitFor()
  expect(await wordsOf(sam.getByRole('main'))).not.toMatch(/Milan|Hotel/u)
  await goTo(sam, 'Sharing')
  await sam.getByText('Nobody can act for you.', { exact: true }).waitFor()
  await goTo(sam, 'Activity')
  await sam.getByRole('link', { name: /^Include views/u }).click()
  await sam.getByText('looked for trips to see (0 found)').first().waitFor()
  await sam.getByText('No older entries.').waitFor()
  const activity = await wordsOf(sam.getByRole('main'))
  for (const told of ['not allowed to see a trip', 'looked for trips to see (0 found)'])
    expect(activity).toContain(told)
  expect(activity).not.toMatch(/Milan|Booking agent|Permitted/u)
  await seen(sam, 'stranger')
  await stack.endSessions('sam')
  await sam.getByText('Your session ended. Sign in again to go on.').waitFor()
  await seen(sam, 'ended')
})

test('Carlo takes his data with him and is forgotten, in so many words', async () => {
  await goTo(carlo, 'Account')
  await seen(carlo, 'account')
  const [download] = await Promise.all([carlo.waitForEvent('download'), press(carlo, 'Export my data')])
  expect(download.suggestedFilename()).toBe('mandate-my-data.json')
  const exported: unknown = JSON.parse(readFileSync(await download.path(), 'utf8'))
  expect(exported).toMatchObject({ on_this_machine: { contacts: [{ name: 'Yannick' }] } })
  await press(carlo, 'Forget me…')
  const forgetting = carlo.getByRole('alertdialog', { name: 'Forget me?' })
  const now = forgetting.getByRole('button', { name: 'Forget me now' })
  expect(await now.isDisabled()).toBe(true)
  await forgetting.getByLabel('Type “forget me” to confirm').fill('forget me')
  await seen(carlo, 'forget')
  await now.click()
  await carlo.getByText('You are forgotten: what was yours has been erased, and you are signed out.').waitFor()
  await carlo.getByText('This remains, and only others can remove it:').waitFor()
  await seen(carlo, 'forgotten')
})

test('no window ever complained, and no browser ever held a token', async () => {
  for (const { noise, heard } of windows) {
    expect.soft(noise).toEqual([])
    const texts = await heard()
    for (const part of ['"ok":true', '"name":"session"', '"httpOnly":true']) expect(texts.join('\n')).toContain(part)
    for (const text of texts) expect(text).not.toMatch(/eyJ[\w-]{10,}\.[\w-]+|refresh_?token|id_?token/iu)
  }
})
