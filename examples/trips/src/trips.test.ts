import { answering, sendJson } from '@mandate/pep/testing'
import { expect, test } from 'vitest'
import { createSqlStore } from './sql-store.ts'
import { openSqlite } from './sqlite.ts'
import { named, owns, searching, useTrips, withLimit } from './trips.harness.ts'

const { call, newTrip, pdp, folder, start, stop } = useTrips()
const puts = () => pdp().asked.filter(({ method }) => method === 'PUT')

test('a trip is registered, with its owner, persona and items, before it is said to be there', async () => {
  const { status, headers, body } = await call('POST', '/workflows', { body: { template: 'milan' } })
  expect(status).toBe(201)
  expect(headers.get('location')).toBe(`/workflows/${body.id}`)
  expect(body).toMatchObject({ owner: 'user:carlo', owner_persona: 'traveler/family', template: 'milan' })
  expect(body.items.map(({ name }) => name)).toEqual(['hotel', 'dinner', 'flight'])
  const [workflow, ...items] = puts()
  expect(workflow).toMatchObject({
    path: `/v1/resources/workflow/${body.id}`,
    body: { owner: 'user:carlo', owner_persona: 'traveler/family' },
  })
  expect(items.map(({ path }) => path).sort()).toEqual(
    body.items.map(({ id }) => `/v1/resources/workflow_item/${id}`).sort(),
  )
  expect(items.every((item) => item.body['parent'] === `workflow:${body.id}`)).toBe(true)
})

test('create is asked of the account: one’s own, or the one that a delegate names (rule B3)', async () => {
  await newTrip()
  await call('POST', '/workflows', { body: { template: 'milan', owner: 'carlo' }, claims: { sub: 'yannick' } })
  const asked = pdp()
    .asked.filter(({ path }) => path.endsWith('/evaluation'))
    .map(({ body }) => body)
  expect(asked).toMatchObject([
    { action: { name: 'create' }, resource: { type: 'travel_account', id: 'carlo' }, subject: { id: 'carlo' } },
    { action: { name: 'create' }, resource: { type: 'travel_account', id: 'carlo' }, subject: { id: 'yannick' } },
  ])
})

test('the PDP is asked with attributes of the database, and the body cannot say otherwise', async () => {
  const trip = await newTrip()
  const hotel = named(trip, 'hotel')
  await call('POST', `/workflows/${trip.id}/items/${hotel.id}/execute`, {
    body: { planned_price: { amount: 1, currency: 'EUR' }, risk: 0 },
  })
  expect(pdp().asked.at(-1)?.body['resource']).toMatchObject({
    type: 'workflow_item',
    id: hotel.id,
    properties: {
      planned_price: { amount: 420_000, currency: 'EUR' },
      risk: 1,
      starts_at: expect.stringMatching(/Z$/u),
    },
  })
})

test.for([
  ['refuses', 503],
  ['has it as somebody else’s', 409],
] as const)('nothing is kept of a trip whose registration the PDP %s', async ([, status]) => {
  pdp().answerWith((asked, res) => {
    if (asked.method === 'PUT' && asked.path.includes('workflow_item')) return sendJson(res, status, {})
    return searching(owns)(asked, res)
  })
  expect((await call('POST', '/workflows', { body: { template: 'milan' } })).status).toBe(status)
  expect((await call('GET', '/workflows')).body.items).toEqual([])
  const deletes = () => pdp().asked.filter(({ method }) => method === 'DELETE')
  await expect.poll(() => deletes().length).toBe(4)
  const forgotten = deletes().map(({ path }) => path)
  expect(forgotten.at(-1)).toMatch(/^\/v1\/resources\/workflow\//u)
})

test('what a crash left half registered is taken back at the next start, and was never seen', async () => {
  pdp().answerWith((asked, res) => {
    if (asked.method === 'PUT' || asked.method === 'DELETE') return sendJson(res, 503, {})
    return searching(owns)(asked, res)
  })
  expect((await call('POST', '/workflows', { body: { template: 'milan' } })).status).toBe(503)
  expect((await call('GET', '/workflows')).body.items).toEqual([])
  await stop()
  pdp().answerWith(answering(owns))
  await start()
  expect(pdp().asked.filter(({ method }) => method === 'DELETE').length).toBeGreaterThanOrEqual(4)
  const store = createSqlStore(openSqlite(folder()))
  expect([await store.pending('9999'), await store.outbox()]).toEqual([[], []])
  await store.close()
})

test('executing an item books it; again as it stands changes nothing; after a change it is rebooked', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`
  const first = await call('POST', `${path}/execute`)
  expect(first).toMatchObject({
    status: 200,
    body: { status: 'booked', effect: 'booked', reason: 'owner', evaluation_id: '01KE' },
  })
  expect((await call('POST', `${path}/execute`)).body).toMatchObject({ status: 'booked', effect: 'unchanged' })
  const etag = (await call('GET', path)).headers.get('etag') ?? ''
  const change = { body: { starts_at: '2031-05-01T18:00:00+02:00' }, headers: { 'If-Match': etag } }
  expect((await call('PATCH', path, change)).body).toMatchObject({
    status: 'booked',
    starts_at: '2031-05-01T16:00:00.000Z',
  })
  expect((await call('POST', `${path}/execute`)).body).toMatchObject({ status: 'rebooked', effect: 'rebooked' })
})

test('a change must be made to what was read', async () => {
  const trip = await newTrip()
  const path = `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`
  const body = { starts_at: '2031-05-01T18:00:00Z' }
  expect(await call('PATCH', path, { body })).toMatchObject({ status: 428, body: { code: 'precondition_required' } })
  for (const tag of ['"7"', 'W/"1"', '*', '1']) {
    const answer = await call('PATCH', path, { body, headers: { 'If-Match': tag } })
    expect(answer, tag).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
  }
  expect((await call('PATCH', path, { body, headers: { 'If-Match': '"1"' } })).headers.get('etag')).toBe('"2"')
  const price = { ...body, planned_price: { amount: 1, currency: 'EUR' } }
  expect((await call('PATCH', path, { body: price, headers: { 'If-Match': '"2"' } })).status).toBe(400)
})

test('a whole trip: each item on its own, denials reported, the rest booked, results kept', async () => {
  const trip = await newTrip()
  pdp().answerWith(answering(withLimit))
  const asAgent = { claims: { sub: 'yannick', azp: 'booking-agent' } }
  const { status, body } = await call('POST', `/workflows/${trip.id}/execute`, asAgent)
  expect(status).toBe(200)
  expect(body.items).toMatchObject([
    {
      name: 'hotel',
      decision: false,
      reason: 'price_above_limit',
      effect: 'none',
      status: 'planned',
      evaluation_id: '01KD',
    },
    { name: 'dinner', decision: true, effect: 'booked', status: 'booked' },
    { name: 'flight', decision: true, effect: 'booked', status: 'booked' },
  ])
  expect(JSON.stringify(body)).not.toContain('410000')
  pdp().answerWith(answering(owns))
  const hotel = named((await call('GET', `/workflows/${trip.id}`)).body, 'hotel')
  expect(hotel.last_attempt).toMatchObject({
    subject: 'user:yannick',
    actor: 'agent:booking-agent',
    reason: 'price_above_limit',
    reasons: [{ limit: 410_000, actual: 420_000 }],
  })
})

test('a denied item is kept as an attempt too', async () => {
  const trip = await newTrip()
  pdp().answerWith(answering(withLimit))
  const hotel = named(trip, 'hotel')
  expect((await call('POST', `/workflows/${trip.id}/items/${hotel.id}/execute`)).status).toBe(403)
  const item = (await call('GET', `/workflows/${trip.id}/items/${named(trip, 'dinner').id}`)).body
  expect(item['last_attempt']).toBeUndefined()
  pdp().answerWith(answering(owns))
  expect((await call('GET', `/workflows/${trip.id}/items/${hotel.id}`)).body['last_attempt']).toMatchObject({
    effect: 'none',
  })
})

test('a dry run gives the same decisions and books nothing (scenario 51)', async () => {
  const trip = await newTrip()
  pdp().answerWith(answering(withLimit))
  const dry = await call('POST', `/workflows/${trip.id}/dry-run`)
  expect(dry.body).toMatchObject({
    dry_run: true,
    items: [{ decision: false }, { decision: true }, { decision: true }],
  })
  const after = (await call('GET', `/workflows/${trip.id}`)).body
  expect(after.items.map(({ status }) => status)).toEqual(['planned', 'planned', 'planned'])
})

test('an item that the PDP could not decide is left alone, and the same request tries it again', async () => {
  const trip = await newTrip()
  const headers = { 'Idempotency-Key': 'key-1' }
  const path = `/workflows/${trip.id}/execute`
  const hotel = named(trip, 'hotel').id
  const isHotel = ({ resource }: { readonly resource: unknown }) => (resource as { readonly id: string }).id === hotel
  const undecided = { decision: false, context: { error: { status: 503 } } }
  pdp().answerWith(answering((question) => (isHotel(question) ? undecided : owns())))
  expect((await call('POST', path, { headers })).body.items).toMatchObject([
    { name: 'hotel', status: 'planned', effect: 'none', undecided: true },
    { effect: 'booked' },
    { effect: 'booked' },
  ])
  pdp().answerWith(answering(owns))
  const again = (await call('POST', path, { headers })).body.items
  expect(again).toMatchObject([{ effect: 'booked' }, { effect: 'unchanged' }, { effect: 'unchanged' }])
})
