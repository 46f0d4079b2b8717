import { createServer, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keycloak } from './keycloak.ts'
import { createPep, type Pep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import {
  answering,
  listen,
  sendJson,
  startTestIssuer,
  startTestPdp,
  stop,
  type TestIssuer,
  type TestPdp,
} from './testing.ts'

const resource = { type: 'note', id: 'n1' }
let issuer: TestIssuer
let pdp: TestPdp
let pep: Pep

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  pep = newPep()
})
afterEach(async () => {
  await Promise.all([pep.close(), pdp.close(), issuer.close()])
})

function newPep(options: object = {}): Pep {
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  return createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials,
    timeoutMs: 5_000,
    logger: quiet,
    ...options,
  })
}

const bearer = async (claims: object = {}) => `Bearer ${await issuer.sign({ aud: 'notes', ...claims })}`
const decide = async (headers: object = {}, claims: object = {}, more: object = {}) =>
  await pep.decide({ headers: { authorization: await bearer(claims), ...headers }, action: 'read', resource, ...more })

test('an issuer with a slash at its end is another issuer', async () => {
  const iss = `${issuer.issuer}/`
  const strict = newPep({ issuer: iss, provider: keycloak() })
  const asked = async (claims: object) => {
    const headers = { authorization: await bearer(claims) }
    const decided = await strict.decide({ headers, action: 'read', resource })
    return decided.permitted ? 200 : decided.status
  }
  expect([await asked({ iss }), await asked({}), await asked({ iss, aud: ['notes'] })]).toEqual([200, 401, 200])
  expect((await decide({}, { iss })).permitted).toBe(false)
  await strict.close()
})

test('without any framework: a permit names who asked and which decision let it', async () => {
  pdp.answerWith(answering(() => ({ decision: true, context: { evaluation_id: '01KE' } })))
  expect(await decide({ 'x-request-id': 'r-1' })).toMatchObject({
    permitted: true,
    authz: { subject: { type: 'user', id: 'carlo' }, inPerson: true },
    outcome: { decision: true },
    headers: { 'X-Request-ID': 'r-1', 'X-Evaluation-ID': '01KE' },
  })
})

test('WHATWG headers do as well', async () => {
  const headers = new Headers({ authorization: await bearer(), 'Mandate-Persona': 'writer/home' })
  expect(await pep.decide({ headers, action: 'read', resource })).toMatchObject({ permitted: true })
  expect(pdp.asked[0]?.body['subject']).toMatchObject({ properties: { persona: 'writer/home', sid: 'session-1' } })
})

test('everything but a permit is a finished refusal', async () => {
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'no_grant', evaluation_id: '01KD' } })))
  const denied = { status: 403, problem: { code: 'no_grant' }, headers: { 'X-Evaluation-ID': '01KD' } }
  expect(await decide()).toMatchObject({ permitted: false, ...denied })
  expect(await pep.decide({ headers: {}, action: 'read', resource })).toMatchObject({
    permitted: false,
    status: 401,
    headers: { 'WWW-Authenticate': 'Bearer realm="notes"' },
  })
  pdp.answerWith((_, res) => sendJson(res, 200, { decision: 'true' }))
  expect(await decide()).toMatchObject({ permitted: false, status: 503, headers: { 'Retry-After': '1' } })
  expect(await decide({}, {}, { resource: { type: 'note', id: 'a\u0000b' } })).toMatchObject({
    permitted: false,
    status: 400,
  })
})

test('two Authorization headers are none, however they are spelt', async () => {
  const [one, two] = [await bearer(), await bearer({ sub: 'ada' })]
  const pairs = [
    { authorization: [one, two] },
    { authorization: [one, one] },
    { authorization: one, Authorization: two },
  ]
  const joined = new Headers([
    ['authorization', one],
    ['authorization', two],
  ])
  for (const headers of [...pairs, { authorization: `${one}, ${two}` }, joined])
    expect(await pep.decide({ headers, action: 'read', resource })).toMatchObject({ permitted: false, status: 401 })
  expect(pdp.asked).toEqual([])
})

test('two personas, or two deadlines, are refused', async () => {
  for (const name of ['mandate-persona', 'mandate-timeout-ms'])
    expect(await decide({ [name]: ['a/b', 'c/d'] })).toMatchObject({ permitted: false, status: 400 })
})

test('with inPersonOnly nobody acts for anybody (rule A6), and nobody is asked', async () => {
  const refused = { permitted: false, status: 403, problem: { code: 'in_person_only' } }
  const strict = newPep({ inPersonOnly: true })
  for (const claims of [{ azp: 'booking-agent' }, { azp: 'booking-agent', svc: 'booking-agent' }]) {
    expect(await decide({}, claims, { inPersonOnly: true })).toMatchObject(refused)
    const headers = { authorization: await bearer(claims) }
    expect(await strict.decide({ headers, action: 'read', resource })).toMatchObject(refused)
  }
  expect(pdp.asked).toEqual([])
  expect(await decide({}, {}, { inPersonOnly: true })).toMatchObject({ permitted: true })
  await strict.close()
})

const obliged = (...obligations: unknown[]) =>
  answering(() => ({ decision: true, context: { evaluation_id: '01KE', obligations } }))

test('a permit counts once each of its obligations is met; unknown, unmet or unreadable ones are denials', async () => {
  const met: unknown[] = []
  const strict = newPep({
    obligations: {
      notify: (obligation: unknown) => met.push(obligation) > 0,
      refuse: () => false,
      fail: () => Promise.reject(new Error('no')),
      say: () => 'true',
    },
  })
  const outcome = async () => {
    const decided = await strict.decide({ headers: { authorization: await bearer() }, action: 'read', resource })
    return decided.permitted || decided.problem['code']
  }
  const rows: [unknown[], unknown][] = [
    [[{ id: 'notify', whom: 'ada' }], true],
    [[{ id: 'notify' }, { id: 'refuse' }], 'obligation_unmet'],
    [[{ id: 'fail' }], 'obligation_unmet'],
    [[{ id: 'say' }], 'obligation_unmet'],
    [[{ id: 'notify' }, { id: 'other' }], 'obligation_unknown'],
    [[{ id: 'toString' }], 'obligation_unknown'],
    [['notify'], 'obligation_unknown'],
    [[{}], 'obligation_unknown'],
  ]
  for (const [obligations, expected] of rows) {
    pdp.answerWith(obliged(...obligations))
    expect(await outcome(), JSON.stringify(obligations)).toBe(expected)
  }
  // Nothing is done for a permit that is refused anyway.
  expect(met).toEqual([{ id: 'notify', whom: 'ada' }, { id: 'notify' }])
  await strict.close()
})

test('the PDP is told how long is left, and a caller can only shorten it', async () => {
  await decide()
  await decide({ 'mandate-timeout-ms': '400' })
  await decide({ 'mandate-timeout-ms': '90000' })
  const told = pdp.asked.map(({ headers }) => Number(headers['mandate-timeout-ms']))
  expect(told[0]).toBeGreaterThan(1_000)
  expect(told[1]).toBeLessThanOrEqual(400)
  expect(told[2]).toBeLessThanOrEqual(5_000)
  expect(await decide({ 'mandate-timeout-ms': 'soon' })).toMatchObject({ permitted: false, status: 400 })
})

test('a caller in a hurry gets 503 in time, and does not shut the PDP off for others', async () => {
  // It answers those who have the time, and is too slow for the others.
  pdp.answerWith(({ headers }, res) => {
    if (Number(headers['mandate-timeout-ms']) > 20) sendJson(res, 200, { decision: true })
  })
  expect(await decide()).toMatchObject({ permitted: true })
  const hasty = Array.from({ length: 12 }, () => decide({ 'mandate-timeout-ms': '20' }))
  for (const decided of await Promise.all(hasty)) expect(decided).toMatchObject({ permitted: false, status: 503 })
  expect(await decide()).toMatchObject({ permitted: true })
})

test('a question is asked once more when its connection broke, and no more than once', async () => {
  let breaks = 1
  pdp.answerWith((_, res) => void (breaks-- > 0 ? res.destroy() : sendJson(res, 200, { decision: true })))
  expect(await decide()).toMatchObject({ permitted: true })
  expect(pdp.asked).toHaveLength(2)
  breaks = 9
  expect(await decide()).toMatchObject({ permitted: false, status: 503 })
  expect(pdp.asked).toHaveLength(4)
})

test('no answer serves two questions: equal ones at the same time, or one after the other, are each asked', async () => {
  await Promise.all(Array.from({ length: 8 }, () => decide()))
  await decide()
  expect(pdp.asked).toHaveLength(9)
})

test('a PDP that gives out its own keys is asked with one', async () => {
  const keyed = newPep({ credentials: { apiKey: () => 'mk_key' } })
  await keyed.decide({ headers: { authorization: await bearer() }, action: 'read', resource })
  expect(pdp.asked[0]?.headers.authorization).toBe('Bearer mk_key')
  await keyed.close()
})

test('behind node:http, a request with two Authorization lines is 401', async () => {
  const server = createServer(async (req, res) => {
    const decided = await pep.decide({ headers: req.headersDistinct, action: 'read', resource })
    if (decided.permitted) return void res.end('shown')
    res.writeHead(decided.status, decided.headers).end(JSON.stringify(decided.problem))
  })
  const url = await listen(server)
  const status = async (...lines: string[]) =>
    await new Promise((resolve, reject) => {
      const headers = ['Host', 'notes', ...lines.flatMap((line) => ['Authorization', line])]
      request(url, { headers }, (res) => resolve(res.resume().statusCode))
        .on('error', reject)
        .end()
    })
  expect(await status(await bearer())).toBe(200)
  expect(await status(await bearer(), await bearer({ sub: 'ada' }))).toBe(401)
  await stop(server)
})

test('a handler’s question needs a caller, and an action that a manifest could declare', async () => {
  const decided = await decide()
  if (!decided.permitted) return expect.unreachable('no permit')
  expect(await pep.can(decided, { action: 'edit', resource })).toBe(true)
  await expect(pep.can({}, { action: 'edit', resource })).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(pep.can(decided, { action: 'e d i t', resource })).rejects.toThrow(TypeError)
  await expect(pep.decideActions(decided, { actions: [], resource })).rejects.toThrow('must name an action')
  const { edit, share } = await pep.decideActions(decided, { actions: ['edit', 'share'], resource })
  expect([edit.decision, share.decision]).toEqual([true, true])
})
