import { REASONS } from '@mandate/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GuardedService, startGuardedService } from './guarded-service.harness.ts'
import { type Asked, answering } from './testing.ts'

let service: GuardedService
let pdp: GuardedService['pdp']
let post: GuardedService['post']
let ran: GuardedService['ran']

beforeEach(async () => {
  service = await startGuardedService()
  ;({ pdp, post, ran } = service)
})
afterEach(() => service.close())

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
  expect({ status, ran: ran() }).toEqual({ status: 200, ran: 1 })
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
        iat: expect.any(Number),
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
  expect({ status, ran: ran() }).toEqual({ status: 403, ran: 0 })
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
  const { user: reason_user, cure } = REASONS.no_grant
  pdp.answerWith(answering(() => denial('resource_unknown')))
  // Nothing is left out: a missing cure would say it as well as another code.
  expect((await post('/items/a')).body).toMatchObject({
    code: 'no_grant',
    reasons: [{ code: 'no_grant', reason_user, cure }],
  })
})

test('what the PDP says the person may be told is told, and not what it says to the service', async () => {
  const reason = { code: 'grant_revoked', code_user: 'no_grant', reason_user: 'Nobody gave it.', grant: '01KG' }
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'grant_revoked', reasons: [reason] } })))
  const { body } = await post('/items/a')
  expect(body).toMatchObject({ code: 'no_grant', reasons: [{ code: 'no_grant', reason_user: 'Nobody gave it.' }] })
  expect(JSON.stringify(body)).not.toMatch(/grant_revoked|01KG/u)
})

test('401 for a token of a client that is no registered agent: an actor is never lost on the way (rule A7)', async () => {
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'agent_unknown', reasons: [], chain: [] } })))
  const { status, headers } = await post('/items/a', { azp: 'some-service' })
  expect({ status, ran: ran() }).toEqual({ status: 401, ran: 0 })
  expect(headers.get('www-authenticate')).toContain('invalid_token')
  expect((await post('/all', { azp: 'some-service' })).status).toBe(401)
  expect((await post('/items/a', { azp: 'x', svc: 'x' })).status).toBe(403)
})

test('a permit under an obligation is refused: nothing here could meet it', async () => {
  pdp.answerWith(answering(() => ({ decision: true, context: { obligations: [{ id: 'notify' }] } })))
  expect((await post('/items/a')).body).toMatchObject({ status: 403, code: 'obligation_unknown' })
  expect(ran()).toBe(0)
})

test('any AuthZEN PDP will do: a bare boolean is enough', async () => {
  pdp.answerWith(answering(() => ({ decision: true })))
  expect((await post('/items/a')).status).toBe(200)
  pdp.answerWith(answering(() => ({ decision: false })))
  expect((await post('/items/a')).body).toMatchObject({ status: 403, code: 'denied' })
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
  expect({ status, ran: ran() }).toEqual({ status: 200, ran: 0 })
  expect(body).toMatchObject({
    dry_run: true,
    items: [
      { resource: { type: 'workflow_item', id: 'a' }, decision: true },
      { decision: false, reason: 'price_above_limit', chain: [link], evaluation_id: '01KE' },
      { decision: true },
    ],
  })
})

test('an item that the PDP could not decide is no statement about anybody’s authority', async () => {
  pdp.answerWith(answering(() => ({ decision: false, context: { error: { status: 503 } } })))
  const undecided = { decision: false, reason: 'decision_unavailable' }
  expect((await post('/all')).body['items']).toMatchObject([undecided, undecided, undecided])
  expect((await post('/dry-run')).body['items']).toMatchObject([{ undecided: true }, {}, {}])
  expect((await post('/items/a')).status).toBe(503)
})

test.for(['did:web:x#1', 'https://x.example/a?b=%2F', 'a b', '*'])(
  'an id may be any text: %s is asked about as it is',
  async (id) => {
    await post(`/items/${encodeURIComponent(id)}`)
    expect(pdp.asked.at(-1)?.body).toMatchObject({ resource: { id } })
  },
)

test('400, and nobody is asked, for an id that cannot exist (rule A5)', async () => {
  const { status, body } = await post('/items/a%00b')
  expect({ status, code: body['code'], asked: pdp.asked.length }).toEqual({
    status: 400,
    code: 'invalid_request',
    asked: 0,
  })
})

test("the service's token is fetched once for many questions at once", async () => {
  const tokens = () => service.issuer.hits.get('/realms/test/protocol/openid-connect/token') ?? 0
  const before = tokens()
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/items/a')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(tokens() - before).toBe(1)
})

test('who asks is in the token: another user in query or headers is not looked at', async () => {
  const named = { 'X-User': 'ada', 'X-Forwarded-User': 'ada', 'Mandate-Subject': 'user:ada' }
  await post('/items/a?sub=ada&subject=user:ada&actor=agent:x&azp=desktop', {}, named)
  expect(pdp.asked).toHaveLength(1)
  expect(pdp.asked[0]?.body['subject']).toMatchObject({ type: 'user', id: 'carlo' })
  expect(JSON.stringify(pdp.asked[0]?.body)).not.toContain('ada')
})
