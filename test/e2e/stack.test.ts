/**
 * The handles that the other e2e files rely on: one can die, the rest stay, and everything comes back where it was.
 */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../setup/e2e.ts'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp'] })
})

afterAll(() => stack.stop())

const status = async (path: string): Promise<number> => (await fetch(`${stack.urls.pdp}${path}`)).status

test('the PDP is ready, and its log and key are where the stack says', async () => {
  expect(await status('/readyz')).toBe(200)
  expect(statSync(stack.log).isDirectory()).toBe(true)
  expect(statSync(stack.key).isFile()).toBe(true)
  expect(statSync(dirname(stack.log)).mode & 0o077).toBe(0)
})

test('the PDP can be killed and comes back on its address', async () => {
  const before = stack.services.pdp?.pid()
  await stack.services.pdp?.kill()
  await expect(status('/livez')).rejects.toThrow()
  await stack.services.pdp?.restart()
  expect(await status('/readyz')).toBe(200)
  expect(stack.services.pdp?.pid()).not.toBe(before)
})

test('OpenFGA can be killed under the PDP, which stays alive', async () => {
  await stack.openFga.kill()
  expect(await status('/livez')).toBe(200)
  await stack.openFga.restart()
  expect(await status('/livez')).toBe(200)
})
