import process from 'node:process'
import { expect, test } from 'vitest'
import { findChromium } from '../support/system-browser.ts'

test.for([
  ['on PATH', { PATH: '/nowhere', MANDATE_TOOLS: 'installed' }],
  ['where CHROMIUM says', { CHROMIUM: '/nowhere/chromium', PATH: process.env['PATH'] }],
] as const)('without a Chromium %s the error says how to get one', async ([, env]) => {
  await expect(findChromium({ env })).rejects.toMatchObject({
    tool: 'Chromium',
    message: expect.stringContaining('apt-get install chromium'),
  })
})
