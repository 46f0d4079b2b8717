/**
 * Whose a trip is, and for how long: transfer and erasure.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asked, answering, sendJson } from '@mandate/pep/testing'
import { expect, test } from 'vitest'
import { owns, useTrips, withLimit } from './trips.harness.ts'

const { call, newTrip, pdp, folder, start, stop } = useTrips()
const permitted = answering(owns)
const isTransfer = ({ path }: Asked) => path.endsWith('/transfer')
const version = { 'If-Match': '"1"' }
const toMia = { owner: 'mia', owner_persona: 'traveler/family' }

test('the owner gives a trip away: at the PDP first, then here, once', async () => {
  const { id } = await newTrip()
  const path = `/workflows/${id}/transfer`
  const given = await call('POST', path, { body: toMia, headers: version })
  expect(given).toMatchObject({
    status: 200,
    body: { owner: 'user:mia', owner_persona: 'traveler/family', version: 2 },
  })
  expect(given.headers.get('etag')).toBe('"2"')
  expect(pdp().asked.filter(isTransfer)).toMatchObject([
    { path: `/v1/resources/workflow/${id}/transfer`, body: { owner: 'user:mia', owner_persona: 'traveler/family' } },
  ])
  expect(await call('POST', path, { body: toMia, headers: version })).toMatchObject({ status: 412 })
  expect(await call('POST', path, { body: toMia })).toMatchObject({ status: 428 })
})

test.for([
  ['a delegate who may change it', { sub: 'yannick' }],
  ['the owner’s agent', { azp: 'booking-agent' }],
] as const)('it is not given away by %s', async ([, claims]) => {
  const { id } = await newTrip()
  const answer = await call('POST', `/workflows/${id}/transfer`, { body: toMia, headers: version, claims })
  expect(answer).toMatchObject({ status: 403, body: { code: 'in_person_only' } })
  expect(pdp().asked.filter(isTransfer)).toEqual([])
})

test('what the PDP refuses is not done, and can be asked for again', async () => {
  const { id } = await newTrip()
  const path = `/workflows/${id}/transfer`
  pdp().answerWith((asked, res) => (isTransfer(asked) ? sendJson(res, 409, {}) : permitted(asked, res)))
  expect((await call('POST', path, { body: toMia, headers: version })).status).toBe(409)
  expect((await call('GET', `/workflows/${id}`)).body['owner']).toBe('user:carlo')
  pdp().answerWith(permitted)
  expect((await call('POST', path, { body: toMia, headers: version })).status).toBe(200)
})

test('a transfer that nobody knows the end of is finished by the outbox, also after a restart', async () => {
  const { id } = await newTrip()
  const path = `/workflows/${id}/transfer`
  pdp().answerWith((asked, res) => (isTransfer(asked) ? sendJson(res, 503, {}) : permitted(asked, res)))
  const answer = await call('POST', path, { body: toMia, headers: version })
  expect(answer).toMatchObject({ status: 202, body: { owner: 'user:carlo', transfer: 'pending' } })
  expect((await call('POST', path, { body: toMia, headers: version })).status).toBe(409)
  await stop()
  pdp().answerWith(permitted)
  await start()
  expect((await call('GET', `/workflows/${id}`)).body).toMatchObject({ owner: 'user:mia', version: 2 })
})

const notice = (before: number) => ({
  id: '01K00000000000000000000000',
  issuer: issuerOf(),
  sub: 'carlo',
  erased_at: new Date(before).toISOString(),
})
/** As the PDP's feed tells it: until it is acknowledged. */
function forgetting(before: number) {
  let told = false
  pdp().answerWith((asked, res) => {
    if (asked.path === '/v1/erasures') return sendJson(res, 200, { items: told ? [] : [notice(before)] })
    if (asked.path.endsWith('/acknowledge')) told = true
    return permitted(asked, res)
  })
}
const issuerOf = () => JSON.parse(Buffer.from(tokenAsked().split('.')[1] ?? '', 'base64url').toString()).iss
const tokenAsked = () => pdp().asked.find(({ headers }) => headers.authorization)?.headers.authorization ?? ''
const files = () =>
  readdirSync(folder())
    .map((name) => readFileSync(join(folder(), name), 'latin1'))
    .join('')

test('a person is forgotten whole: trips, attempts on others’ trips, kept answers; then it is acknowledged', async () => {
  await call('POST', '/workflows', { body: { template: 'milan' }, headers: { 'Idempotency-Key': 'k' } })
  pdp().answerWith(answering(() => ({ decision: true, context: { ...owns().context, owner: 'user:mia' } })))
  const hers = (await call('POST', '/workflows', { body: { template: 'milan' }, claims: { sub: 'mia' } })).body
  pdp().answerWith(answering((question) => ({ ...withLimit(question), decision: true })))
  await call('POST', `/workflows/${hers.id}/execute`)
  expect(files()).toContain('user:carlo')
  await stop()
  forgetting(Date.now())
  await start()
  expect(pdp().asked.filter(({ method }) => method === 'DELETE')).toHaveLength(4)
  expect(pdp().asked.filter(({ path }) => path.endsWith('/acknowledge'))).toHaveLength(1)
  expect((await call('GET', `/workflows/${hers.id}`)).body).toMatchObject({ owner: 'user:mia' })
  expect(files()).not.toContain('user:carlo')
})

test('who comes back is somebody new: what was made after the erasure stays', async () => {
  const { id } = await newTrip()
  await stop()
  forgetting(Date.now() - 60_000)
  await start()
  expect((await call('GET', `/workflows/${id}`)).status).toBe(200)
})
