/**
 * The screen Settings, in every state.
 *
 * @module
 */
import type { Page } from 'playwright-core'
import type { Shot } from './shot.ts'

const PLACE = '#/settings'
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()
const choose = (item: string) => async (page: Page) => {
  await press('More for Traveler, family')(page)
  await page.getByRole('menuitem', { name: item }).click()
}

export const SETTINGS: readonly Shot[] = [
  { name: 'settings', scene: 'carlo', place: PLACE },
  { name: 'settings-yannick', scene: 'yannick', place: PLACE },
  { name: 'settings-empty', scene: 'empty', place: PLACE },
  { name: 'settings-loading', scene: 'loading', place: PLACE },
  { name: 'settings-failing', scene: 'failing', place: PLACE },
  { name: 'settings-offline', scene: 'offline', place: PLACE },
  { name: 'settings-past', scene: 'carlo', place: PLACE, steps: press('Show those that you gave back') },
  { name: 'settings-take', scene: 'carlo', place: PLACE, steps: press('Take a persona') },
  { name: 'settings-rest', scene: 'carlo', place: PLACE, steps: choose('Deactivate') },
  { name: 'settings-give-back', scene: 'carlo', place: PLACE, steps: choose('Give it back') },
  { name: 'settings-limits', scene: 'carlo', place: PLACE, steps: press('Change the limits') },
  {
    name: 'settings-limits-wrong',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press('Change the limits')(page)
      await page.getByLabel('An item costs at most').fill('much')
      await page.getByLabel('Risk, at most').fill('9')
    },
  },
  {
    name: 'settings-limits-refused',
    scene: 'refusing',
    place: PLACE,
    steps: async (page) => {
      await press('Change the limits')(page)
      await press('Save')(page)
      await page.locator('.problem').waitFor()
    },
  },
  { name: 'settings-stop', scene: 'carlo', place: PLACE, steps: press('Stop all agents') },
  {
    name: 'settings-stopped',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press('Stop all agents')(page)
      await press('Stop them now')(page)
      await page.locator('.toast').waitFor()
    },
  },
]
