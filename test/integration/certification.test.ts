/**
 * The AuthZEN certification scenario (https://github.com/openid/authzen/blob/e287920/certification/authorization-api-1_0-scenario.md): its fixture is a policy
 * pack, its levels are asked over HTTP. Tests are named by the scenario's sections.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type PackPdp, startPackPdp } from '../fixtures/packs.ts'

const EVALUATION = '/access/v1/evaluation'
const EVALUATIONS = '/access/v1/evaluations'
const SEARCH = '/access/v1/search'

let pdp: PackPdp
beforeAll(async () => {
  pdp = await startPackPdp(inject('openFga'), 'certification')
})
afterAll(() => pdp?.tpdp.stop())

const user = (id: string, properties?: object) => ({ type: 'user', id, ...(properties ? { properties } : {}) })
const record = (id: string, properties?: object) => ({ type: 'record', id, ...(properties ? { properties } : {}) })
const action = (name: string, properties?: object) => ({ name, ...(properties ? { properties } : {}) })
const READ = { subject: user('alice'), action: action('read'), resource: record('record-1') }
const CONTEXT = { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' }

const statusOf = async (path: string, body: unknown) => (await pdp.post(path, body)).status
const decided = async (body: unknown): Promise<unknown> => {
  const { status, body: answer, headers } = await pdp.post(EVALUATION, body)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  return answer.decision
}
const batch = async (body: unknown): Promise<unknown> => {
  const { status, body: answer } = await pdp.post(EVALUATIONS, body)
  expect(status).toBe(200)
  expect(answer.decision).toBeUndefined()
  return answer.evaluations.map(({ decision }: { readonly decision: unknown }) => decision)
}
const found = async (kind: string, body: unknown): Promise<readonly string[]> => {
  const { status, body: answer } = await pdp.post(`${SEARCH}/${kind}`, body)
  expect(status).toBe(200)
  return answer.results.map((one: { readonly id?: string; readonly name?: string }) => one.id ?? one.name)
}

describe('Basic', () => {
  const archived = { status: 'archived' }
  test.for([
    ['rule 1, 2.2.1', READ, true],
    ['rule 2', { ...READ, action: action('write') }, true],
    ['rule 3', { ...READ, subject: user('bob') }, true],
    ['rule 4, 2.2.2', { ...READ, subject: user('bob'), action: action('write') }, false],
    ['2.2.3: context changes nothing', { ...READ, context: CONTEXT }, true],
    ['rule 5, 2.2.4', { ...READ, action: action('write'), resource: record('record-2', archived) }, false],
    [
      'rule 5, on an active record',
      { ...READ, action: action('write'), resource: record('record-1', archived) },
      false,
    ],
    [
      'rule 6, 2.2.5',
      { subject: user('bob', { role: 'admin' }), action: action('write'), resource: record('record-2', archived) },
      true,
    ],
    [
      'rule 6, for a subject who is not stored as one',
      { subject: user('alice', { role: 'admin' }), action: action('write'), resource: record('record-2', archived) },
      true,
    ],
    ['rule 7, 2.2.6', { ...READ, action: action('delete', { soft: true }) }, true],
    ['rule 8, 2.2.7', { ...READ, action: action('delete', { soft: false }) }, false],
    [
      '2.2.8: additional properties',
      {
        subject: user('alice', { department: 'Sales', role: 'manager' }),
        action: action('read', { method: 'GET' }),
        resource: record('record-1', { status: 'active', owner: 'bob' }),
      },
      true,
    ],
    ['2.2.9: unknown fields', { ...READ, foo: 'bar', futureField: { nested: true } }, true],
  ] as const)('%s', async ([, body, decision]) => {
    expect(await decided(body)).toBe(decision)
  })

  test.for([1, 2, 3, 4].map((rule) => [rule, [CONTEXT, {}]] as const))(
    'context changes nothing of rule %s',
    async ([rule, contexts]) => {
      const body = {
        subject: user(rule < 3 ? 'alice' : 'bob'),
        action: action(rule % 2 ? 'read' : 'write'),
        resource: record('record-1'),
      }
      for (const context of contexts) expect(await decided({ ...body, context })).toBe(rule !== 4)
    },
  )

  test('2.3: decision is a boolean, context an object', async () => {
    const { body } = await pdp.post(EVALUATION, READ)
    expect(typeof body.decision).toBe('boolean')
    expect(body.context).toBeTypeOf('object')
  })

  const { subject, resource } = READ
  test.for([
    ['2.4.1 no subject', { action: READ.action, resource }],
    ['2.4.1 no action', { subject, resource }],
    ['2.4.1 no resource', { subject, action: READ.action }],
    ['2.4.2 no subject.type', { ...READ, subject: { id: 'alice' } }],
    ['2.4.2 no subject.id', { ...READ, subject: { type: 'user' } }],
    ['2.4.2 no action.name', { ...READ, action: {} }],
    ['2.4.2 no resource.type', { ...READ, resource: { id: 'record-1' } }],
    ['2.4.2 no resource.id', { ...READ, resource: { type: 'record' } }],
    ['2.4.4 malformed JSON', '{"subject":'],
    ['2.4.6 subject is a text', { ...READ, subject: 'alice' }],
    ['2.4.6 action.name is a number', { ...READ, action: { name: 123 } }],
  ] as const)('%s is 400', async ([, body]) => {
    expect(await statusOf(EVALUATION, body)).toBe(400)
  })
  test('2.4.3 another content type and 2.4.5 an empty body are 400', async () => {
    const text = JSON.stringify(READ)
    expect((await pdp.post(EVALUATION, text, { 'content-type': 'text/plain' })).status).toBe(400)
    expect((await pdp.post(EVALUATION, '')).status).toBe(400)
    expect((await pdp.post(EVALUATION, text, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200)
  })
  test('2.5: a request id comes back, on refusals too; none is no failure', async () => {
    for (const body of [READ, {}]) {
      const { headers } = await pdp.post(EVALUATION, body, { 'x-request-id': 'a-b-c' })
      expect(headers.get('x-request-id')).toBe('a-b-c')
    }
    expect(await decided(READ)).toBe(true)
  })
  test('2.6: asked three times, answered alike', async () => {
    expect([await decided(READ), await decided(READ), await decided(READ)]).toEqual([true, true, true])
  })
})

describe('Batch', () => {
  const archived = record('record-2', { status: 'archived' })
  const active = record('record-1', { status: 'active' })
  test.for([
    [
      '3.2.1',
      {
        subject: user('alice'),
        action: action('read'),
        evaluations: [{ resource: record('record-1') }, { resource: record('record-2') }],
      },
      [true, false],
    ],
    [
      '3.2.2',
      {
        subject: user('bob'),
        resource: record('record-1'),
        evaluations: [{ action: action('read') }, { action: action('write') }],
      },
      [true, false],
    ],
    [
      '3.2.3',
      { subject: user('alice'), action: action('write'), evaluations: [{ resource: active }, { resource: archived }] },
      [true, false],
    ],
    [
      '3.2.4',
      {
        action: action('write'),
        resource: archived,
        evaluations: [{ subject: user('alice') }, { subject: user('bob', { role: 'admin' }) }],
      },
      [false, true],
    ],
    [
      '3.2.5',
      { evaluations: [READ, { subject: user('bob'), action: action('write'), resource: record('record-1') }] },
      [true, false],
    ],
    [
      '3.2.6',
      {
        subject: user('alice'),
        action: action('read'),
        context: CONTEXT,
        evaluations: [{ resource: record('record-1') }, { resource: record('record-1'), context: { source: 'x' } }],
      },
      [true, true],
    ],
    [
      '3.2.7',
      { subject: user('alice'), action: action('write'), resource: active, evaluations: [{}, { resource: archived }] },
      [true, false],
    ],
    [
      '3.4.1',
      {
        subject: user('alice'),
        action: action('read'),
        options: { evaluations_semantic: 'execute_all' },
        evaluations: [{ resource: record('record-1') }, {}],
      },
      [true, false],
    ],
  ] as const)('%s', async ([, body, decisions]) => {
    expect(await batch(body)).toEqual(decisions)
    expect((await pdp.post(EVALUATIONS, body)).text).toBe((await pdp.post(EVALUATIONS, body)).text)
  })
  test('3.4.2 and 3.4.3: without evaluations it is a single one', async () => {
    for (const body of [READ, { ...READ, evaluations: [] }]) {
      const { status, body: answer } = await pdp.post(EVALUATIONS, body)
      expect([status, answer.decision, answer.evaluations]).toEqual([200, true, undefined])
    }
  })
})

describe('Search', () => {
  const readers = { subject: { type: 'user' }, action: action('read'), resource: record('record-1') }
  const readable = { subject: user('alice'), action: action('read'), resource: { type: 'record' } }
  const doable = { subject: user('alice'), resource: record('record-1') }
  test.for([
    ['S1, 4.2.1', 'subject', readers, ['alice', 'bob']],
    ['4.2.2', 'subject', { ...readers, context: CONTEXT }, ['alice', 'bob']],
    ['4.2.3: an id of the searched is ignored', 'subject', { ...readers, subject: user('alice') }, ['alice', 'bob']],
    [
      'S4, 4.2.4: what is stored of bob fills in',
      'subject',
      { ...readers, action: action('write'), resource: record('record-2', { status: 'archived' }) },
      ['bob'],
    ],
    ['S2, 4.3.1', 'resource', readable, ['record-1']],
    ['4.3.2', 'resource', { ...readable, context: CONTEXT }, ['record-1']],
    ['4.3.3', 'resource', { ...readable, resource: record('record-2') }, ['record-1']],
    [
      'S5, 4.3.4',
      'resource',
      { ...readable, subject: user('bob', { role: 'admin' }), action: action('write') },
      ['record-2'],
    ],
    ['S3, 4.4.1', 'action', doable, ['read', 'write']],
    ['4.4.2', 'action', { ...doable, context: CONTEXT }, ['read', 'write']],
    [
      'S6, 4.4.3',
      'action',
      { subject: user('bob', { role: 'admin' }), resource: record('record-2', { status: 'archived' }) },
      ['write'],
    ],
    ['4.6.1: an unknown subject', 'action', { ...doable, subject: user('nonexistent-user') }, []],
    ['4.6.1: an unknown resource', 'subject', { ...readers, resource: record('nonexistent') }, []],
    ['4.6.1: an unknown subject', 'resource', { ...readable, subject: user('nonexistent-user') }, []],
    ['4.6.2: an unknown type searched', 'subject', { ...readers, subject: { type: 'spaceship' } }, []],
    ['4.6.2: an unknown type searched', 'resource', { ...readable, resource: { type: 'spaceship' } }, []],
    ['4.6.2: an unknown type', 'action', { ...doable, resource: { type: 'spaceship', id: 'x' } }, []],
    ['4.6.2: an unknown subject type', 'resource', { ...readable, subject: { type: 'spaceship', id: 'x' } }, []],
    ['an unknown action', 'subject', { ...readers, action: action('fly') }, []],
  ] as const)('%s', async ([, kind, body, results]) => {
    expect((await found(kind, body)).toSorted()).toEqual(results)
  })
  test('4.5: pages, with the limit said again or not', async () => {
    for (const again of [{ limit: 1 }, {}]) {
      const first = await pdp.post(`${SEARCH}/subject`, { ...readers, page: { limit: 1 } })
      expect(first.body.results).toHaveLength(1)
      expect(Object.keys(first.body)[0]).toBe('page')
      const token = first.body.page.next_token
      expect(token).not.toBe('')
      const second = await pdp.post(`${SEARCH}/subject`, { ...readers, page: { token, ...again } })
      expect(second.body.page.next_token).toBe('')
      const all = [...first.body.results, ...second.body.results].map(({ id }: { readonly id: string }) => id)
      expect(all.toSorted()).toEqual(['alice', 'bob'])
      const other = { ...readers, action: action('write'), page: { token } }
      expect((await pdp.post(`${SEARCH}/subject`, other)).status).toBe(400)
    }
  })
  test.for([
    ['4.7.1', 'subject', { subject: { type: 'user' }, resource: record('record-1') }],
    ['4.7.1', 'resource', { action: action('read'), resource: { type: 'record' } }],
    ['4.7.1', 'action', { subject: user('alice') }],
    ['4.7.2', 'subject', { subject: { type: 'user' }, action: action('read'), resource: { type: 'record' } }],
    ['4.7.2', 'resource', { subject: { type: 'user' }, action: action('read'), resource: { type: 'record' } }],
    ['4.7.2', 'action', { subject: { type: 'user' }, resource: record('record-1') }],
  ] as const)('%s: %s search that lacks what it must have is 400', async ([, kind, body]) => {
    expect(await statusOf(`${SEARCH}/${kind}`, body)).toBe(400)
  })
})

test('Discovery, 6: the metadata is public and names what is served', async () => {
  const { status, headers, body } = await pdp.tpdp.call('GET', '/.well-known/authzen-configuration')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  const base = body.policy_decision_point
  expect(body.access_evaluation_endpoint).toBe(`${base}${EVALUATION}`)
  expect(body.access_evaluations_endpoint).toBe(`${base}${EVALUATIONS}`)
  for (const kind of ['subject', 'resource', 'action'])
    expect(body[`search_${kind}_endpoint`]).toBe(`${base}${SEARCH}/${kind}`)
})
