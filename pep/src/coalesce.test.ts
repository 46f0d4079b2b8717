import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAuthzenDecider } from './authzen-decider.ts'
import type { Decider, Question } from './decider.ts'
import { createPools, PdpEndpoints } from './pdp-endpoints.ts'
import { createPep, type Pep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import { RetryBudget } from './retry-budget.ts'
import { fixedBearer } from './service-token.ts'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

type Asked = { readonly subject: { readonly id: string }; readonly action: { readonly name: string } }
type About = Asked & { readonly resource: { readonly id: string } }

let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep
let decider: Decider

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  // Each answer tells which question it belongs to.
  pdp.answerWith(answering((question) => own(question as About)))
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  pep = createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials,
    timeoutMs: 5_000,
    logger: quiet,
  })
  const pools = createPools([pdp.url], { timeoutMs: 5_000, maxAnswerBytes: 1_048_576 })
  decider = createAuthzenDecider({
    endpoints: new PdpEndpoints(pools, () => performance.now()),
    token: fixedBearer('key'),
    retries: new RetryBudget(),
    timeoutMs: 5_000,
    close: async () => void (await Promise.all(pools.map(({ pool }) => pool.close()))),
  })
})
afterEach(async () => {
  await Promise.all([pep.close(), decider.close(), pdp.close(), issuer.close()])
})

const own = ({ subject, action, resource }: About) => ({
  decision: !resource.id.startsWith('no'),
  context: { evaluation_id: `${subject.id}.${action.name}.${resource.id}` },
})
const bearer = async (sub: string) => `Bearer ${await issuer.sign({ aud: 'notes', sub })}`
const note = (id: string) => ({ type: 'note', id })
const paths = () => pdp.asked.map(({ path }) => path.slice('/access/v1/'.length))

/** A question of carlo's, in a request of his. */
const asking = (request: object, more: Partial<Question['authz']> = {}) => ({
  authz: { subject: { type: 'user', id: 'carlo' }, requestId: 'r1', issuedAt: 1, ...more } as Question['authz'],
  request,
})

test('what one request asks at once is one call, and each answer is its own', async () => {
  const headers = { authorization: await bearer('carlo') }
  await pep.decide({ headers, action: 'warm', resource: note('up') })
  const asked = [
    ['read', 'a'],
    ['print', 'a'],
    ['read', 'no-b'],
  ] as const
  const decided = await Promise.all(asked.map(([action, id]) => pep.decide({ headers, action, resource: note(id) })))
  expect(paths()).toEqual(['evaluation', 'evaluations'])
  expect(decided.map(({ permitted }) => permitted)).toEqual([true, true, false])
  expect(decided.map((one) => one.headers['X-Evaluation-ID'])).toEqual([
    'carlo.read.a',
    'carlo.print.a',
    'carlo.read.no-b',
  ])
  expect(new Set(decided.map((one) => one.headers['X-Request-ID'])).size).toBe(1)
})

test('two requests of two people in one turn make two calls', async () => {
  const both = await Promise.all(
    ['carlo', 'ada'].map(async (sub) => ({ sub, headers: { authorization: await bearer(sub) } })),
  )
  for (const { headers } of both) await pep.decide({ headers, action: 'warm', resource: note('up') })
  const decided = await Promise.all(
    both.map(({ headers }) => pep.decide({ headers, action: 'read', resource: note('a') })),
  )
  expect(paths().slice(2)).toEqual(['evaluation', 'evaluation'])
  expect(decided.map((one) => one.headers['X-Evaluation-ID'])).toEqual(['carlo.read.a', 'ada.read.a'])
})

test('two requests of one person make two calls, and so do equal questions of one request one after the other', async () => {
  const authorization = await bearer('carlo')
  const requests = [{ authorization }, { authorization }]
  const question = { action: 'read', resource: note('a') }
  await Promise.all(requests.map((headers) => pep.decide({ headers, ...question })))
  await pep.decide({ headers: requests[0] ?? {}, ...question })
  expect(paths()).toEqual(['evaluation', 'evaluation', 'evaluation'])
})

test.for<readonly [string, Partial<Question['authz']>]>([
  ['another subject', { subject: { type: 'user', id: 'ada' } }],
  ['another actor', { actor: { type: 'agent', id: 'bot' } }],
  ['another persona', { persona: 'writer/home' }],
  ['another session', { sid: 's2' }],
  ['a token of another time', { issuedAt: 2 }],
  ['another deadline', { deadline: performance.now() + 60_000 }],
  ['another request id', { requestId: 'r2' }],
])('%s is not put in the same call', async ([, differing]) => {
  const request = {}
  const question = { action: 'read', resource: note('a') }
  await Promise.all([
    decider.decide({ ...asking(request), ...question }),
    decider.decide({ ...asking(request, differing), ...question }),
  ])
  expect(paths()).toEqual(['evaluation', 'evaluation'])
})

test('without a request, or with a signal of its own, a question is asked alone', async () => {
  const { authz, request } = asking({})
  const question = { authz, action: 'read', resource: note('a') }
  const { signal } = new AbortController()
  await Promise.all([decider.decide(question), decider.decide(question)])
  await Promise.all([
    decider.decide({ ...question, request, signal }),
    decider.decide({ ...question, request, signal }),
  ])
  expect(paths()).toEqual(Array.from({ length: 4 }, () => 'evaluation'))
})

test('a batch and single questions share a call up to 50 questions, and no part is split', async () => {
  const common = asking({})
  const many = (count: number) => Array.from({ length: count }, (_, n) => note(`i${n}`))
  const [first, second, single, large] = await Promise.all([
    decider.decideEach({ ...common, action: 'read', resources: many(30) }),
    decider.decideEach({ ...common, action: 'read', resources: many(30) }),
    decider.decide({ ...common, action: 'print', resource: note('one') }),
    decider.decideEach({ ...common, action: 'read', resources: many(60) }),
  ])
  const sizes = pdp.asked.map(({ body }) => (body['evaluations'] as readonly unknown[]).length)
  expect(sizes.toSorted((a, b) => a - b)).toEqual([10, 30, 31, 50])
  expect(single.evaluationId).toBe('carlo.print.one')
  for (const outcomes of [first, second, large])
    expect(outcomes.map(({ evaluationId }) => evaluationId)).toEqual(outcomes.map((_, n) => `carlo.read.i${n}`))
})

test('a question that makes the PDP refuse the whole batch fails alone', async () => {
  const normal = answering((question) => own(question as About))
  pdp.answerWith((asked, res) =>
    JSON.stringify(asked.body).includes('bad') ? sendJson(res, 400, { code: 'invalid_request' }) : normal(asked, res),
  )
  const common = asking({})
  const [good, bad] = await Promise.allSettled([
    decider.decide({ ...common, action: 'read', resource: note('a') }),
    decider.decide({ ...common, action: 'read', resource: note('bad') }),
  ])
  expect(good).toMatchObject({ status: 'fulfilled', value: { decision: true, evaluationId: 'carlo.read.a' } })
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'decision_unavailable' } })
  expect(paths().toSorted()).toEqual(['evaluation', 'evaluation', 'evaluations'])
})

test('an item that is no decision fails alone; an item that the PDP could not decide says so', async () => {
  pdp.answerWith((_, res) =>
    sendJson(res, 200, {
      evaluations: [{ decision: true }, { decision: 'true' }, { decision: false, context: { error: { status: 503 } } }],
    }),
  )
  const common = asking({})
  const results = await Promise.allSettled(
    ['a', 'b', 'c'].map((id) => decider.decide({ ...common, action: 'read', resource: note(id) })),
  )
  expect(results).toMatchObject([
    { value: { decision: true } },
    { reason: { code: 'decision_unavailable' } },
    { value: { decision: false, undecided: true } },
  ])
})

test.for([
  ['an answer for fewer items', (): object => ({ evaluations: [{ decision: true }] })],
  ['nonsense', (): object => ({ decision: true })],
] as const)('%s permits nothing', async ([, body]) => {
  pdp.answerWith((_, res) => sendJson(res, 200, body()))
  const common = asking({})
  const results = await Promise.allSettled(
    ['a', 'b'].map((id) => decider.decide({ ...common, action: 'read', resource: note(id) })),
  )
  for (const result of results) expect(result).toMatchObject({ reason: { code: 'decision_unavailable' } })
})

test('a PDP without batches is asked one by one from then on', async () => {
  const normal = answering((question) => own(question as About))
  pdp.answerWith((asked, res) => (asked.path.endsWith('/evaluations') ? sendJson(res, 404, {}) : normal(asked, res)))
  const both = (request: object) =>
    Promise.all(['a', 'b'].map((id) => decider.decide({ ...asking(request), action: 'read', resource: note(id) })))
  expect((await both({})).map(({ decision }) => decision)).toEqual([true, true])
  expect((await both({})).map(({ decision }) => decision)).toEqual([true, true])
  expect(paths().toSorted()).toEqual([...Array.from({ length: 4 }, () => 'evaluation'), 'evaluations'])
})
