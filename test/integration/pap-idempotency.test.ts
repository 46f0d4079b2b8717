/**
 * `Idempotency-Key` on every change (rule C6): once, and answered alike.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const DAY_MS = 86_400_000

const body = (actions: readonly string[] = ['read']) => ({
  delegate: suite.world.ref('B'),
  delegator_persona: 'traveler/family',
  scope: suite.world.scope('T'),
  actions,
})
const post = (key: string, sent: unknown = body(), as = 'A', path = '/v1/grants') =>
  suite.tpdp.call('POST', path, { as: suite.world.as(as), body: sent, headers: { 'idempotency-key': key } })

test('the same again is answered byte for byte, and happened once', async () => {
  const key = randomUUID()
  const first = await post(key)
  const second = await post(key)
  expect([first.status, second.status]).toEqual([201, 201])
  expect(second.text).toBe(first.text)
  expect(second.headers.get('location')).toBe(first.headers.get('location'))
  expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
  await suite.tpdp.restart()
  expect((await post(key)).text).toBe(first.text)
  const { body: list } = await suite.world.call('GET', '/v1/grants', suite.world.as('A'))
  expect(list.items).toHaveLength(1)
})

test('members in another order are the same request; another request under the key is 422', async () => {
  const key = randomUUID()
  await post(key)
  const turned = Object.fromEntries(Object.entries(body()).toReversed())
  expect((await post(key, turned)).status).toBe(201)
  for (const other of [post(key, body(['execute'])), post(key, body(), 'A', '/v1/personas')]) {
    const answer = await other
    expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_key_reused'])
  }
})

test('duplicates at the same time wait for the first', async () => {
  const key = randomUUID()
  const answers = await Promise.all(Array.from({ length: 5 }, () => post(key)))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
})

test('a caller that hangs up and tries again finds what the first try did', async () => {
  const key = randomUUID()
  const { tpdp, world } = suite
  const token = await tpdp.issuer.token(world.as('A'))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key }
  const hangingUp = request(`${tpdp.pdp.url}/v1/grants`, { method: 'POST', headers }).on('error', () => undefined)
  hangingUp.end(JSON.stringify(body()))
  await once(hangingUp, 'finish')
  hangingUp.destroy()
  const answers = await Promise.all([post(key), post(key)])
  expect(answers.map(({ status }) => status)).toEqual([201, 201])
  const { body: list } = await world.call('GET', '/v1/grants', world.as('A'))
  expect(list.items.map(({ id }: { readonly id: string }) => id)).toEqual([answers[0]?.body.id])
})

test('a key is its caller`s own', async () => {
  const key = randomUUID()
  await post(key)
  const answer = await post(key, { title: 'visitor', circle: 'club' }, 'S', '/v1/personas')
  expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, null])
})

test('it is answered again only to whoever still has the right, and leaves an entry each time', async () => {
  const { tpdp, world } = suite
  const operator = world.staff('operator')
  const { roles: _roles, ...withoutRole } = operator
  const key = randomUUID()
  const expires_at = new Date(tpdp.now() + DAY_MS).toISOString()
  const make = (as: typeof withoutRole) =>
    tpdp.call('POST', '/v1/keys', {
      as,
      body: { name: 'test', types: ['workflow'], expires_at },
      headers: { 'idempotency-key': key },
    })
  const first = await make(operator)
  expect((await make(operator)).text).toBe(first.text)
  expect(await make(withoutRole)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect((await make(withoutRole)).text).not.toContain('mk_')
  const { body: log } = await world.call('GET', '/v1/decisions?kind=answer_replayed', world.staff('auditor'))
  const changes = log.entries.map(({ change }: LoggedEntry) => change)
  expect(changes.filter(({ route }: { readonly route: string }) => route === '/v1/keys')).toEqual([
    { method: 'POST', route: '/v1/keys', status: 201 },
  ])
})

test('nor to an agent that was suspended since', async () => {
  const { tpdp, world } = suite
  await suite.give({ from: 'A', to: 'X', actions: ['read'], redelegations: 1, unattended: true })
  const parent = (await world.call('GET', '/v1/grants', world.as('A'))).body.items[0].id
  const key = randomUUID()
  const pass = () =>
    tpdp.call('POST', '/v1/grants', {
      as: world.as('X'),
      body: { delegate: world.ref('X2'), scope: world.scope('T'), actions: ['read'], parent, unattended: true },
      headers: { 'idempotency-key': key },
    })
  expect([(await pass()).status, (await pass()).status]).toEqual([201, 201])
  await world.call('PATCH', `/v1/agents/${world.id('X')}`, world.staff('operator'), { status: 'suspended' })
  expect(await pass()).toMatchObject({ status: 403, body: { code: 'forbidden' } })
})

test('what was refused is not kept: the same key may try again', async () => {
  const key = randomUUID()
  expect((await post(key, body([]))).status).toBe(422)
  expect((await post(key)).status).toBe(201)
})

test('after 24 hours it is a new request', async () => {
  const key = randomUUID()
  await post(key)
  suite.tpdp.advance(DAY_MS - 1)
  expect((await post(key)).status).toBe(201)
  suite.tpdp.advance(1)
  const late = await post(key)
  expect([late.status, late.body.code]).toEqual([409, 'grant_exists'])
})

test('PATCH and PUT take it too, DELETE and GET do not look at it', async () => {
  const { world, tpdp } = suite
  const key = randomUUID()
  const patch = (autonomy: unknown) =>
    tpdp.call('PATCH', `/v1/personas/${world.personaIds.get('A traveler/family')}`, {
      as: world.as('A'),
      body: { autonomy },
      headers: { 'idempotency-key': key },
    })
  expect((await patch(null)).status).toBe(200)
  expect((await patch({ consent: false })).status).toBe(422)
  const list = await tpdp.call('GET', '/v1/grants', { as: world.as('A'), headers: { 'idempotency-key': 'short' } })
  expect(list.status).toBe(200)
})

test.for(['short', 'a'.repeat(256), 'has a blank in it, and more'])(
  'a key that is none is refused: %s',
  async (key) => {
    const answer = await post(key)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
  },
)

test('neither the key nor what was answered can be read in the PDP`s files', async () => {
  const key = randomUUID()
  const { body: grant } = await post(key)
  expect(grant.delegate).toBe(suite.world.ref('B'))
  for (const name of readdirSync(suite.tpdp.dataDir).filter((file) => file.startsWith('pdp.db'))) {
    const bytes = readFileSync(join(suite.tpdp.dataDir, name)).toString('latin1')
    expect(bytes).not.toContain(key)
    expect(bytes).not.toContain(`"delegate":"${suite.world.ref('B')}"`)
  }
})
