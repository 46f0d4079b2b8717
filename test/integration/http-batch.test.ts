/**
 * AuthZEN 1.0 batches and addresses: whole-object defaults, three semantics, an error an item, one body for one question.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { type Answer, type CallOptions, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const ONE = '/access/v1/evaluation'
const MANY = '/access/v1/evaluations'

type Question = Readonly<Record<string, unknown>>
const permitted = (): Question => suite.world.question({ subject: 'A', action: 'execute', item: 'flight' })
const denied = (): Question => suite.world.question({ subject: 'S', action: 'execute', item: 'flight' })
const send = (path: string, body: unknown, options: CallOptions = {}): Promise<Answer> =>
  suite.tpdp.call('POST', path, { as: TRIPS, body, ...options })

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.body).toMatchObject({ type: `urn:mandate:problem:${code}`, status, code, title: expect.any(String) })
  expect(answer.headers.get('x-request-id')).toBe(answer.body.request_id)
}

describe('a batch', () => {
  test.for([undefined, []])('without items (%j) is a single evaluation', async (evaluations) => {
    const { body } = await send(MANY, { ...permitted(), ...(evaluations ? { evaluations } : {}) })
    expect(body.decision).toBe(true)
    expect(body).not.toHaveProperty('evaluations')
    expectProblem(await send(MANY, evaluations ? { evaluations } : {}), 400, 'invalid_request')
  })

  test('answers in order, bare, and the same three times', async () => {
    const request = { evaluations: [permitted(), denied(), permitted()] }
    const answers = [await send(MANY, request), await send(MANY, request), await send(MANY, request)]
    expect(answers[0]?.text).toBe('{"evaluations":[{"decision":true},{"decision":false},{"decision":true}]}')
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  test('explains each item when reasons are asked for', async () => {
    const { body } = await send(MANY, { evaluations: [permitted(), denied()], options: { reasons: true } })
    expect(body.evaluations).toMatchObject([
      { decision: true, context: { reason: 'owner', evaluation_id: expect.any(String), chain: [] } },
      { decision: false, context: { reason: 'no_grant' } },
    ])
  })

  test('an item replaces a default whole, never member by member', async () => {
    const { subject, action, resource } = permitted()
    const { type } = resource as { readonly type: string }
    const { body } = await send(MANY, {
      subject,
      action,
      resource,
      evaluations: [{}, { subject: denied()['subject'] }, { resource: { type } }, { resource: { id: 'x' } }],
    })
    expect(body.evaluations).toMatchObject([
      { decision: true },
      { decision: false },
      { decision: false, context: { error: { status: 400 } } },
      { decision: false, context: { error: { status: 400 } } },
    ])
  })

  test('a default that cannot be used harms only the items that use it', async () => {
    const { body } = await send(MANY, { resource: {}, context: {}, subject: null, evaluations: [permitted(), {}] })
    expect(body.evaluations).toMatchObject([
      { decision: true },
      { decision: false, context: { error: { status: 400 } } },
    ])
  })

  test('without a subject anywhere the only item is false, and says so', async () => {
    const { subject: _, ...rest } = permitted()
    const { status, body } = await send(MANY, { evaluations: [rest] })
    expect(status).toBe(200)
    expect(body.evaluations).toMatchObject([
      { decision: false, context: { reason: 'subject_invalid', error: { status: 400 } } },
    ])
  })

  test.for<readonly [string, readonly boolean[]]>([
    ['execute_all', [true, false, true, false]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('%s answers up to what ends it', async ([evaluations_semantic, expected]) => {
    const evaluations = [permitted(), denied(), permitted(), denied()]
    const { body } = await send(MANY, { evaluations, options: { evaluations_semantic } })
    expect(body).toEqual({ evaluations: expected.map((decision) => ({ decision })) })
  })

  test('an instant of any length is recorded as an instant, and what cannot be recorded fails its own item', async () => {
    const resource = permitted()['resource'] as { readonly properties: object }
    const long = `2099-06-01T00:00:00.${'0'.repeat(60_000)}Z`
    const item = { ...permitted(), resource: { ...resource, properties: { ...resource.properties, starts_at: long } } }
    const { body } = await send(MANY, { evaluations: [item, permitted()], options: { reasons: true } })
    expect(body.evaluations).toMatchObject([{ decision: true }, { decision: true }])
    const { evaluation_id } = body.evaluations[0].context
    const entry = await suite.tpdp.call('GET', `/v1/decisions/${evaluation_id}`, { as: AUDITOR })
    expect(entry.body.attributes.starts_at).toBe('2099-06-01T00:00:00.000Z')
  })

  test('an error is a denial to the semantics too', async () => {
    const options = { evaluations_semantic: 'deny_on_first_deny' }
    const { body } = await send(MANY, { evaluations: [permitted(), {}, permitted()], options })
    expect(body.evaluations.map(({ decision }: { readonly decision: boolean }) => decision)).toEqual([true, false])
  })

  test.for([{ evaluations_semantic: 'first' }, { evaluations_semantic: 1 }, { reasons: 'yes' }, 'all', null])(
    'options that cannot be are 400: %j',
    async (options) => {
      expectProblem(await send(MANY, { evaluations: [permitted()], options }), 400, 'invalid_request')
    },
  )

  test.for([{}, 'all', null, [1], ['x'], [null]])(
    'evaluations that are no list of objects are 400: %j',
    async (evaluations) => {
      expectProblem(await send(MANY, { ...permitted(), evaluations }), 400, 'invalid_request')
    },
  )
})

describe('the entry of an item that failed', () => {
  const entriesOf = async (item: Question): Promise<Readonly<Record<string, unknown>>> => {
    await send(MANY, { evaluations: [item] })
    const { body } = await suite.tpdp.call('GET', '/v1/decisions?decision=deny&limit=1', { as: AUDITOR })
    return body.entries[0]
  }

  test('says what was asked of whom, where the caller may not ask it', async () => {
    const others = await entriesOf({ ...permitted(), resource: { type: 'care_plan', id: 'plan-1' } })
    expect(others).toMatchObject({ kind: 'refused', code: 'forbidden', action: expect.stringMatching(/^~|execute/u) })
    expect(others).toMatchObject({
      subject: expect.stringMatching(/^user:p_/u),
      resource: expect.stringMatching(/:~/u),
    })
  })

  test.for([
    ['a subject', { subject: 'nobody' }, ['action', 'resource']],
    ['an action', { action: 7 }, ['subject', 'resource']],
    ['a resource', { resource: null }, ['subject', 'action']],
  ] as const)('says what can be read of it where %s is malformed', async ([, broken, kept]) => {
    const entry = await entriesOf({ ...permitted(), ...broken })
    expect(entry).toMatchObject({ kind: 'refused', code: 'invalid_request' })
    expect(['subject', 'action', 'resource'].filter((member) => entry[member] !== undefined).sort()).toEqual(
      [...kept].sort(),
    )
  })
})

describe('addresses', () => {
  test('the metadata is public, from configuration, and can be cached', async () => {
    const { status, headers, body } = await suite.tpdp.call('GET', '/.well-known/authzen-configuration', {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    })
    const { origin } = new URL(body.policy_decision_point)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('application/json')
    expect(headers.get('cache-control')).toContain('max-age=')
    expect(body.access_evaluation_endpoint).toBe(`${origin}${ONE}`)
    expect(body.access_evaluations_endpoint).toBe(`${origin}${MANY}`)
    expect(JSON.stringify(body)).not.toMatch(/evil|null|""|\[\]/)
  })

  test.for(['GET', 'PUT', 'DELETE', 'PATCH'])('%s decides nothing', async (method) => {
    for (const path of [ONE, MANY]) {
      const { status } = await suite.tpdp.call(method, path, {
        as: TRIPS,
        ...(method === 'GET' ? {} : { body: permitted() }),
      })
      expect([400, 404, 405]).toContain(status)
    }
  })

  test('every answer is guarded, and says nothing of what answers', async () => {
    for (const path of ['/livez', '/nowhere', '/.well-known/authzen-configuration']) {
      const { headers } = await suite.tpdp.call('GET', path, { headers: { origin: 'https://evil.example' } })
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('permissions-policy')).toContain('camera=()')
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('server')).toBeNull()
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
    expect((await send(ONE, permitted())).headers.get('cache-control')).toBe('no-store')
  })
})
