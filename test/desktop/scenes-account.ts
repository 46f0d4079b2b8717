/**
 * The screen Account, in every state, and what is shown when somebody was forgotten.
 *
 * @module
 */
import type { Page } from 'playwright-core'
import type { Shot } from './shot.ts'

const PLACE = '#/account'
const press = (page: Page, name: string) => page.getByRole('button', { name }).first().click()

export const ACCOUNT: readonly Shot[] = [
  { name: 'account', scene: 'carlo', place: PLACE, steps: (page) => page.getByText(/^\d{4} \d{4} \d{4}$/u).waitFor() },
  { name: 'account-offline', scene: 'offline', place: PLACE },
  {
    name: 'account-exported',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press(page, 'Export my data')
      await page.getByText('Saved as').waitFor()
    },
  },
  { name: 'account-forget', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Forget me…') },
  {
    name: 'account-forgotten',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press(page, 'Forget me…')
      await page.getByLabel('Type “forget me” to confirm').fill('forget me')
      await press(page, 'Forget me now')
      await page.getByText('Reference:').waitFor()
    },
  },
]
