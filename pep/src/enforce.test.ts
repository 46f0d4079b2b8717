import { createServer, type Server, type ServerResponse } from 'node:http'
import express, { type Express, type RequestHandler } from 'express'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { authzOf } from './authz.ts'
import { createPep, type Pep } from './pep.ts'
import { problems } from './problem.ts'
import {
  type Asked,
  answering,
  listen,
  sendJson,
  startTestIssuer,
  startTestPdp,
  stop,
  type TestIssuer,
  type TestPdp,
} from './testing.ts'

let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep
let server: Server
let url: string
/** How often a protected handler ran. */
let ran = 0

beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

beforeEach(async () => {
  ran = 0
  pdp = await startTestPdp()
  pep = createPep({
    issuer: issuer.issuer,
    audience: 'trips',
    pdpUrl: pdp.url,
    credentials: { clientId: 'trips', clientSecret: 'a secret' },
    timeoutMs: 400,
  })
  server = createServer(service())
  url = await listen(server)
})
afterEach(async () => {
  await Promise.all([stop(server), pdp.close()])
  await pep.close()
})

const item = (id: string) => ({ type: 'workflow_item', id, properties: { risk: 2 } })
const done: RequestHandler = (req, res) => {
  ran += 1
  const { outcome, items } = authzOf(req)
  res.json({ outcome, items: items?.map(({ resource, decision, reason }) => ({ id: resource.id, decision, reason })) })
}

function service(): Express {
  const app = express()
  app.use(pep.authenticate())
  app.post('/items/:id', pep.enforce({ action: 'execute', resource: (req) => item(req.params['id'] as string) }), done)
  const three = { action: 'execute', resources: () => ['a', 'b', 'c'].map(item) }
  app.post('/all', pep.enforceEach(three), done)
  app.post('/dry-run', pep.dryRun(three))
  app.use(problems())
  pep.seal(app)
  return app
}

async function post(
  path: string,
  claims: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const token = await issuer.sign({ aud: 'trips', ...claims })
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body }
}

const link = {
  grant: '01K0000000000000000000000A',
  delegator: 'user:carlo',
  delegate: 'user:yannick',
  actions: ['execute'],
  scope: 'workflow:w',
  expires_at: '2027-01-01T00:00:00Z',
}
const priceDenial = {
  decision: false,
  context: {
    evaluation_id: '01KE',
    reason: 'price_above_limit',
    reasons: [
      {
        code: 'price_above_limit',
        gate: 'price',
        reason_user: 'Too dear.',
        reason_admin: 'Above the limit.',
        attribute: 'planned_price',
        limit: 410_000,
        actual: 420_000,
        currency: 'EUR',
      },
    ],
    chain: [link],
    owner: 'user:carlo',
  },
}

test('a permit lets the handler run, and says which decision let it', async () => {
  pdp.answerWith(
    answering(() => ({ decision: true, context: { evaluation_id: '01KE', reason: 'owner', reasons: [], chain: [] } })),
  )
  const { status, headers, body } = await post(
    '/items/a',
    {},
    { 'Mandate-Persona': 'traveler/family', 'X-Request-ID': 'r-1' },
  )
  expect({ status, ran }).toEqual({ status: 200, ran: 1 })
  expect(headers.get('x-evaluation-id')).toBe('01KE')
  expect(headers.get('x-request-id')).toBe('r-1')
  expect(body['outcome']).toMatchObject({ decision: true, reason: 'owner', evaluationId: '01KE' })
})

test('the question carries subject, actor, persona, session and attributes, and the service as caller', async () => {
  await post('/items/a', { azp: 'booking-agent' }, { 'Mandate-Persona': 'travel-agent/acme', 'X-Request-ID': 'r-2' })
  const { body, headers, path } = pdp.asked[0] as Asked
  expect(path).toBe('/access/v1/evaluation')
  expect(headers['x-request-id']).toBe('r-2')
  expect(headers.authorization).toMatch(/^Bearer /u)
  expect(body).toEqual({
    subject: {
      type: 'user',
      id: 'carlo',
      properties: {
        persona: 'travel-agent/acme',
        act: { sub: 'booking-agent', sub_profile: 'ai_agent' },
        sid: 'session-1',
      },
    },
    action: { name: 'execute' },
    resource: { type: 'workflow_item', id: 'a', properties: { risk: 2 } },
  })
})

test('an agent on its own schedule is the subject, without a persona', async () => {
  await post('/items/a', { azp: 'booking-agent', svc: 'booking-agent', sid: undefined }, { 'Mandate-Persona': 'x/y' })
  expect(pdp.asked[0]?.body['subject']).toEqual({ type: 'agent', id: 'booking-agent' })
})

test('a denial is a 403 problem with the code, the reasons, the chain and the id of the decision', async () => {
  pdp.answerWith(answering(() => priceDenial))
  const { status, headers, body } = await post('/items/a', { sub: 'yannick', azp: 'booking-agent' })
  expect({ status, ran }).toEqual({ status: 403, ran: 0 })
  expect(headers.get('content-type')).toMatch('application/problem+json')
  expect(body).toEqual({
    type: 'urn:mandate:reason:price_above_limit',
    title: 'This was not permitted.',
    status: 403,
    detail: 'Too dear.',
    code: 'price_above_limit',
    reason_user: 'Too dear.',
    reasons: [{ code: 'price_above_limit', gate: 'price', reason_user: 'Too dear.', attribute: 'planned_price' }],
    chain: [link],
    evaluation_id: '01KE',
  })
})

test('the owner in person sees the figures; nobody else learns what the owner would spend', async () => {
  pdp.answerWith(answering(() => priceDenial))
  expect((await post('/items/a')).body['reasons']).toMatchObject([{ limit: 410_000, actual: 420_000 }])
  const throughAgent = await post('/items/a', { azp: 'booking-agent' })
  expect(JSON.stringify(throughAgent.body)).not.toContain('410000')
})

test('an unknown resource looks like one that nobody granted', async () => {
  const denial = (code: string) => ({
    decision: false,
    context: { reason: code, reasons: [{ code, reason_user: 'Nobody gave you the authority for this.', cure: code }] },
  })
  pdp.answerWith(answering(() => denial('resource_unknown')))
  expect((await post('/items/a')).body).toMatchObject({ code: 'no_grant', reasons: [{ code: 'no_grant' }] })
})

test('401 for a token of a client that is no registered agent: an actor is never lost on the way (rule A7)', async () => {
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'agent_unknown', reasons: [], chain: [] } })))
  const { status, headers } = await post('/items/a', { azp: 'some-service' })
  expect({ status, ran }).toEqual({ status: 401, ran: 0 })
  expect(headers.get('www-authenticate')).toContain('invalid_token')
  expect((await post('/all', { azp: 'some-service' })).status).toBe(401)
  expect((await post('/items/a', { azp: 'x', svc: 'x' })).status).toBe(403)
})

test('a permit under an obligation is refused: nothing here could meet it', async () => {
  pdp.answerWith(answering(() => ({ decision: true, context: { obligations: [{ id: 'notify' }] } })))
  expect((await post('/items/a')).body).toMatchObject({ status: 403, code: 'obligation_unknown' })
  expect(ran).toBe(0)
})

test('any AuthZEN PDP will do: a bare boolean is enough', async () => {
  pdp.answerWith(answering(() => ({ decision: true })))
  expect((await post('/items/a')).status).toBe(200)
  pdp.answerWith(answering(() => ({ decision: false })))
  expect((await post('/items/a')).body).toMatchObject({ status: 403, code: 'denied' })
})

type Answer = (asked: Asked, res: ServerResponse) => void
test.for<readonly [string, Answer]>([
  ['500', (_, res) => sendJson(res, 500, { decision: true })],
  ['503', (_, res) => sendJson(res, 503, { decision: true })],
  ['401', (_, res) => sendJson(res, 401, { decision: true })],
  ['403', (_, res) => sendJson(res, 403, { decision: true })],
  ['a redirect', (_, res) => void res.writeHead(302, { location: '/access/v1/evaluation' }).end()],
  ['HTML', (_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('{"decision":true}')],
  ['broken JSON', (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"decision":true')],
  ['a decision in words', (_, res) => sendJson(res, 200, { decision: 'true', evaluations: [] })],
  ['a decision as a number', (_, res) => sendJson(res, 200, { decision: 1 })],
  ['no decision', (_, res) => sendJson(res, 200, {})],
  ['an array', (_, res) => sendJson(res, 200, [{ decision: true }])],
  ['null', (_, res) => sendJson(res, 200, null)],
  ['a context that is no object', (_, res) => sendJson(res, 200, { decision: true, context: 'x' })],
  ['fewer items than asked', (_, res) => sendJson(res, 200, { decision: 1, evaluations: [{ decision: true }] })],
  [
    'an item that is no decision',
    (_, res) => sendJson(res, 200, { evaluations: [{}, {}, {}].map(() => ({ decision: 'yes' })) }),
  ],
  ['nothing, and hangs up', (_, res) => void res.destroy()],
  ['nothing at all', () => undefined],
  [
    'half an answer',
    (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{"decision":true'),
  ],
  ['two megabytes', (_, res) => sendJson(res, 200, { decision: true, context: { filler: 'x'.repeat(2_097_152) } })],
])('503 decision_unavailable, never a permit, when the PDP answers: %s', async ([, answer]) => {
  pdp.answerWith(answer)
  for (const path of ['/items/a', '/all', '/dry-run']) {
    const { status, headers, body } = await post(path)
    expect({ path, status, code: body['code'] }).toEqual({ path, status: 503, code: 'decision_unavailable' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(ran).toBe(0)
})

test('503 within the time-out when the PDP is gone, and service goes on when it is back', async () => {
  await pdp.close()
  const before = performance.now()
  expect((await post('/items/a')).status).toBe(503)
  expect(performance.now() - before).toBeLessThan(900)
  expect(ran).toBe(0)
})

test('after five silent failures the PDP is left alone, and the caller is told for how long', async () => {
  pdp.answerWith((_, res) => void res.destroy())
  for (let call = 0; call < 5; call++) await post('/items/a')
  const askedBefore = pdp.asked.length
  const { status, headers } = await post('/items/a')
  expect({ status, more: pdp.asked.length - askedBefore }).toEqual({ status: 503, more: 0 })
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(4)
})

test('503 when the service itself gets no token', async () => {
  await post('/items/a')
  const cold = createPep({
    issuer: issuer.issuer,
    audience: 'trips',
    pdpUrl: pdp.url,
    credentials: { clientId: 'trips', clientSecret: 'a secret' },
    pdpScope: 'other',
    identityUrl: 'http://127.0.0.1:9/realms/test',
  })
  const app = express()
  app.post('/x', pep.authenticate(), cold.enforce({ action: 'read', resource: () => item('a') }), done)
  const other = createServer(app)
  const token = await issuer.sign({ aud: 'trips' })
  const otherUrl = await listen(other)
  const response = await fetch(`${otherUrl}/x`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  expect(response.status).toBe(503)
  await stop(other)
  await cold.close()
})

test('enforceEach asks once and hands mixed results to the handler', async () => {
  pdp.answerWith(
    answering(({ resource }) => ((resource as { id: string }).id === 'b' ? priceDenial : { decision: true })),
  )
  const { status, body } = await post('/all')
  expect(status).toBe(200)
  expect(body['items']).toEqual([
    { id: 'a', decision: true, reason: 'permitted' },
    { id: 'b', decision: false, reason: 'price_above_limit' },
    { id: 'c', decision: true, reason: 'permitted' },
  ])
  expect(pdp.asked).toHaveLength(1)
  expect(pdp.asked[0]?.body).toMatchObject({ options: { evaluations_semantic: 'execute_all', reasons: true } })
})

test('a dry run answers the same decisions and nothing behind it runs', async () => {
  pdp.answerWith(
    answering(({ resource }) => ((resource as { id: string }).id === 'b' ? priceDenial : { decision: true })),
  )
  const { status, body } = await post('/dry-run', { azp: 'booking-agent' })
  expect({ status, ran }).toEqual({ status: 200, ran: 0 })
  expect(body).toMatchObject({
    dry_run: true,
    items: [
      { resource: { type: 'workflow_item', id: 'a' }, decision: true },
      { decision: false, reason: 'price_above_limit', chain: [link], evaluation_id: '01KE' },
      { decision: true },
    ],
  })
})

test('an item that the PDP could not decide is a denial that says nothing about authority', async () => {
  pdp.answerWith(answering(() => ({ decision: false, context: { error: { status: 503 } } })))
  expect((await post('/all')).body['items']).toMatchObject([
    { decision: false },
    { decision: false },
    { decision: false },
  ])
  expect((await post('/items/a')).status).toBe(503)
})

test('400, and nobody is asked, for an id that cannot exist (rule A5)', async () => {
  const { status, body } = await post('/items/a%3Ab')
  expect({ status, code: body['code'], asked: pdp.asked.length }).toEqual({
    status: 400,
    code: 'invalid_request',
    asked: 0,
  })
})

test("the service's token is fetched once for many questions at once", async () => {
  const tokens = () => issuer.hits.get('/realms/test/protocol/openid-connect/token') ?? 0
  const before = tokens()
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/items/a')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(tokens() - before).toBe(1)
})
