/**
 * A machine's clock that jumps (ADR 0082): nothing is recorded by it, and where it was believed at a start there is a way out.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, spawnService } from '@mandate/stack'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { startIssuer } from '../fixtures/issuer.ts'
import { createCall, environment, startTestPdp } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

const DAY_MS = 86_400_000
const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const

describe('while a PDP runs', () => {
  const suite = useSuite({ sharedWorld: true })
  const recorded = async (): Promise<number> =>
    (await suite.tpdp.call('GET', '/v1/decisions?kind=evaluation', { as: AUDITOR })).body.total

  test.for([
    ['400 days ahead', 400],
    ['10 years ahead', 3_653],
    ['a day behind', -1],
  ] as const)(
    'a jump to %s is refused and not recorded, and nobody is locked out by it, after a restart either',
    async ([, days]) => {
      const { tpdp, world } = suite
      const grant = await world.grant({ from: 'A', to: 'B', actions: ['execute'], days: 30 })
      expect(await suite.codes(FLIGHT)).toEqual(['delegated'])
      const before = await recorded()
      tpdp.jump(days * DAY_MS)
      const refused = await world.ask(FLIGHT)
      expect(refused).toMatchObject({ status: 503, body: { code: 'clock_unavailable' } })
      expect(refused.headers.get('retry-after')).toBe('1')
      const ready = await tpdp.call('GET', '/readyz')
      expect([ready.status, ready.body]).toEqual([503, { status: 'not ready', missing: ['clock'] }])
      expect((await tpdp.call('GET', '/metrics')).text).toContain('\nmandate_clock_trusted 0\n')
      expect((await world.grant({ from: 'A', to: 'C', actions: ['read'] })).body.code).toBe('clock_unavailable')
      tpdp.jump(-days * DAY_MS)
      expect(await recorded()).toBe(before)
      expect(await suite.codes(FLIGHT)).toEqual(['delegated'])
      await tpdp.restart()
      expect(await suite.codes(FLIGHT)).toEqual(['delegated'])
      await tpdp.call('DELETE', `/v1/grants/${grant.body.id}`, { as: world.as('A') })
      expect(tpdp.operations.filter((line) => line.includes('the clock jumped'))).not.toEqual([])
    },
  )

  test('a start with a clock that is 400 days ahead is refused', async () => {
    const { tpdp } = suite
    await expect(tpdp.restart(() => tpdp.jump(400 * DAY_MS))).rejects.toMatchObject({ code: 'clock_unavailable' })
    tpdp.jump(-400 * DAY_MS)
    await tpdp.restart()
    expect((await tpdp.call('GET', '/readyz')).status).toBe(200)
  })
})

const path = (file: string): string => fileURLToPath(new URL(`../../pdp/src/${file}`, import.meta.url))

/** Runs a program until it ends. */
async function ended(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, [path(file), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const [code]: readonly unknown[] = await once(child, 'close')
  return { code, said }
}

test('a log that was written by a wrong clock stops the next start, until the operator accepts the right one', {
  timeout: 120_000,
}, async () => {
  const openFga = inject('openFga')
  const dataDir = await mkdtemp(join(tmpdir(), 'mandate-clock-'))
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
  const issuer = await startIssuer()
  onTestFinished(() => issuer.stop())
  const wrong = await startTestPdp({ openFga, dataDir, issuer })
  onTestFinished(() => wrong.stop())
  const before = new World(wrong)
  await before.begin()
  await before.grant({ from: 'A', to: 'B', actions: ['execute'], days: 30 })
  await wrong.restart(() => wrong.jump(100 * DAY_MS))
  await before.ask(FLIGHT)
  await wrong.stop()

  const { config } = wrong
  const url = `http://127.0.0.1:${await freePort()}`
  const env = {
    ...environment(openFga, issuer, dataDir),
    OPENFGA_STORE: config.OPENFGA_STORE,
    PDP_PORT: new URL(url).port,
  }
  const refused = await ended('main.ts', [], env)
  expect(refused.code).toBe(70)
  expect(refused.said).toContain('npm run log -- accept-clock')

  const accept = (time: number) =>
    ended('cli/main.ts', ['accept-clock', '--data', dataDir, '--time', new Date(time).toISOString()], {})
  expect(await accept(Date.now() + 100 * DAY_MS)).toMatchObject({ code: 65 })
  expect(await ended('cli/main.ts', ['accept-clock', '--data', dataDir], {})).toMatchObject({ code: 64 })
  expect(await accept(Date.now())).toMatchObject({ code: 0, said: expect.stringContaining('accepted, and recorded') })
  expect(await accept(Date.now())).toMatchObject({ code: 0, said: expect.stringContaining('nothing to accept') })

  const pdp = await spawnService({
    name: 'pdp',
    entry: 'pdp/src/main.ts',
    env,
    readyUrl: `${url}/readyz`,
    logFile: join(dataDir, 'pdp.out'),
  })
  onTestFinished(() => pdp.kill())
  const call = createCall(() => url, issuer)
  const read = await call('GET', '/v1/decisions?kind=clock_accepted', { as: AUDITOR })
  expect(read.body.entries).toMatchObject([{ change: { newest: expect.any(String), machine: expect.any(String) } }])
  const after = new World({ call, now: Date.now, advance: () => undefined })
  await after.begin()
  await after.grant({ from: 'A', to: 'B', actions: ['execute'], days: 30 })
  expect((await after.ask(FLIGHT)).body.decision).toBe(true)
})
