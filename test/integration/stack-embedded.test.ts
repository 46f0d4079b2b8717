/**
 * The stack without OpenFGA: its PDP keeps the relationship tuples itself.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StackOptions, startStack } from '@mandate/stack'
import { expect, onTestFinished, test } from 'vitest'
import { startIssuer } from '../fixtures/issuer.ts'

async function optionsFor(stateDir: string): Promise<StackOptions> {
  const issuer = await startIssuer()
  onTestFinished(issuer.stop)
  const secret = randomUUID()
  return {
    stateDir,
    engine: 'embedded',
    services: ['pdp'],
    logLevel: 'warn',
    env: {},
    identity: {
      issuer: issuer.issuer,
      url: new URL(issuer.issuer).origin,
      admin: { url: issuer.issuer, username: 'admin', password: secret },
      clientSecrets: {
        pdp: secret,
        trips: secret,
        care: secret,
        'booking-agent': secret,
        auditor: secret,
        console: secret,
      },
      people: {},
    },
  }
}

test('starts a PDP with the engine embedded, on what the start before left', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'mandate-stack-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  const options = await optionsFor(stateDir)
  for (const _ of [1, 2]) {
    const stack = await startStack(options)
    try {
      expect(stack.openFga).toBeUndefined()
      const ready = await fetch(`${stack.urls.pdp}/readyz`)
      // The log's index follows by itself, and may be behind for a moment.
      expect([ready.status, (await ready.json()).missing.filter((part: string) => part !== 'index')]).toEqual([200, []])
    } finally {
      await stack.stop()
    }
  }
  expect([existsSync(join(stateDir, 'pdp/pdp.db')), existsSync(join(stateDir, 'openfga'))]).toEqual([true, false])
})

test('is refused for several PDPs, which share an OpenFGA', async () => {
  await expect(startStack({ stateDir: tmpdir(), engine: 'embedded', pdps: 2 })).rejects.toThrow(TypeError)
})
