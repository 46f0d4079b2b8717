import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import express, { type Express, type Request } from 'express'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { foundOf } from './authz.ts'
import type { Page } from './decider.ts'
import { createPep, type Pep } from './pep.ts'
import { listen, sendJson, startTestIssuer, startTestPdp, stop, type TestIssuer, type TestPdp } from './testing.ts'

let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep
let server: Server
let url: string

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  pep = createPep(options())
  server = createServer(listing(pep))
  url = await listen(server)
})
afterEach(async () => {
  await Promise.all([stop(server), pep.close(), pdp.close(), issuer.close()])
})

const options = () => ({
  issuer: issuer.issuer,
  audience: 'notes',
  pdpUrl: pdp.url,
  credentials: { clientId: 'notes', clientSecret: 'secret' },
  timeoutMs: 10_000,
})

function listing(it: Pep): Express {
  const app = express()
  app.use(it.authenticate())
  const visible = { action: 'read', type: 'note' }
  app.get('/all', it.filter(visible), (req, res) => void res.json(foundOf(req)))
  app.get('/paged', it.filter({ ...visible, page: pageOf }), (req, res) => void res.json(foundOf(req)))
  it.assertGuarded(app)
  return app
}

const pageOf = ({ query }: Request): Page => ({
  limit: 2,
  ...(typeof query['page'] === 'string' ? { token: query['page'] } : {}),
})

interface Getting {
  readonly claims?: object
  readonly headers?: Readonly<Record<string, string>>
  /** @default the service of the file */
  readonly at?: string
  readonly signal?: AbortSignal
}

async function get(path: string, { claims, headers, at = url, signal }: Getting = {}) {
  const authorization = `Bearer ${await issuer.sign({ aud: 'notes', ...claims })}`
  const response = await fetch(at + path, { headers: { authorization, ...headers }, signal: signal ?? null })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, evaluationId: response.headers.get('x-evaluation-id'), body }
}

const notes = (...ids: string[]) => ids.map((id) => ({ type: 'note', id }))

/** Five notes in pages of two, as the PDP would. */
function inPages() {
  pdp.answerWith(({ body }, res) => {
    const { token = '0' } = (body['page'] ?? {}) as { token?: string }
    if (!/^[024]$/u.test(token)) return sendJson(res, 400, {})
    const ids = ['a', 'b', 'c', 'd', 'e'].slice(Number(token), Number(token) + 2)
    const next_token = token === '4' ? '' : String(Number(token) + 2)
    res.setHeader('x-evaluation-id', `entry-${token}`)
    return sendJson(res, 200, { page: { next_token, count: ids.length }, results: notes(...ids) })
  })
}

test('a list shows what the subject may see, through every page of the search', async () => {
  inPages()
  expect(await get('/all')).toMatchObject({
    status: 200,
    evaluationId: 'entry-4',
    body: { ids: ['a', 'b', 'c', 'd', 'e'] },
  })
  expect(pdp.asked[0]).toMatchObject({
    path: '/access/v1/search/resource',
    body: { subject: { type: 'user', id: 'carlo' }, action: { name: 'read' }, resource: { type: 'note' } },
  })
})

test('a route that pages gets one page, and the token of the next', async () => {
  inPages()
  expect((await get('/paged')).body).toEqual({ ids: ['a', 'b'], next: '2' })
  expect((await get('/paged?page=4')).body).toEqual({ ids: ['e'] })
  expect(await get('/paged?page=x')).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
})

/** A PDP that always has one more page. */
const endless = (delayMs = 0) =>
  pdp.answerWith(async (_, res) => {
    await sleep(delayMs)
    sendJson(res, 200, { page: { next_token: 'more' }, results: [] })
  })

test('a PDP that always has one more page is asked for so many and no more, and the list says that there may be more', async () => {
  endless()
  expect(await get('/all')).toMatchObject({ status: 200, body: { ids: [], next: 'more' } })
  expect(pdp.asked).toHaveLength(100)
})

test('all pages together have the time of one answer, as the caller says or the service', async () => {
  // A hundred of them would take five seconds.
  endless(50)
  expect(await get('/all', { headers: { 'Mandate-Timeout-Ms': '300' } })).toMatchObject({ status: 503 })
  const soon = createPep({ ...options(), timeoutMs: 300 })
  const other = createServer(listing(soon))
  const address = await listen(other)
  const asked = pdp.asked.length
  expect(await get('/all', { at: address })).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  expect(pdp.asked.length - asked).toBeLessThan(100)
  await Promise.all([stop(other), soon.close()])
})

test('when whoever asked has gone, nothing more is asked, and what is asked ends', async () => {
  const client = new AbortController()
  const ended = Promise.withResolvers<void>()
  pdp.answerWith((_, res) => {
    if (pdp.asked.length < 3) return sendJson(res, 200, { page: { next_token: 'more' }, results: [] })
    // This one is never answered: it ends when nobody waits for it.
    res.once('close', ended.resolve)
    client.abort()
  })
  await expect(get('/all', { signal: client.signal })).rejects.toThrow('aborted')
  await ended.promise
  expect(pdp.asked).toHaveLength(3)
  endless()
  expect((await get('/all')).status).toBe(200)
})

test('nothing found is an empty list', async () => {
  pdp.answerWith((_, res) => sendJson(res, 200, { results: [] }))
  expect(await get('/all')).toMatchObject({ status: 200, body: { ids: [] } })
})

test.for<readonly [string, number, unknown]>([
  ['no results', 200, {}],
  ['an id that is no text', 200, { results: [{ type: 'note', id: 7 }] }],
  ['another type', 200, { results: [...notes('a'), { type: 'secret', id: 'b' }] }],
  ['that it has no search', 404, {}],
  ['an error', 500, { results: notes('a') }],
])('503, never a list, when the PDP answers %s', async ([, status, body]) => {
  pdp.answerWith((_, res) => sendJson(res, status, body))
  expect(await get('/all')).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
})

test('a client that is no agent is refused where a list finds nothing (rule A7)', async () => {
  const unknown = { decision: false, context: { reason: 'agent_unknown', reasons: [{ code: 'agent_unknown' }] } }
  pdp.answerWith((asked, res) => sendJson(res, 200, asked.path.includes('search') ? { results: [] } : unknown))
  for (const path of ['/all', '/paged']) {
    expect((await get(path, { claims: { azp: 'stranger' } })).status).toBe(401)
    expect((await get(path)).status).toBe(200)
  }
})

test('a decider without a search has no filter', async () => {
  const decider = { decide: pdp.close, decideEach: pdp.close, close: () => Promise.resolve() } as never
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  const bare = createPep({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials, decider })
  expect(() => bare.filter({ action: 'read', type: 'note' })).toThrow('the decider has no search')
  await bare.close()
})
