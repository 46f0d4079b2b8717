/**
 * A caller's remaining time bounds the decision (`Mandate-Timeout-Ms`), from the enforcement point's client to the PDP's questions to OpenFGA. An
 * OpenFGA that holds its answers back until it is told, not dead, stands behind.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'

const openFga = inject('openFga')
const carlo: TokenClaims = { sub: 'carlo', azp: 'desktop' }
const HASTY = { 'Mandate-Timeout-Ms': '100' }
const PATIENT = { 'Mandate-Timeout-Ms': '60000' }
/** While it is closed, OpenFGA answers nobody. */
let gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined
let waiting = 0
let proxy: Server
let pdp: TestPdp

beforeAll(async () => {
  proxy = createServer(async (req, res) => {
    const body = await text(req)
    waiting += 1
    await gate?.opened
    waiting -= 1
    const headers = { authorization: req.headers.authorization ?? '', 'content-type': 'application/json' }
    const init = { method: req.method ?? 'GET', headers, ...(body === '' ? {} : { body }) }
    const answer = await fetch(openFga.url + (req.url ?? ''), init)
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  // What is in memory is decided in time whatever OpenFGA does.
  pdp = await startTestPdp({ openFga: { ...openFga, url }, env: { ENGINE: 'openfga' } })
  const persona = { title: 'traveler', circle: 'family' }
  expect((await pdp.call('POST', '/v1/personas', { as: carlo, body: persona })).status).toBe(201)
  const owner = { owner: 'user:carlo', owner_persona: 'traveler/family' }
  expect((await pdp.call('PUT', '/v1/resources/workflow/w', { as: TRIPS, body: owner })).status).toBeLessThan(300)
})
afterAll(async () => {
  await pdp?.stop()
  proxy?.closeAllConnections()
  await new Promise((resolve) => proxy?.close(resolve) ?? resolve(undefined))
})
afterEach(() => answerAgain())

function answerNobody(): void {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  gate = { opened, open }
}
function answerAgain(): void {
  gate?.open()
  gate = undefined
}

const who = {
  subject: { type: 'user', id: 'carlo', properties: { persona: 'traveler/family' } },
  action: { name: 'read' },
}
const question = { ...who, resource: { type: 'workflow', id: 'w' } }
const ask = (headers: Readonly<Record<string, string>>, path = 'evaluation', body: object = question) =>
  pdp.call('POST', `/access/v1/${path}`, { as: TRIPS, body, headers })

test('who still waits is answered; who does not gets 503, an entry, and no permit', async () => {
  answerNobody()
  expect(await ask(HASTY)).toMatchObject({ status: 503, body: { code: 'relations_unavailable' } })
  const before = waiting
  const patient = ask(PATIENT)
  await expect.poll(() => waiting).toBeGreaterThan(before)
  answerAgain()
  expect(await patient).toMatchObject({ status: 200, body: { decision: true } })
  const { body } = await pdp.call('GET', '/v1/decisions?kind=fault', { as: AUDITOR })
  expect(body.entries).toMatchObject([{ kind: 'fault', code: 'relations_unavailable' }])
})

test('in a batch, what could not be decided in time is false with its error', async () => {
  answerNobody()
  const batch = await ask(HASTY, 'evaluations', { evaluations: [question, question] })
  const late = { decision: false, context: { error: { status: 503 } } }
  expect(batch).toMatchObject({ status: 200, body: { evaluations: [late, late] } })
})

test('a batch beyond its deadline is refused before any of it is done, with how many fit', async () => {
  const evaluations = Array.from({ length: 1_000 }, () => question)
  const decided = async () =>
    (await pdp.call('GET', '/v1/decisions?kind=evaluation', { as: AUDITOR })).body.total as number
  const before = await decided()
  const refused = await ask({ 'Mandate-Timeout-Ms': '20' }, 'evaluations', { evaluations })
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
  expect(refused.body.fits).toBeLessThan(1_000)
  expect(await decided()).toBe(before)
})

test('a search ends in time too', async () => {
  answerNobody()
  const search = { ...who, resource: { type: 'workflow' } }
  expect((await ask(HASTY, 'search/resource', search)).status).toBe(503)
})

test('the hasty do not shut OpenFGA off for the others', async () => {
  answerNobody()
  const hasty = await Promise.all(Array.from({ length: 20 }, () => ask(HASTY)))
  expect(new Set(hasty.map(({ status }) => status))).toEqual(new Set([503]))
  answerAgain()
  expect((await ask(PATIENT)).status).toBe(200)
})

test.for(['0', '-1', '1.5', '1e3', 'soon', '1000000', '100, 100'])('%s is no patience: 400', async (value) => {
  for (const path of ['evaluation', 'evaluations', 'search/resource']) {
    const answer = await ask({ 'Mandate-Timeout-Ms': value }, path)
    expect(answer, path).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  }
})

test('a search says which entry it left', async () => {
  const { status, headers, body } = await ask({}, 'search/resource', { ...who, resource: { type: 'workflow' } })
  expect({ status, results: body.results }).toEqual({ status: 200, results: [{ type: 'workflow', id: 'w' }] })
  const entry = await pdp.call('GET', `/v1/decisions/${headers.get('x-evaluation-id')}`, { as: AUDITOR })
  expect(entry).toMatchObject({ status: 200, body: { kind: 'search' } })
})
