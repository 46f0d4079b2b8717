/**
 * The screen Activity, in every state.
 *
 * @module
 */
import type { Page } from 'playwright-core'
import type { Shot } from './shot.ts'

const PLACE = '#/activity'
const DENIED = '#/activity/01KAM000000000000000020010'
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const proved = (page: Page) => page.locator('.seal').waitFor()

export const ACTIVITY: readonly Shot[] = [
  { name: 'activity', scene: 'carlo', place: PLACE, steps: (page) => page.locator('.entry').first().waitFor() },
  { name: 'activity-empty', scene: 'empty', place: PLACE },
  { name: 'activity-loading', scene: 'loading', place: PLACE },
  { name: 'activity-failing', scene: 'failing', place: PLACE },
  { name: 'activity-offline', scene: 'offline', place: PLACE },
  {
    name: 'activity-filtered',
    scene: 'carlo',
    place: `${PLACE}?answer=deny&thing=workflow:01KAM000000000000000000001`,
  },
  { name: 'activity-nothing', scene: 'carlo', place: `${PLACE}?action=create&answer=deny` },
  { name: 'activity-paused', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Live') },
  { name: 'activity-export', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Export') },
  { name: 'activity-entry', scene: 'carlo', place: DENIED, steps: proved },
  { name: 'activity-entry-offline', scene: 'offline', place: DENIED, steps: proved },
  { name: 'activity-entry-forged', scene: 'forged', place: DENIED, steps: proved },
  {
    name: 'activity-entry-asked',
    scene: 'carlo',
    place: DENIED,
    steps: async (page) => {
      await proved(page)
      await press(page, 'Ask again now')
      await page.locator('.replay').waitFor()
    },
  },
  {
    name: 'activity-entry-revoke',
    scene: 'carlo',
    place: DENIED,
    steps: async (page) => {
      await press(page, /^Revoke what you gave/u)
      await page.getByText('more grant ends').waitFor()
    },
  },
]
