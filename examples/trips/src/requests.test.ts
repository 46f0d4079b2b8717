import { type Asked, answering } from '@mandate/pep/testing'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { named, searching, useTrips } from './trips.harness.ts'

const { call, newTrip, pdp, start, stop, url } = useTrips()
const puts = () => pdp().asked.filter(({ method }) => method === 'PUT')

test('a stranger learns nothing: the same denial for a trip that exists and one that does not, and no item ids', async () => {
  const trip = await newTrip()
  const denied = {
    decision: false,
    context: { reason: 'no_grant', reasons: [{ code: 'no_grant', reason_user: 'No.' }], chain: [] },
  }
  pdp().answerWith(answering(() => denied))
  const sam = { claims: { sub: 'sam' } }
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/execute'],
    ['POST', '/dry-run'],
  ] as const) {
    const there = await call(method, `/workflows/${trip.id}${path}`, sam)
    const nowhere = await call(method, `/workflows/01K00000000000000000000000${path}`, sam)
    expect(there.status).toBe(403)
    expect(there.body).toEqual(nowhere.body)
  }
  pdp().answerWith(searching(() => denied))
  expect((await call('GET', '/workflows', sam)).body.items).toEqual([])
})

test('an item is only found under its own trip', async () => {
  const [one, other] = [await newTrip(), await newTrip()]
  expect((await call('POST', `/workflows/${one.id}/items/${named(other, 'dinner').id}/execute`)).status).toBe(404)
})

test('the list holds what may be read, and nothing else', async () => {
  const [one, other] = [await newTrip(), await newTrip()]
  expect((await call('GET', '/workflows')).body.items).toMatchObject([
    { id: one.id, owner: 'user:carlo' },
    { id: other.id },
  ])
  const isOther = ({ resource }: { readonly resource: unknown }) =>
    (resource as { readonly id: string }).id === other.id
  pdp().answerWith(searching((question) => ({ decision: isOther(question) })))
  const asYannick = await call('GET', '/workflows', { claims: { sub: 'yannick', azp: 'booking-agent' } })
  expect(asYannick.body.items.map(({ id }) => id)).toEqual([other.id])
  expect(pdp().asked.at(-1)?.body).toMatchObject({
    subject: { id: 'yannick', properties: { act: { sub: 'booking-agent' } } },
    action: { name: 'read' },
    resource: { type: 'workflow' },
  })
})

test('the list is paged: every trip on one page, no trip on two', async () => {
  for (let count = 0; count < 5; count += 1) await newTrip()
  const seen: string[] = []
  let cursor: unknown
  do {
    const next = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : ''
    const { body } = await call('GET', `/workflows?limit=2${next}`)
    expect(body.items.length).toBeLessThanOrEqual(2)
    seen.push(...body.items.map(({ id }) => id))
    cursor = body['next_cursor']
  } while (cursor !== undefined)
  expect(new Set(seen).size).toBe(5)
  expect(seen).toHaveLength(5)
  for (const query of ['limit=0', 'limit=1&limit=2', 'owner=ada'])
    expect((await call('GET', `/workflows?${query}`)).status, query).toBe(400)
})

test('the same Idempotency-Key does it once, for the same caller and the same request only', async () => {
  const headers = { 'Idempotency-Key': 'key-1' }
  const first = await call('POST', '/workflows', { body: { template: 'milan' }, headers })
  const again = await call('POST', '/workflows', { body: { template: 'milan' }, headers })
  expect(again.body).toEqual(first.body)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect((await call('POST', '/workflows', { body: { template: 'day-in-vienna' }, headers })).status).toBe(409)
  const other = await call('POST', '/workflows', {
    body: { template: 'milan' },
    headers,
    claims: { azp: 'booking-agent' },
  })
  expect(other.body.id).not.toBe(first.body.id)
})

test('a replay is decided anew: who lost the authority gets no old answer', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}/execute`
  const headers = { 'Idempotency-Key': 'key-1' }
  expect((await call('POST', path, { headers })).status).toBe(200)
  pdp().answerWith(answering(() => ({ decision: false, context: { reason: 'grant_revoked' } })))
  expect((await call('POST', path, { headers })).status).toBe(403)
})

test.for<readonly [string, string, string, object, number]>([
  ['no template', 'POST', '/workflows', {}, 400],
  ['an unknown template', 'POST', '/workflows', { template: 'moon' }, 400],
  ['a departure that has passed', 'POST', '/workflows', { template: 'milan', starts_at: '2001-01-01T00:00:00Z' }, 400],
  ['a member that says who asks', 'POST', '/workflows', { template: 'milan', subject: 'ada' }, 400],
  ['an unknown route', 'POST', '/trips', {}, 404],
  ['a body beyond the limit', 'POST', '/workflows', { template: 'x'.repeat(20_000) }, 413],
])('%s', async ([, method, path, body, status]) => {
  const answer = await call(method, path, { body })
  expect({ status: answer.status, type: answer.headers.get('content-type')?.split(';')[0] }).toEqual({
    status,
    type: 'application/problem+json',
  })
  expect(puts()).toEqual([])
})

test('health needs no token; everything else does, unknown addresses included', async () => {
  expect((await fetch(`${url()}/livez`)).status).toBe(200)
  expect((await fetch(`${url()}/readyz`)).status).toBe(200)
  for (const path of ['/templates', '/workflows', '/workflows/x', '/nowhere']) {
    expect((await fetch(url() + path)).status).toBe(401)
  }
})

test('with the PDP gone nothing is done and nothing is shown', async () => {
  const trip = await newTrip()
  pdp().answerWith((_: Asked, res) => void res.destroy())
  for (const [method, path] of [
    ['GET', `/workflows/${trip.id}`],
    ['GET', '/workflows'],
    ['POST', `/workflows/${trip.id}/execute`],
    ['POST', `/workflows/${trip.id}/items/${named(trip, 'dinner').id}/execute`],
  ] as const) {
    expect(await call(method, path)).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  }
})

test('a bad configuration is reported whole', () => {
  const env = { TRIPS_PORT: 'x', TRIPS_ISSUER: 'nonsense', TRIPS_TYPO: '1', TRIPS_CLIENT_SECRET_FILE: '/nonexistent' }
  expect(() => readConfig(env)).toThrow(
    /TRIPS_TYPO[\s\S]*CLIENT_SECRET_FILE[\s\S]*TRIPS_PORT[\s\S]*TRIPS_ISSUER[\s\S]*TRIPS_PDP_URL/u,
  )
})

const production = {
  NODE_ENV: 'production',
  TRIPS_ISSUER: 'https://id.example/realms/x',
  TRIPS_PDP_URL: 'https://pdp.example',
  TRIPS_DATA_DIR: '/data',
  TRIPS_CLIENT_SECRET: 'long enough to be no guess',
}

test.for<readonly [string, Readonly<Record<string, string>>, RegExp]>([
  ['plain HTTP off loopback', { TRIPS_HOST: '0.0.0.0' }, /plain HTTP off loopback/u],
  ['a short secret', { TRIPS_CLIENT_SECRET: 'short one' }, /at least 16 characters/u],
  ['a certificate without its key', { TRIPS_TLS_CERT: 'x' }, /together/u],
  ['a certificate that is none', { TRIPS_TLS_CERT: 'x', TRIPS_TLS_KEY: 'y' }, /not PEM/u],
  ['a limit of nothing', { TRIPS_CONCURRENT: '0' }, /TRIPS_CONCURRENT/u],
])('production refuses %s', ([, settings, objection]) => {
  expect(() => readConfig({ ...production, ...settings })).toThrow(objection)
})

test('a proxy that terminates TLS may be named instead of a certificate', () => {
  expect(readConfig({ ...production, TRIPS_HOST: '0.0.0.0', TRIPS_TRUST_PROXY: 'uniquelocal' }).tls).toBeUndefined()
})

test('429 when one address asks too much; health is never refused', async () => {
  await stop()
  await start({ TRIPS_ADDRESS_PER_SECOND: '2' })
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await call('GET', '/templates')).status))
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  expect((await fetch(`${url()}/livez`)).status).toBe(200)
})

test('labels are the names of what may be read, and of nothing else', async () => {
  const [mine, other] = [await newTrip(), await newTrip()]
  const dinner = `workflow_item:${named(mine, 'dinner').id}`
  const ids = [`workflow:${mine.id}`, dinner, `workflow:${other.id}`, `workflow_item:${named(other, 'hotel').id}`]
  const isMine = ({ resource }: { readonly resource: unknown }) => (resource as { readonly id: string }).id === mine.id
  pdp().answerWith(searching((question) => ({ decision: isMine(question) })))
  const { body } = await call('GET', `/labels?ids=${ids.join(',')}`)
  expect(body).toEqual({ labels: { [`workflow:${mine.id}`]: 'Three days in Milan', [dinner]: 'dinner' } })
  for (const query of ['', '?ids=', '?ids=milan', `?ids=${Array(101).fill('workflow:w').join()}`])
    expect((await call('GET', `/labels${query}`)).status, query).toBe(400)
})
