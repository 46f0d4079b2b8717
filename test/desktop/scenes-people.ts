/**
 * The screen People, in every state.
 *
 * @module
 */
import type { Page } from 'playwright-core'
import type { Shot } from './shot.ts'

const PLACE = '#/people'
const CODE = 'mi_Tq7-vK2mYx9LwB4nHc8RzEJ0sGdAfU5P'
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const choose = async (page: Page, of: string, item: string): Promise<void> => {
  await press(page, `More for ${of}`)
  await page.getByRole('menuitem', { name: item }).click()
}

async function redeem(page: Page): Promise<void> {
  await press(page, 'Enter a code')
  await page.getByLabel('Code or link').fill(CODE)
  await page.getByLabel('Who sent it to you?').fill('Noel')
  await press(page, 'Use it')
}

export const PEOPLE: readonly Shot[] = [
  { name: 'people', scene: 'carlo', place: PLACE, steps: (page) => page.locator('.number-digits').first().waitFor() },
  { name: 'people-yannick', scene: 'yannick', place: PLACE },
  { name: 'people-empty', scene: 'empty', place: PLACE },
  { name: 'people-loading', scene: 'loading', place: PLACE },
  { name: 'people-failing', scene: 'failing', place: PLACE },
  { name: 'people-offline', scene: 'offline', place: PLACE },
  { name: 'people-past', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Show past invitations') },
  { name: 'people-edit', scene: 'carlo', place: PLACE, steps: (page) => choose(page, 'Yannick', 'Name and note') },
  { name: 'people-remove', scene: 'carlo', place: PLACE, steps: (page) => choose(page, 'Yannick', 'Remove the name') },
  { name: 'people-confirm', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Compare and confirm') },
  { name: 'invite', scene: 'carlo', place: PLACE, steps: (page) => press(page, 'Invite somebody') },
  {
    name: 'invite-grant',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press(page, 'Invite somebody')
      await page.getByRole('radio', { name: 'To let them act' }).check({ force: true })
      await page.getByLabel('On what?').selectOption({ label: 'Three days in Milan' })
    },
  },
  {
    name: 'invite-code',
    scene: 'carlo',
    place: PLACE,
    steps: async (page) => {
      await press(page, 'Invite somebody')
      await press(page, 'Make the code')
      await page.getByText('This code is shown once.').waitFor()
    },
  },
  { name: 'redeem', scene: 'yannick', place: PLACE, steps: (page) => press(page, 'Enter a code') },
  { name: 'redeem-unknown', scene: 'refusing', place: PLACE, steps: redeem },
  {
    name: 'redeemed',
    scene: 'yannick',
    place: PLACE,
    steps: async (page) => {
      await redeem(page)
      await page.getByText('Noel must confirm you now.').first().waitFor()
    },
  },
]
