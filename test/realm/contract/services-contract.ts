/**
 * Tokens between services: a client that signs instead of knowing a secret, a secret and the realm's own key replaced while requests run. Nothing is
 * dropped.
 *
 * @module
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createServiceTokens } from '@mandate/pep'
import { accountOf } from '@mandate/pep/service'
import type { Stack } from '@mandate/stack'
import { readConfig, startTrips } from '@mandate/trips'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startTestStack } from '../../setup/e2e.ts'
import { enterAs, type Signed } from '../../support/signed-in.ts'
import type { Subject } from './subject.ts'

export function servicesContract(subject: Subject): void {
  let stack: Stack
  let carlo: Signed
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mandate-tokens-'))
    stack = await startTestStack({ services: ['pdp', 'trips'], identity: subject().identity })
    carlo = await enterAs(stack, 'carlo', 'traveler/family')
    await carlo.must('pdp', 'POST /v1/personas', { title: 'traveler', circle: 'family' })
  })
  afterAll(async () => {
    await stack?.stop()
    rmSync(folder, { recursive: true })
  })

  test('a service signs for itself (private_key_jwt), and its key is replaced by writing the file', async () => {
    const file = join(folder, 'key.pem')
    const makeKey = async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const exported = publicKey.export({ format: 'jwk' }) as JWK
      const jwk = { ...exported, kid: await calculateJwkThumbprint(exported), use: 'sig', alg: 'ES256' }
      return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), jwk }
    }
    const [first, second, stranger] = [await makeKey(), await makeKey(), await makeKey()]
    const { admin } = subject()
    await admin.addKeyedService('keyed', [first.jwk, second.jwk])
    onTestFinished(() => admin.removeClient('keyed'))
    const env = { KEYED_CLIENT_KEY_FILE: file }
    const account = { clientId: 'keyed', clientSecret: undefined, clientKey: first.pem }
    const tokens = () =>
      createServiceTokens({ issuer: stack.issuer, credentials: accountOf(env, 'KEYED_', account), timeoutMs: 5_000 })
    const ownWith = async (pem: string) => {
      writeFileSync(file, pem)
      const from = tokens()
      onTestFinished(from.close)
      return decodeJwt(await from.own('pdp'))
    }
    expect(await ownWith(first.pem)).toMatchObject({ azp: 'keyed', aud: 'pdp' })
    expect(await ownWith(second.pem)).toMatchObject({ azp: 'keyed' })
    await expect(ownWith(stranger.pem)).rejects.toMatchObject({ code: 'identity_unavailable' })
  })

  test('a client secret is replaced while requests run: none is dropped, before, between and after', async () => {
    const file = join(folder, 'secret')
    const [before, after] = [stack.clientSecrets.trips, randomBytes(32).toString('hex')]
    const setSecret = (secret: string) => subject().admin.setClientSecret('trips', secret)
    onTestFinished(() => setSecret(before))
    writeFileSync(file, before)
    const startOne = async () => {
      const config = readConfig({
        TRIPS_PORT: '0',
        TRIPS_ISSUER: stack.issuer,
        TRIPS_PDP_URL: stack.urls.pdp,
        TRIPS_DATA_DIR: mkdtempSync(join(folder, 'trips-')),
        TRIPS_CLIENT_SECRET_FILE: file,
      })
      const one = await startTrips(config, pino({ level: 'silent' }))
      onTestFinished(one.close)
      return one
    }
    const headers = { authorization: `Bearer ${await carlo.tokenFor('trips')}`, 'mandate-persona': 'traveler/family' }
    const list = async (url: string) => (await fetch(`${url}/workflows`, { headers })).status
    const trips = await startOne()
    expect(await list(trips.url)).toBe(200)
    const running = load(() => list(trips.url))
    await further(running)
    // With both in the file a service that needs its first token is served before and after the change.
    writeFileSync(file, `${after}\n${before}`)
    expect(await list((await startOne()).url)).toBe(200)
    await setSecret(after)
    expect(await list((await startOne()).url)).toBe(200)
    await further(running)
    writeFileSync(file, before)
    const tooEarly = await startOne()
    expect(await list(tooEarly.url)).toBe(503)
    writeFileSync(file, after)
    await further(running)
    expect(await running.stop()).toEqual([])
    // The change was real: who needs a token now gets it by the new secret alone, and the one that was too early has it too.
    expect(await list((await startOne()).url)).toBe(200)
    await expect.poll(() => list(tooEarly.url), { timeout: 60_000, interval: 500 }).toBe(200)
  })

  test('the realm signs with a new key while requests run: tokens of both keys are good everywhere', async () => {
    const trip = await carlo.must('trips', 'POST /workflows', { template: 'milan' })
    const kidOf = (token: string) => decodeProtectedHeader(token).kid
    const old = await carlo.tokenFor('trips')
    const askWith = (token: () => string) => async () => {
      const headers = { authorization: `Bearer ${token()}`, 'mandate-persona': 'traveler/family' }
      return (await fetch(`${stack.urls.trips}/workflows/${trip['id']}`, { headers })).status
    }
    const ofService = async (): Promise<string> => {
      const from = createServiceTokens({
        issuer: stack.issuer,
        credentials: { clientId: 'trips', clientSecret: stack.clientSecrets.trips },
        timeoutMs: 5_000,
      })
      return from.own('pdp').finally(from.close)
    }
    const question = {
      subject: { type: 'user', id: decodeJwt(old).sub },
      action: { name: 'read' },
      resource: { type: 'workflow', id: trip['id'] },
    }
    const askPdpWith = (token: () => Promise<string>) => async () => {
      const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' }
      const url = `${stack.urls.pdp}/access/v1/evaluation`
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(question) })).status
    }
    const former = await ofService()
    const before = load(askWith(() => old))
    const asking = [load(askPdpWith(async () => former)), load(askPdpWith(ofService))]
    await further(before)
    onTestFinished(await subject().admin.rotateKey())
    expect(kidOf(await ofService())).not.toBe(kidOf(former))
    const again = await enterAs(stack, 'carlo', 'traveler/family')
    const fresh = await again.tokenFor('trips')
    expect(kidOf(fresh)).not.toBe(kidOf(old))
    const after = load(askWith(() => fresh))
    await Promise.all([further(before), further(after)])
    // The PDP hears of the new key from its people, too.
    expect((await again.call('pdp', 'GET /v1/personas')).status).toBe(200)
    for (const running of asking) await further(running)
    expect(await Promise.all([before, after, ...asking].map((running) => running.stop()))).toEqual([[], [], [], []])
  })
}

/** Keeps asking, several at once, until it is stopped. @returns every status but 200. */
function load(ask: () => Promise<number>): {
  readonly stop: () => Promise<readonly number[]>
  readonly sent: () => number
} {
  let going = true
  let sent = 0
  const bad: number[] = []
  const worker = async () => {
    while (going) {
      const status = await ask()
      sent += 1
      if (status !== 200) bad.push(status)
      // A person may ask so much and no more.
      await delay(100)
    }
  }
  const workers = [worker(), worker()]
  return {
    sent: () => sent,
    stop: async () => {
      going = false
      await Promise.all(workers)
      return bad
    },
  }
}

/** Until so many more were answered. */
async function further(running: ReturnType<typeof load>, count = 15): Promise<void> {
  const from = running.sent()
  await expect.poll(() => running.sent() - from, { timeout: 60_000, interval: 50 }).toBeGreaterThan(count)
}
