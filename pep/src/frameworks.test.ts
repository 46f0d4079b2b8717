/**
 * The guards on every framework: one list of cases, real HTTP servers, the same answers.
 *
 * @module
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DecisionEvent } from './decision-hook.ts'
import { BODY_LIMIT, BUG, type Served } from './framework.harness.ts'
import { FRAMEWORKS } from './frameworks.harness.ts'
import type { Obligation } from './outcome.ts'
import {
  type Asked,
  answering,
  sendJson,
  startTestIssuer,
  startTestPdp,
  type TestIssuer,
  type TestPdp,
} from './testing.ts'

const METADATA = 'https://notes.example/.well-known/oauth-protected-resource'
const CHALLENGE = `Bearer realm="notes", scope="notes:read notes:write", resource_metadata="${METADATA}"`
const BAD_TOKEN = CHALLENGE.replace('realm="notes"', 'realm="notes", error="invalid_token"')
const REASON = { code: 'no_grant', reason_user: 'Nobody gave you the authority for this.' }
const DENIAL = { decision: false, context: { reason: 'no_grant', reasons: [REASON], evaluation_id: '01KE' } }
const PERMIT = { decision: true, context: { evaluation_id: '01KE' } }
const nameOf = (action: unknown): string => (action as { readonly name: string }).name

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

describe.for(FRAMEWORKS)('$name', (framework) => {
  let issuer: TestIssuer
  let pdp: TestPdp
  let served: Served
  let logged: (readonly [fields: Record<string, unknown>, message: string])[]
  let events: DecisionEvent[]
  let met: string[]

  const log = (fields: object, message: string) => void logged.push([fields as Record<string, unknown>, message])
  const optionsOf = () => ({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials: { clientId: 'notes', clientSecret: 'secret' },
    challenge: { scope: 'notes:read notes:write', resourceMetadata: METADATA },
    obligations: { notify: (obligation: Obligation) => met.push(String(obligation['to'])) > 0 },
    onDecision: (event: DecisionEvent) => void events.push(event),
    logger: { warn: log, error: log },
  })

  const clearAsked = () => void (pdp.asked as Asked[]).splice(0)

  beforeAll(async () => {
    ;[logged, events, met] = [[], [], []]
    issuer = await startTestIssuer()
    pdp = await startTestPdp()
    served = await framework.serve(optionsOf())
  })
  afterEach(() => {
    ;[logged, events, met] = [[], [], []]
    pdp.answerWith(answering(() => PERMIT))
    clearAsked()
  })
  afterAll(async () => {
    await Promise.all([served.close(), pdp.close(), issuer.close()])
  })

  async function call(method: string, path: string, init: RequestInit = {}, claims: object = {}): Promise<Answer> {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization'))
      headers.set('authorization', `Bearer ${await issuer.sign({ aud: 'notes', ...claims })}`)
    const response = await fetch(served.url + path, { ...init, method, headers })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
  }
  const withBody = (body: string): RequestInit => ({ body, headers: { 'content-type': 'application/json' } })
  const isProblem = ({ headers }: Answer) =>
    headers.get('content-type')?.startsWith('application/problem+json') && headers.get('cache-control') === 'no-store'

  test('a permit lets the handler run, with who asks, the entry’s id and the request’s id', async () => {
    pdp.answerWith(answering(() => PERMIT))
    const answer = await call('GET', '/notes/n1', { headers: { 'x-request-id': 'r-1' } }, { azp: 'bot' })
    expect(answer).toMatchObject({
      status: 200,
      body: { id: 'n1', subject: { type: 'user', id: 'carlo' }, actor: { type: 'agent', id: 'bot' } },
    })
    expect(answer.headers.get('x-evaluation-id')).toBe('01KE')
    expect(answer.headers.get('x-request-id')).toBe('r-1')
    expect(pdp.asked).toMatchObject([{ body: { action: { name: 'read' }, resource: { type: 'note', id: 'n1' } } }])
  })

  test('a denial is a 403 problem with its reasons, and the handler does not run', async () => {
    pdp.answerWith(answering(() => DENIAL))
    const answer = await call('GET', '/notes/n1')
    expect(answer).toMatchObject({ status: 403, body: { code: 'no_grant', reasons: [REASON], evaluation_id: '01KE' } })
    expect(isProblem(answer)).toBe(true)
    expect(logged).toEqual([])
  })

  test('401 with a challenge that says scope and metadata: without a token, and with a bad one', async () => {
    const without = await fetch(`${served.url}/notes/n1`)
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, CHALLENGE])
    expect(await without.json()).toMatchObject({ code: 'unauthenticated' })
    const bad = await call('GET', '/notes/n1', { headers: { authorization: 'Bearer a.b.c' } })
    expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, BAD_TOKEN])
    expect(isProblem(bad)).toBe(true)
    pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'agent_unknown' } })))
    const unknown = await call('GET', '/notes/n1', {}, { azp: 'stranger' })
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, BAD_TOKEN])
  })

  test('503 while the PDP is silent or talks nonsense, logged with the request’s id; never a permit', async () => {
    for (const answer of [
      (_: Asked, res: Parameters<typeof sendJson>[0]) => void res.destroy(),
      (_: Asked, res: Parameters<typeof sendJson>[0]) => sendJson(res, 200, { decision: 'true' }),
    ]) {
      logged = []
      pdp.answerWith(answer)
      const { status, body, headers } = await call('GET', '/notes/n1', { headers: { 'x-request-id': 'r-2' } })
      expect({ status, code: body['code'], retry: headers.get('retry-after') }).toEqual({
        status: 503,
        code: 'decision_unavailable',
        retry: '1',
      })
      expect(logged).toMatchObject([[{ code: 'decision_unavailable', request_id: 'r-2' }, expect.any(String)]])
    }
  })

  test('what the PDP objects to is in the log, and not in the answer', async () => {
    const detail = 'resource.type: workflow is declared by no manifest that notes may ask about.'
    pdp.answerWith((_asked, res) => sendJson(res, 403, { code: 'forbidden', detail }))
    const { status, body } = await call('GET', '/notes/n1')
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'decision_unavailable' })
    expect(logged).toMatchObject([[{ code: 'decision_unavailable' }, `the PDP answered 403 forbidden ${detail}`]])
    expect(JSON.stringify(body)).not.toContain('manifest')
  })

  test('in person only: an agent is 403 before anything is asked', async () => {
    expect(await call('GET', '/private/n1', {}, { azp: 'bot' })).toMatchObject({
      status: 403,
      body: { code: 'in_person_only' },
    })
    expect(pdp.asked).toEqual([])
    expect((await call('GET', '/private/n1')).status).toBe(200)
  })

  test('a public route needs no token, and no other answer leaves without a guard', async () => {
    expect((await fetch(`${served.url}/livez`)).status).toBe(200)
    const stray = await call('GET', '/stray')
    expect(stray).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(logged).toMatchObject([[{ code: 'unguarded_answer' }, expect.stringContaining('without a guard')]])
  })

  test('a list shows what the search found, and names its entry', async () => {
    pdp.answerWith((_asked, res) => {
      const results = ['a', 'b'].map((id) => ({ type: 'note', id }))
      res.setHeader('x-evaluation-id', '01KS')
      sendJson(res, 200, { results, page: { next_token: '' } })
    })
    const { status, body, headers } = await call('GET', '/notes')
    expect({ status, body, entry: headers.get('x-evaluation-id') }).toEqual({
      status: 200,
      body: { ids: ['a', 'b'] },
      entry: '01KS',
    })
  })

  test('a batch is decided item by item, and a dry run answers the same without the handler', async () => {
    pdp.answerWith(answering(({ resource }) => ((resource as { id: string }).id === 'a' ? PERMIT : DENIAL)))
    expect(await call('POST', '/print')).toMatchObject({ status: 200, body: [true, false] })
    expect(await call('POST', '/print/dry-run')).toMatchObject({
      status: 200,
      body: { dry_run: true, items: [{ decision: true }, { decision: false, reason: 'no_grant' }] },
    })
    expect(pdp.asked.map(({ path }) => path)).toEqual(Array(2).fill('/access/v1/evaluations'))
  })

  test('a body is read for the question, up to its limit', async () => {
    expect(await call('POST', '/notes', withBody('{"id":"n7"}'))).toMatchObject({ status: 200, body: { id: 'n7' } })
    clearAsked()
    const large = await call('POST', '/notes', withBody(JSON.stringify({ id: 'x'.repeat(BODY_LIMIT) })))
    expect(large).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    const broken = await call('POST', '/notes', withBody('{"id":'))
    expect(broken).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect([isProblem(large), isProblem(broken)]).toEqual([true, true])
    expect(pdp.asked).toEqual([])
    expect(logged).toEqual([])
  })

  test('buttons: several actions on one thing are one request to the PDP', async () => {
    pdp.answerWith(answering(({ action }) => (nameOf(action) === 'share' ? DENIAL : PERMIT)))
    expect(await call('GET', '/buttons/n1')).toMatchObject({ status: 200, body: { edit: true, share: false } })
    expect(pdp.asked.map(({ path }) => path)).toEqual(['/access/v1/evaluation', '/access/v1/evaluations'])
    expect(pdp.asked[1]?.body['evaluations']).toMatchObject(
      ['edit', 'share'].map((name) => ({ action: { name }, resource: { type: 'note', id: 'n1' } })),
    )
  })

  test('can() inside a handler is true on a permit, false on a denial, and 503 without a decision', async () => {
    const edit = (answer: object) =>
      pdp.answerWith(answering(({ action }) => (nameOf(action) === 'edit' ? answer : PERMIT)))
    edit(PERMIT)
    expect(await call('GET', '/links/n1')).toMatchObject({ status: 200, body: { edit: true, token: true } })
    edit(DENIAL)
    expect(await call('GET', '/links/n1')).toMatchObject({ status: 200, body: { edit: false } })
    edit({ decision: 'yes' })
    expect(await call('GET', '/links/n1')).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  })

  test('obligations are met before the handler runs; an unknown one is a denial', async () => {
    const under = (id: string) => answering(() => ({ decision: true, context: { obligations: [{ id, to: 'mia' }] } }))
    pdp.answerWith(under('notify'))
    expect((await call('GET', '/notes/n1')).status).toBe(200)
    expect(met).toEqual(['mia'])
    pdp.answerWith(under('watermark'))
    expect(await call('GET', '/notes/n1')).toMatchObject({ status: 403, body: { code: 'obligation_unknown' } })
  })

  test('a handler’s bug is 500 without its words, and logged with the request’s id and no token', async () => {
    const headers = { 'x-request-id': 'r-3' }
    const answer = await call('GET', '/fails', { headers })
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } })
    expect(JSON.stringify(answer.body)).not.toContain(BUG)
    const line = { code: 'internal', err: { name: 'TypeError', message: BUG }, request_id: 'r-3' }
    expect(logged).toMatchObject([[line, expect.any(String)]])
    expect(answer.headers.get('x-request-id')).toBe('r-3')
    expect(JSON.stringify(logged)).not.toMatch(/Bearer|carlo/u)
    expect(isProblem(answer)).toBe(true)
  })

  test('a Fault of a handler is the problem of its code', async () => {
    expect(await call('GET', '/conflict')).toMatchObject({ status: 409, body: { code: 'conflict', detail: 'Taken.' } })
    expect(logged).toEqual([])
  })

  test.for([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', false],
    ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', false],
    ['anything', false],
  ] as const)('traceparent %s is sent on to the PDP: %s', async ([traceparent, isSent]) => {
    await call('GET', '/notes/n1', { headers: { traceparent } })
    expect(pdp.asked[0]?.headers['traceparent']).toBe(isSent ? traceparent : undefined)
  })

  test.for([
    ['rojo=1,congo=t61', 'rojo=1,congo=t61'],
    ['Rojo=1', undefined],
  ] as const)('tracestate %s is sent on as %s', async ([tracestate, sent]) => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await call('GET', '/notes/n1', { headers: { traceparent, tracestate } })
    expect(pdp.asked[0]?.headers).toMatchObject({ traceparent })
    expect(pdp.asked[0]?.headers['tracestate']).toBe(sent)
  })

  test('each decision is reported with action, type, result and time, and nothing of a person', async () => {
    pdp.answerWith(answering(() => DENIAL))
    await call('GET', '/notes/n1')
    expect(events).toEqual([
      { action: 'read', resourceType: 'note', result: 'deny', reason: 'no_grant', seconds: expect.any(Number) },
    ])
    events = []
    pdp.answerWith((_asked, res) => void res.destroy())
    await call('POST', '/print')
    const failed = { action: 'print', resourceType: 'note', result: 'failed', reason: 'decision_unavailable' }
    expect(events).toMatchObject([failed, failed])
  })

  test('a persona that is no persona is 400, and an id that cannot exist too', async () => {
    const headers = { 'mandate-persona': 'king' }
    expect(await call('GET', '/notes/n1', { headers })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    })
    expect(await call('GET', '/notes/a%00b')).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(pdp.asked).toEqual([])
  })

  test('a service with a route that has no guard does not start, and the error names it', async () => {
    await expect(framework.serve(optionsOf(), true)).rejects.toThrow(/without a valid guard:\s+.*bare/u)
  })
})
