import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeLogPins } from './log-pins.ts'
import { logKeyFile, pdpNames, type SettingsInput, serviceSettings } from './settings.ts'

function anInput(stateDir: string, count?: number): SettingsInput {
  const ports = { pdp: 1, trips: 2, care: 3, agent: 4, auditor: 5, pdp2: 6, pdp3: 7 }
  const secret = 'a secret for tests'
  const urls = { storeUrl: 'postgres://127.0.0.1/pdp', indexUrl: 'postgres://127.0.0.1/index', vaultKey: secret }
  return {
    stateDir,
    ports,
    issuer: 'http://127.0.0.1:8/realms/mandate',
    openFga: { url: 'http://127.0.0.1:9', apiToken: secret },
    clientSecrets: { trips: secret, care: secret, 'booking-agent': secret, auditor: secret, console: secret },
    ...(count && { shared: { count, ...urls } }),
  }
}

test('the auditor reads one PDP, and the verifier key of its log from the file that the PDP makes', () => {
  const { auditor, pdp } = serviceSettings(anInput('/state'))
  expect(auditor.env).toMatchObject({ AUDITOR_PDP_URL: pdp.url, AUDITOR_LOG_PINS_FILE: '/state/pdp/log.vkey' })
})

test('without an OpenFGA the PDP keeps the relationship tuples itself', () => {
  const { env } = serviceSettings({ ...anInput('/state'), openFga: undefined }).pdp
  expect([env['ENGINE'], env['OPENFGA_URL']]).toEqual(['embedded', undefined])
})

test('of several PDPs the auditor reads all, and the verifier keys of all logs from one file', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'mandate-stack-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true }))
  const files = pdpNames(3).map((name) => logKeyFile(stateDir, name))
  for (const [at, file] of files.entries()) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `key-${at}\n`)
  }
  writeLogPins(
    stateDir,
    files.map((key) => ({ key })),
  )
  const { env } = serviceSettings(anInput(stateDir, 3)).auditor
  expect(env['AUDITOR_PDP_URL']).toBe('http://127.0.0.1:1,http://127.0.0.1:6,http://127.0.0.1:7')
  expect(readFileSync(env['AUDITOR_LOG_PINS_FILE'] ?? '', 'utf8')).toBe('key-0\nkey-1\nkey-2\n')
})

test('of several PDPs trips, care and the agent have all, so that they go on without one', () => {
  const { trips, care, agent } = serviceSettings(anInput('/state', 3))
  const [pdp, pdp2, pdp3] = [1, 6, 7].map((port) => `http://127.0.0.1:${port}`)
  expect(trips.env['TRIPS_PDP_URL']).toBe(`${pdp2},${pdp3},${pdp}`)
  expect(care.env['CARE_PDP_URL']).toBe(`${pdp2},${pdp3},${pdp}`)
  expect(agent.env['AGENT_PDP_URL']).toBe(`${pdp3},${pdp},${pdp2}`)
})
