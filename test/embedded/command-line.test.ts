/**
 * `mandate` on a running PDP and issuer: what people, operators, services and auditors do with it.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startEmbeddedStack } from '../setup/e2e.ts'
import { openTerminal, type Terminal } from '../support/command-line.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startEmbeddedStack({ services: ['pdp', 'trips'] })
})
afterAll(() => stack?.stop())

const environment = () => ({ MANDATE_PDP: stack.urls.pdp, MANDATE_ISSUER: stack.issuer })

/** A terminal in which a person of the demo has signed in. */
async function enter(name: string): Promise<Terminal> {
  const terminal = openTerminal(environment(), stack.people[name])
  onTestFinished(terminal.remove)
  expect(await terminal.mandate('login')).toMatchObject({ exit: 0 })
  return terminal
}

describe('sign-in', () => {
  test('keeps the session in a private file, and shows who one is', async () => {
    const { mandate, json, folder } = await enter('olga')
    const file = join(folder, 'mandate/sessions/default.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { out } = await mandate('whoami')
    const me = await json('whoami')
    expect(me).toMatchObject({ pdp: stack.urls.pdp, issuer: stack.issuer, client: 'mandate-cli', roles: ['operator'] })
    expect(out).toContain(me.party)
    const { refreshToken, access } = JSON.parse(readFileSync(file, 'utf8'))
    for (const secret of [refreshToken, access.token]) expect(out).not.toContain(secret)
  })
})
