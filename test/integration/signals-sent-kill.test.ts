/**
 * `kill -9` between the end of a grant and the delivery of its event, and PDPs that share a database: the event arrives.
 *
 * @module
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, spawnService } from '@mandate/stack'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { createCall, environment, NO_OPENFGA } from '../fixtures/pdp.ts'
import { startSetReceiver } from '../fixtures/set-receiver.ts'
import { startSeveral } from '../fixtures/several.ts'
import { World } from '../fixtures/world.ts'

const dir = mkdtempSync(join(tmpdir(), 'mandate-signals-kill-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const keyFile = join(dir, 'key.pem')
writeFileSync(keyFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
const receiver = await startSetReceiver()
afterAll(() => receiver.stop())
const SIGNALS = {
  PDP_PUBLIC_URL: 'https://pdp.example',
  PDP_SIGNAL_KEY_FILE: keyFile,
  PDP_PRIVATE_HOSTS: receiver.host,
  PDP_SIGNAL_RECEIVERS: JSON.stringify([
    { service: 'trips', endpoint_url: receiver.url, bearer: randomBytes(24).toString('hex') },
  ]),
}
/** Time for a test that starts servers, in milliseconds. */
const STARTS_MS = 120_000
let closing = new AsyncDisposableStack()
afterEach(async () => {
  await closing.disposeAsync()
  closing = new AsyncDisposableStack()
  receiver.answer = () => 202
})

const received = (grant: string | undefined, status: number) =>
  receiver.received.filter((one) => one.claims.sub_id.id === grant && one.status === status)

interface Process {
  readonly entry?: string
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly issuer: TestIssuer
  readonly openFga?: typeof NO_OPENFGA
}

/** A PDP in a process of its own. */
async function spawnPdp({ entry = 'pdp/src/main.ts', name, env, issuer, openFga = NO_OPENFGA }: Process) {
  const url = `http://127.0.0.1:${await freePort()}`
  const service = await spawnService({
    name,
    entry,
    env: {
      ...environment(openFga, issuer, join(dir, name)),
      PDP_PORT: new URL(url).port,
      LOG_LEVEL: 'warn',
      ...SIGNALS,
      ...env,
    },
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 60_000,
    logFile: join(dir, `${name}.log`),
  })
  closing.defer(() => service.kill())
  const world = new World({ call: createCall(() => url, issuer), now: Date.now, advance: () => undefined })
  return { service, world }
}

/** A world in which A gave B a grant `g`. */
async function withGrant(world: World): Promise<string | undefined> {
  await world.begin((name) => name === 'B')
  expect((await world.grant({ name: 'g', from: 'A', to: 'B', actions: ['read'] })).status).toBe(201)
  return world.named.get('g')
}

test('a PDP that is killed before it has delivered does so after its start', { timeout: STARTS_MS }, async () => {
  const issuer = await startIssuer()
  closing.defer(() => issuer.stop())
  const { service, world } = await spawnPdp({ name: 'alone', issuer, env: { ENGINE: 'embedded' } })
  const grant = await withGrant(world)
  receiver.answer = () => 503
  expect((await world.revoke('g', 'A')).status).toBe(200)
  await receiver.until(() => received(grant, 503).length > 0)
  await service.kill()
  receiver.answer = () => 202
  expect(received(grant, 202)).toEqual([])
  await service.restart()
  await receiver.until(() => received(grant, 202).length > 0)
})

test('of two PDPs one delivers, and the other takes over from one that is killed before the end is stored', {
  timeout: STARTS_MS,
}, async () => {
  const several = await startSeveral()
  closing.defer(() => several.stop())
  const { issuer, env } = several
  const shared = { issuer, openFga: inject('openFga'), env: { ...env, PDP_LOG_ORIGIN: 'test.invalid/victim' } }
  const crashing = { ...shared.env, CRASH_AT: 'end:after' }
  // It has the lease, since it is there first.
  const victim = await spawnPdp({
    ...shared,
    name: 'victim',
    entry: 'test/fixtures/crashing-pdp.ts',
    env: crashing,
  })
  const survivor = await several.start('survivor', { env: SIGNALS })
  const grant = await withGrant(victim.world)
  const second = await victim.world.grant({ name: 'h', from: 'A', to: 'B', actions: ['execute'] })
  // The PDP ends before it answers.
  await victim.world.revoke('g', 'A').catch(() => undefined)
  await receiver.until(() => received(grant, 202).length > 0)
  const path = `/v1/grants/${second.body.id}/revoke`
  expect((await survivor.call('POST', path, { as: victim.world.as('A'), body: {} })).status).toBe(200)
  await receiver.until(() => received(second.body.id, 202).length > 0)
  expect(received(second.body.id, 202)).toHaveLength(1)
})
