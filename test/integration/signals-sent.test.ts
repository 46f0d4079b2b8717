/**
 * Events about grants (SETs, RFC 8417) that the PDP sends to services and agents by push (RFC 8935).
 *
 * @module
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGrantEvents, type GrantEvent } from '@mandate/pep'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSignedBy, type ReceivedDelivery, startSetReceiver } from '../fixtures/set-receiver.ts'
import { useSuite } from '../fixtures/suite.ts'
import { PERSONAS } from '../fixtures/world.ts'

const ISSUER = 'https://pdp.example/tenant'
const pem = (kind: 'ec' | 'ed25519'): string => {
  const pair = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
const dir = mkdtempSync(join(tmpdir(), 'mandate-signals-'))
const keyFile = join(dir, 'keys.pem')
const [first, next] = [pem('ec'), pem('ed25519')]
writeFileSync(keyFile, first + next)
const trips = await startSetReceiver()
const records = await startSetReceiver()
const bot = await startSetReceiver()
const receivers = [trips, records, bot]
const bearer = (of: string) => `a-bearer-of-${of}-0123456789abcdefghij`
const suite = useSuite({
  env: {
    PDP_PUBLIC_URL: ISSUER,
    PDP_SIGNAL_KEY_FILE: keyFile,
    PDP_SERVICES: 'trips=workflow+workflow_item+travel_account,records=record',
    PDP_PRIVATE_HOSTS: receivers.map(({ host }) => host).join(','),
    PDP_SIGNAL_RECEIVERS: JSON.stringify([
      { service: 'trips', endpoint_url: trips.url, bearer: bearer('trips') },
      { service: 'records', endpoint_url: records.url, bearer: bearer('records') },
      { agent: 'bot', endpoint_url: bot.url, audience: 'urn:bot', bearer: bearer('bot') },
    ]),
  },
})
let isRegistered = false
beforeEach(async () => {
  const { world } = suite
  if (!isRegistered) await world.call('POST', '/v1/agents', world.staff('operator'), { id: 'bot' })
  isRegistered = true
})
afterAll(async () => {
  for (const receiver of receivers) await receiver.stop()
  rmSync(dir, { recursive: true })
})

const idOf = (name: string): string => suite.world.named.get(name) ?? name
/** The deliveries about a grant that were taken. */
const about = (name: string, of: readonly ReceivedDelivery[]): readonly ReceivedDelivery[] =>
  of.filter(({ claims, status }) => claims.sub_id.id === idOf(name) && status === 202)
const told = (name: string, receiver = trips) =>
  about(name, receiver.received).map(({ event, claims }) => {
    const [members = {}] = Object.values(claims.events)
    return [event, members['reason']].filter((part) => part !== undefined).join(' ')
  })
const has =
  (...names: readonly string[]) =>
  (received: readonly ReceivedDelivery[]) =>
    names.every((name) => about(name, received).length > 0)
const metric = async (name: string): Promise<number> => {
  const { text } = await suite.tpdp.pdp.metrics.read()
  return Number(text.match(new RegExp(`^${name.replaceAll(/[{}]/gu, '\\$&')} (.*)$`, 'mu'))?.[1])
}
/** Every event is with its receivers. */
const delivered = () => expect.poll(() => metric('mandate_signals_undelivered'), { timeout: 20_000 }).toBe(0)
const keys = async () => (await suite.tpdp.call('GET', '/v1/signals/keys')).body.keys

/** A gives B a grant, B passes it on to C and to the agent. */
const chain = async (): Promise<void> => {
  await suite.give({ name: 'root', from: 'A', to: 'B', actions: ['execute'], redelegations: 2 })
  await suite.give({ name: 'child', from: 'B', to: 'C', parent: 'root', actions: ['read'], redelegations: 1 })
  await suite.give({ name: 'agents', from: 'B', to: 'agent:bot', parent: 'root', actions: ['read'] })
  await suite.give({ name: 'leaf', from: 'C', to: 'agent:bot', parent: 'child', actions: ['read'] })
}

describe('grant-ended', () => {
  test('each grant of a chain gets its event; a service of other types none, an agent those of its own grants', async () => {
    await chain()
    await suite.world.revoke('root', 'A')
    await trips.until(has('root', 'child', 'agents', 'leaf'))
    await bot.until(has('agents', 'leaf'))
    await delivered()
    expect(['root', 'child', 'agents', 'leaf'].map((name) => told(name))).toEqual([
      ['grant-ended revoked'],
      ['grant-ended above_ended'],
      ['grant-ended above_ended'],
      ['grant-ended above_ended'],
    ])
    expect(['root', 'child', 'agents', 'leaf'].map((name) => told(name, bot).length)).toEqual([0, 0, 1, 1])
    expect(records.received.map(({ event }) => event)).toEqual(['verification'])
  })

  test('is taken by the receiver of @mandate/pep, as the PDP delivers it', async () => {
    await chain()
    await suite.world.revoke('root', 'A')
    await bot.until(has('leaf'))
    const [delivery] = about('leaf', bot.received)
    const events: GrantEvent[] = []
    const receiver = createGrantEvents({
      issuer: ISSUER,
      audience: 'urn:bot',
      bearer: bearer('bot'),
      jwksUrl: `${suite.tpdp.pdp.url}/v1/signals/keys`,
      onEvent: (event) => void events.push(event),
    })
    onTestFinished(() => receiver.close())
    const { authorization = '', 'content-type': contentType } = delivery?.headers ?? {}
    const body = Buffer.from(delivery?.token ?? '')
    expect(await receiver.receive({ authorization: [authorization], contentType, body })).toEqual({ status: 202 })
    expect(events).toMatchObject([{ grant: idOf('leaf'), what: 'ended', reason: 'above_ended' }])
  })

  test('is signed by the published key, in the form of SSF 1.0, and names no person', async () => {
    await chain()
    await suite.world.revoke('root', 'A')
    await trips.until(has('root'))
    const [delivery] = about('root', trips.received)
    const configuration = await suite.tpdp.call('GET', '/.well-known/ssf-configuration/tenant')
    expect(configuration.body).toEqual({
      spec_version: '1_0',
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/v1/signals/keys`,
      delivery_methods_supported: ['urn:ietf:rfc:8935'],
      default_subjects: 'ALL',
    })
    const published = await keys()
    expect(published.map((key: { readonly alg: string }) => key.alg)).toEqual(['ES256', 'EdDSA'])
    expect(isSignedBy(delivery?.token ?? '', published)).toBe(true)
    expect(isSignedBy(delivery?.token ?? '', published.slice(1))).toBe(false)
    expect(delivery?.headers).toMatchObject({
      authorization: `Bearer ${bearer('trips')}`,
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
    })
    expect(delivery?.header).toEqual({ alg: 'ES256', kid: published[0].kid, typ: 'secevent+jwt' })
    const at = Math.floor(suite.tpdp.now() / 1_000)
    expect(delivery?.claims).toEqual({
      iss: ISSUER,
      aud: 'trips',
      iat: at,
      jti: expect.stringMatching(/^[\w-]{22}$/u),
      toe: at,
      sub_id: { format: 'opaque', id: idOf('root') },
      events: {
        'urn:mandate:secevent:grant-ended': {
          event_timestamp: at,
          scope: `workflow:${idOf('T')}`,
          reason: 'revoked',
        },
      },
    })
    await bot.until(has('leaf'))
    const sent = [...trips.received, ...bot.received].map(({ claims }) => JSON.stringify(claims)).join()
    for (const name of Object.keys(PERSONAS)) expect(sent).not.toContain(suite.world.ref(name))
    expect(sent).not.toMatch(/user:|p_[\w-]{22}/u)
    expect(about('leaf', bot.received)[0]?.claims).toMatchObject({ aud: 'urn:bot' })
    expect(about('leaf', bot.received)[0]?.claims.jti).not.toBe(about('leaf', trips.received)[0]?.claims.jti)
  })

  test('says that a grant was replaced, or that its resource was transferred', async () => {
    await suite.give({ name: 'old', from: 'A', to: 'B', actions: ['execute'] })
    await suite.give({ name: 'new', from: 'A', to: 'B', actions: ['read'], replaces: idOf('old') })
    await trips.until(has('old'))
    expect((await suite.world.transfer('T', 'D')).status).toBe(200)
    await trips.until(has('new'))
    expect([told('old'), told('new')]).toEqual([['grant-ended replaced'], ['grant-ended transferred']])
  })
})

describe('grant-suspended', () => {
  test('for an agent that is suspended: of the grants that it holds, and no more of those that ended', async () => {
    const { world } = suite
    await chain()
    await suite.give({ name: 'own', from: 'A', to: 'agent:bot', actions: ['read'] })
    await world.revoke('child', 'B')
    await trips.until(has('child', 'leaf'))
    const path = '/v1/agents/bot'
    expect((await world.call('PATCH', path, world.staff('operator'), { status: 'suspended' })).status).toBe(200)
    await trips.until(has('own', 'agents'))
    await delivered()
    expect(['root', 'own', 'agents', 'leaf'].map((name) => told(name))).toEqual([
      [],
      ['grant-suspended'],
      ['grant-suspended'],
      ['grant-ended above_ended'],
    ])
    expect(told('own', bot)).toEqual(['grant-suspended'])
    await world.call('PATCH', path, world.staff('operator'), { status: 'active' })
  })

  test('for a persona that is not usable: of what was given in it and what was made from it', async () => {
    await chain()
    await suite.world.personaStatus('B', 'travel-agent/acme', 'inactive')
    await trips.until(has('child', 'agents', 'leaf'))
    await delivered()
    expect(['root', 'child', 'leaf'].map((name) => told(name))).toEqual([[], ['grant-suspended'], ['grant-suspended']])
  })

  test('for a consent that is withdrawn: of grants that agents hold', async () => {
    await chain()
    await suite.world.autonomy('A', 'traveler/family', { consent: false, limits: {} })
    await trips.until(has('agents', 'leaf'))
    await delivered()
    expect(['root', 'child', 'agents'].map((name) => told(name))).toEqual([[], [], ['grant-suspended']])
  })
})

describe('a receiver that', () => {
  const attempts = (name: string) => trips.received.filter(({ claims }) => claims.sub_id.id === idOf(name))

  test('is down for a while gets every event, of one grant in order, with the same jti', async () => {
    trips.answer = () => 503
    await suite.give({ name: 'g', from: 'A', to: 'agent:bot', actions: ['read'] })
    await suite.world.autonomy('A', 'traveler/family', { consent: false, limits: {} })
    await trips.until(() => attempts('g').length > 0)
    await suite.world.revoke('g', 'A')
    await bot.until((received) => about('g', received).length === 2)
    expect(await metric('mandate_signals_undelivered')).toBeGreaterThan(1)
    trips.answer = () => 202
    await trips.until((received) => about('g', received).length === 2)
    expect(told('g')).toEqual(['grant-suspended', 'grant-ended revoked'])
    const [taken] = about('g', trips.received)
    const repeated = attempts('g').filter(({ event }) => event === 'grant-suspended')
    expect(new Set(repeated.map(({ claims }) => claims.jti)).size).toBe(1)
    expect(new Set(repeated.map(({ claims }) => claims.iat))).toEqual(new Set([taken?.claims.iat]))
  })

  test('refuses an event as malformed is not sent it again; one that refuses keys or bearers is', async () => {
    for (const name of ['bad', 'good'])
      await suite.give({ name, from: 'A', to: name === 'bad' ? 'B' : 'M', actions: ['read'] })
    let isKeyKnown = false
    trips.answer = ({ claims }) => {
      if (claims.sub_id.id === idOf('bad')) return [400, 'invalid_request']
      return isKeyKnown ? 202 : [400, 'invalid_key']
    }
    const refused = await metric('mandate_signal_deliveries_total{outcome="refused"}')
    for (const name of ['bad', 'good']) await suite.world.revoke(name, 'A')
    await trips.until(() => attempts('bad').length > 0 && attempts('good').length > 0)
    isKeyKnown = true
    await trips.until(has('good'))
    await delivered()
    expect(attempts('bad')).toHaveLength(1)
    expect(await metric('mandate_signal_deliveries_total{outcome="refused"}')).toBe(refused + 1)
    trips.answer = () => 202
  })

  test('is down while the PDP restarts gets its events from the next one', async () => {
    trips.answer = () => 503
    await suite.give({ name: 'g', from: 'A', to: 'B', actions: ['read'] })
    await suite.world.revoke('g', 'A')
    await suite.tpdp.restart()
    trips.answer = () => 202
    await trips.until(has('g'))
  })

  test('does not come back is not sent events that are a day old', async () => {
    trips.answer = () => 503
    await suite.give({ name: 'g', from: 'A', to: 'B', actions: ['read'] })
    await suite.world.revoke('g', 'A')
    await trips.until(() => attempts('g').length > 0)
    suite.tpdp.advance(24 * 3_600_000 + 1_000)
    await suite.tpdp.restart()
    await delivered()
    expect(await metric('mandate_signal_deliveries_total{outcome="expired"}')).toBeGreaterThan(0)
    trips.answer = () => 202
  })
})
