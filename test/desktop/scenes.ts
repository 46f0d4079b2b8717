/**
 * Every screen of the window in every state, with the steps that lead to it. Used for the pictures and for checks that hold on all screens.
 *
 * @module
 */
import type { Page } from 'playwright-core'
import { ACCOUNT } from './scenes-account.ts'
import { ACTIVITY } from './scenes-activity.ts'
import { PEOPLE } from './scenes-people.ts'
import { SETTINGS } from './scenes-settings.ts'
import type { Shot } from './shot.ts'

const TRIP = '#/trips/01KAM000000000000000000001'
const SHARED_TRIP = '#/trips/01KAM000000000000000000003'

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()

async function all(page: Page, ...steps: readonly ((page: Page) => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step(page)
}

const SIGN_IN: readonly Shot[] = [
  { name: 'sign-in', scene: 'signed-out' },
  { name: 'sign-in-ended', scene: 'ended' },
  { name: 'sign-in-forgotten', scene: 'forgotten' },
  { name: 'sign-in-waiting', scene: 'signing-in' },
  { name: 'sign-in-timed-out', scene: 'timed-out', steps: press('Sign in') },
  { name: 'sign-in-refused', scene: 'refused', steps: press('Sign in') },
  { name: 'sign-in-keystore', scene: 'keystore', steps: press('Sign in') },
]

const TRIPS: readonly Shot[] = [
  { name: 'trips', scene: 'carlo', place: '#/trips' },
  { name: 'trips-empty', scene: 'empty', place: '#/trips' },
  { name: 'trips-loading', scene: 'loading', place: '#/trips' },
  { name: 'trips-failing', scene: 'failing', place: '#/trips' },
  { name: 'trips-offline', scene: 'offline', place: '#/trips' },
  { name: 'trip-create', scene: 'carlo', place: '#/trips', steps: press('New trip') },
  { name: 'trip', scene: 'carlo', place: TRIP },
  { name: 'trip-offline', scene: 'offline', place: TRIP },
  { name: 'trip-shared', scene: 'carlo', place: SHARED_TRIP },
  {
    name: 'trip-chain',
    scene: 'carlo',
    place: TRIP,
    steps: (page) => page.getByText('On whose authority').first().click(),
  },
  {
    name: 'trip-running',
    scene: 'carlo',
    place: TRIP,
    steps: async (page) => {
      await press(/^Let Booking agent book/u)(page)
      await press('Book now')(page)
      await page.locator('.outcome-fails').first().waitFor()
    },
  },
  {
    name: 'trip-ran',
    scene: 'carlo',
    place: TRIP,
    steps: async (page) => {
      await press(/^Let Booking agent book/u)(page)
      await press('Book now')(page)
      await page.getByText('Booking agent: Done').waitFor()
    },
  },
  { name: 'trip-checks', scene: 'carlo', place: TRIP, steps: press('Check without booking') },
  {
    name: 'trip-in-person',
    scene: 'carlo',
    place: TRIP,
    steps: async (page) => {
      await press('Book all in person')(page)
      await press('Book now')(page)
    },
  },
  {
    name: 'sharing-undo',
    scene: 'carlo',
    place: '#/sharing',
    steps: async (page) => {
      await press(/^Revoke: Yannick/u)(page)
      await press('Revoke now')(page)
      await page.getByRole('button', { name: 'Give it again' }).waitFor()
    },
  },
  { name: 'sharing-several', scene: 'carlo', place: '#/sharing', steps: press('Revoke several…') },
  {
    name: 'dialog-unsaved',
    scene: 'carlo',
    place: '#/sharing',
    steps: async (page) => {
      await press('Let somebody act')(page)
      await page.getByLabel('Mira').check()
      await press('Cancel')(page)
      await page.getByText('This is not saved yet.').waitFor()
    },
  },
  { name: 'trip-confirm', scene: 'carlo', place: TRIP, steps: press('Book all in person') },
  {
    name: 'trip-move-conflict',
    scene: 'carlo',
    place: TRIP,
    steps: async (page) => {
      await press('More for Hotel')(page)
      await page.getByRole('menuitem', { name: 'Move to another time' }).click()
      await all(page, press('Move it'))
      await page.getByText('It has changed since you saw it.').waitFor()
    },
  },
]

const SHARING: readonly Shot[] = [
  { name: 'sharing', scene: 'carlo', place: '#/sharing' },
  { name: 'sharing-ended', scene: 'carlo', place: '#/sharing', steps: press('Show what has ended') },
  {
    name: 'sharing-received',
    scene: 'carlo',
    place: '#/sharing',
    steps: (page) => page.getByRole('tab', { name: /Received/u }).click(),
  },
  {
    name: 'sharing-received-yannick',
    scene: 'yannick',
    place: '#/sharing',
    steps: (page) => page.getByRole('tab', { name: /Received/u }).click(),
  },
  { name: 'sharing-empty', scene: 'empty', place: '#/sharing' },
  { name: 'sharing-failing', scene: 'failing', place: '#/sharing' },
  { name: 'grant', scene: 'empty', place: '#/sharing', steps: press('Let somebody act') },
  {
    name: 'grant-preview',
    scene: 'carlo',
    place: '#/trips/01KAM000000000000000000002',
    steps: async (page) => {
      await press(/Booking agent\s+act$/u)(page)
      await page.locator('.would').waitFor()
    },
  },
  {
    name: 'grant-refused',
    scene: 'refusing',
    place: TRIP,
    steps: async (page) => {
      await press(/Mira/u)(page)
      await page.getByText('This cannot be given.').waitFor()
    },
  },
  {
    name: 'grant-pass-on',
    scene: 'yannick',
    place: '#/sharing',
    steps: async (page) => {
      await page.getByRole('tab', { name: /Received/u }).click()
      await press(/^Pass on/u)(page)
      await page.getByRole('radio', { name: /Booking agent/u }).check()
      await page.locator('.would').waitFor()
    },
  },
  {
    name: 'revoke',
    scene: 'carlo',
    place: '#/sharing',
    steps: async (page) => {
      await press(/^Revoke: Yannick/u)(page)
      await page.getByText('more grant ends').waitFor()
    },
  },
  {
    name: 'revoked',
    scene: 'carlo',
    place: '#/sharing',
    steps: async (page) => {
      await press(/^Revoke: Yannick/u)(page)
      await press('Revoke now')(page)
      await page.locator('.toast').waitFor()
    },
  },
]

export const SHOTS: readonly Shot[] = [
  ...SIGN_IN,
  ...TRIPS,
  ...SHARING,
  ...PEOPLE,
  ...SETTINGS,
  ...ACTIVITY,
  ...ACCOUNT,
]

let visits = 0

/** Goes there, and begins anew: no address is the same twice, so that nothing of what the page showed before is left. */
export async function show(page: Page, url: string, { scene, place = '', steps }: Shot): Promise<void> {
  visits += 1
  await page.goto(`${url}/?scene=${scene}&visit=${visits}${place}`)
  await page.locator('h1').first().waitFor()
  await page.evaluate(() => document.fonts.ready)
  await steps?.(page)
}
