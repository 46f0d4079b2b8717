/**
 * What `npm start` does on a machine with Node alone: all services on the embedded parts, the story with the outcome that it has on the real servers, again
 * on what the first one left.
 */
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type StoryResult, tellStory } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoryStack, startEmbeddedStack } from '../setup/e2e.ts'

const START = fileURLToPath(new URL('../../stack/src/start.ts', import.meta.url))

let stack: StoryStack
beforeAll(async () => {
  stack = await startEmbeddedStack()
})
afterAll(() => stack?.stop())

const story = (): Promise<StoryResult> =>
  tellStory({ issuer: stack.issuer, urls: stack.urls, people: stack.people, out: () => undefined })

test('every service is ready, and neither OpenFGA nor Keycloak runs', async () => {
  const ready = await Promise.all(Object.values(stack.urls).map(async (url) => (await fetch(`${url}/readyz`)).status))
  expect(ready).toEqual([200, 200, 200, 200, 200])
  expect([stack.openFga, stack.admin, stack.identityServer?.name]).toEqual([undefined, undefined, 'Embedded issuer'])
})

test('the story has the outcome that it has on OpenFGA and Keycloak, also after a restart, with the same people', async () => {
  const outcome = [
    ['agent for Yannick', 'dinner', 'delegated'],
    ['agent for Yannick', 'flight', 'delegated'],
    ['agent for Yannick', 'hotel', 'price_above_limit'],
    ['Sam', 'read the trip', 'no_grant'],
    ['Sam', 'execute dinner', 'no_grant'],
    ['Sam', 'list Carlo’s grants', 'forbidden'],
    ['Sam', 'ask about Carlo', 'forbidden'],
    ['agent for Sam', 'dinner', 'not_on_behalf'],
    ['agent for Yannick', 'dinner', 'grant_revoked'],
  ]
  const first = await story()
  await stack.identityServer?.restart()
  await stack.services.pdp?.restart()
  const second = await story()
  for (const { rows } of [first, second])
    expect(rows.map(({ who, item, reasons }) => [who, item, reasons[0]])).toEqual(outcome)
  expect(second.people).toEqual(first.people)
})

test.for([[], ['--once'], ['--fresh', '--once']])('npm start %j is refused in production: exit 78', (args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [START, ...args], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    encoding: 'utf8',
  })
  expect([status, stdout]).toEqual([78, ''])
  expect(stderr).toContain('npm start -- --servers')
})
