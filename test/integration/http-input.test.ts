/**
 * What callers may put into a request and what comes of it: ids, numbers, texts, and facts that are not theirs to state (rules A5 and D3).
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, evaluate, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const FLIGHT = { subject: 'A', actor: 'X', action: 'execute', item: 'flight' } as const

type Properties = Readonly<Record<string, unknown>>
type Question = Readonly<Record<string, unknown>>
const question = (attributes: Properties = {}): Question => suite.world.question({ ...FLIGHT, attributes })

beforeAll(async () => {
  await suite.give({ from: 'A', to: 'X', actions: ['execute'] })
  expect((await evaluate(suite.tpdp, question())).body.decision).toBe(true)
})

function expectRefused({ status, body, text }: Answer, member: string): void {
  expect([status, body?.code], text).toEqual([400, 'invalid_request'])
  expect(body.detail).toContain(member)
}

describe('A5: an id of 1 to 1,024 bytes stands for itself, wherever it stands', () => {
  const long = (unit: string): string => unit.repeat(1_024 / Buffer.byteLength(unit))
  test.for([
    `trip@${randomUUID()}`,
    'Reise nach Zürich',
    '旅行-🧳',
    '"quoted"',
    "it's; --",
    '../..',
    '*',
    'a#b',
    'did:web:example.com#key-1',
    'https://example.com/a/b?c=d&e=%2F',
    'spiffe://example.org/ns/a',
    'arn:aws:s3:::bucket/*',
    'workflow:other',
    '=2A',
    'a=h',
    long('x'),
    long('é'),
    long('🧳'),
  ])('a resource called %s is registered, asked about, found and forgotten', async (id) => {
    const { world, tpdp } = suite
    const at = `/v1/resources/workflow/${encodeURIComponent(id)}`
    const body = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    expect((await tpdp.call('PUT', at, { as: TRIPS, body })).body).toMatchObject({ id })
    const asked = { ...world.question({ subject: 'A', action: 'read' }), resource: { type: 'workflow', id } }
    expect((await evaluate(tpdp, asked)).body).toMatchObject({ decision: true, context: { reason: 'owner' } })
    const found = await tpdp.call('POST', '/access/v1/search/subject', {
      as: TRIPS,
      body: { ...asked, subject: { type: 'user' } },
    })
    expect(found.body.results).toEqual([{ type: 'user', id: world.id('A') }])
    expect((await tpdp.call('DELETE', at, { as: TRIPS })).status).toBe(204)
  })

  test.for(['a\tb', 'a\u0085', '\u{d800}', '\u{dc00}a', '', 'x'.repeat(1_025)])(
    'no other is one: %j is 400, and the member is named',
    async (id) => {
      const { world, tpdp } = suite
      const asked = question()
      const subject = asked['subject'] as Properties
      for (const [member, change] of [
        ['id', { subject: { ...subject, id } }],
        ['sub', { subject: { ...subject, properties: { act: { sub: id } } } }],
        ['id', { resource: { type: 'workflow', id } }],
      ] as const)
        expectRefused(await evaluate(tpdp, { ...asked, ...change }), member)
      const grant = { delegate: `user:${id}`, scope: world.scope('T'), actions: ['read'] }
      expectRefused(await world.call('POST', '/v1/grants', world.as('A'), grant), 'delegate')
      const agent = { as: world.staff('operator'), body: { id } }
      expectRefused(await tpdp.call('POST', '/v1/agents', agent), 'id')
    },
  )
})

describe('A5: ids of any form, from the grant to the log', () => {
  test.for([
    ['spiffe://example.org/ns/a/sa/bot#1', 'did:web:example.com#trip'],
    ['*', '*'],
    ['urn:agent:a b', 'arn:aws:s3:::bucket/a,b|c~d'],
    ['all:travel', 'all:travel'],
    [`https://agents.example/${'é'.repeat(400)}`, `https://trips.example/?q=${'🧳'.repeat(200)}`],
  ] as const)('agent %s and trip %s', async ([agent, trip]) => {
    const { world, tpdp } = suite
    const resource = { type: 'workflow', id: trip }
    const owner = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    const path = `/v1/resources/workflow/${encodeURIComponent(trip)}`
    expect((await tpdp.call('PUT', path, { as: TRIPS, body: owner })).status).toBe(201)
    const registered = await world.call('POST', '/v1/agents', world.staff('operator'), { id: agent })
    expect(registered.body).toMatchObject({ id: agent })
    const given = await world.call('POST', '/v1/grants', world.as('A'), {
      delegate: `agent:${agent}`,
      delegator_persona: 'traveler/family',
      scope: `workflow:${trip}`,
      actions: ['read'],
      unattended: true,
    })
    expect(given.body).toMatchObject({ delegate: `agent:${agent}`, scope: `workflow:${trip}` })
    const asked = { subject: { type: 'agent', id: agent }, action: { name: 'read' }, resource }
    const decided = await evaluate(tpdp, asked)
    expect(decided.body).toMatchObject({ decision: true, context: { chain: [{ grant: given.body.id }] } })
    const neighbour = { ...asked, resource: { ...resource, id: `${trip}x` } }
    expect((await evaluate(tpdp, neighbour)).body.decision).toBe(false)
    const search = (what: string, body: object) =>
      tpdp.call('POST', `/access/v1/search/${what}`, { as: TRIPS, body: { ...asked, ...body } })
    expect((await search('resource', { resource: { type: 'workflow' } })).body.results).toEqual([resource])
    expect((await search('subject', { subject: { type: 'agent' } })).body.results).toEqual([asked.subject])
    const query = new URLSearchParams({ delegator: 'me', resource: `workflow:${trip}`, delegate: `agent:${agent}` })
    const listed = await world.call('GET', `/v1/grants?${query}`, world.as('A'))
    expect(listed.body.items).toMatchObject([{ id: given.body.id }])
    for (const filter of [
      { under: `workflow:${trip}`, subject: `agent:${agent}` },
      { resource: `workflow:${trip}`, member: `agent:${agent}` },
    ]) {
      const found = await tpdp.call('GET', `/v1/decisions?${new URLSearchParams({ ...filter, kind: 'evaluation' })}`, {
        as: AUDITOR,
      })
      expect(found.body.entries).toMatchObject([{ id: decided.body.context.evaluation_id }])
    }
    const suspended = { status: 'suspended' }
    await world.call('PATCH', `/v1/agents/${encodeURIComponent(agent)}`, world.staff('operator'), suspended)
    expect((await evaluate(tpdp, asked)).body.context.reason).toBe('agent_suspended')
  })
})

describe('a text is well-formed Unicode, or the member is named', () => {
  test.for<readonly [string, string, string]>([
    ['/access/v1/evaluation', 'name', '{"action":{"name":"\\ud800"}}'],
    ['/access/v1/evaluation', 'note', '{"context":{"note":"a\\udc00"}}'],
    ['/access/v1/search/resource', 'note', '{"context":{"note":["\\ud83d"]}}'],
    ['/v1/grants', 'reason', '{"reason":"\\ude00\\ud83d"}'],
  ])('%s: %s', async ([path, member, body]) => {
    const headers = { 'idempotency-key': randomUUID() }
    expectRefused(await suite.tpdp.call('POST', path, { as: TRIPS, body, headers }), member)
  })

  test('a pair in two escapes is a character', async () => {
    const body = JSON.stringify({ ...question(), context: { note: '?' } }).replace('?', '\\ud83e\\uddf3')
    expect((await evaluate(suite.tpdp, body)).body.decision).toBe(true)
  })
})

describe('D3: an attribute is what the manifest says, or the gate fails', () => {
  const WRONG = [
    'NaN',
    '"1"',
    '-1',
    '1e400',
    '-1e400',
    'null',
    '[]',
    '[1]',
    '{}',
    'true',
    '""',
    '1.5',
    '1e-400',
    '9007199254740993',
  ]
  const money = (amount: string): string => `{"amount":${amount},"currency":"EUR"}`
  const rows: readonly (readonly [string, string, string])[] = [
    ...WRONG.map((value) => ['risk', 'risk', value] as const),
    ...WRONG.map((value) => ['planned_price', 'price', money(value)] as const),
    ...WRONG.map((value) => ['planned_price', 'price', value] as const),
    ...['"€"', '"eur"', '""', 'null', '["EUR"]'].map(
      (currency) => ['planned_price', 'price', `{"amount":1,"currency":${currency}}`] as const,
    ),
    ...[...WRONG, '"tomorrow"', '"2027-01-01"', '"2027-13-01T00:00:00Z"', '1798761600'].map(
      (value) => ['starts_at', 'lead_time', value] as const,
    ),
  ]
  // No JSON at all, and a number that is a good one: too small to be told from none, and that is within the limit.
  const usable = ([name, , value]: readonly [string, string, string]): boolean =>
    value.includes('NaN') ||
    (name !== 'starts_at' && value.includes('1e-400') && (name === 'risk' || value.startsWith('{')))

  test.for(rows.filter((row) => !usable(row)))('%s for %s: %s', async ([name, gate, value]) => {
    const body = JSON.stringify(question({ [name]: '?' })).replace('"?"', value)
    const { status, body: answer } = await evaluate(suite.tpdp, body)
    expect(status).toBe(200)
    expect(answer.decision).toBe(false)
    expect(answer.context.reasons).toContainEqual(expect.objectContaining({ code: 'attribute_invalid', gate }))
  })

  test('NaN is no JSON', async () => {
    expectRefused(await evaluate(suite.tpdp, JSON.stringify(question({ risk: '?' })).replace('"?"', 'NaN')), 'JSON')
  })

  test('one that is missing is no better', async () => {
    const { resource, ...rest } = question()
    const { body } = await evaluate(suite.tpdp, { ...rest, resource: { ...(resource as object), properties: {} } })
    expect(body.context.reasons).toMatchObject([
      { code: 'attribute_invalid', gate: 'price' },
      { code: 'attribute_invalid', gate: 'lead_time' },
      { code: 'attribute_invalid', gate: 'risk' },
    ])
  })

  test('a number that no double holds breaks neither a search nor a repeated change', async () => {
    const { world, tpdp } = suite
    const asked = JSON.stringify({ ...question({ risk: '?' }), page: { limit: 1 } }).replace('"?"', '1e400')
    const found = await tpdp.call('POST', '/access/v1/search/action', { as: TRIPS, body: asked })
    expect(found.status).toBe(200)
    const grant = { delegate: world.ref('B'), scope: world.scope('T'), actions: ['read'], redelegations: '?' }
    const body = JSON.stringify(grant).replace('"?"', '1e400')
    const headers = { 'idempotency-key': randomUUID() }
    expectRefused(await tpdp.call('POST', '/v1/grants', { as: world.as('A'), body, headers }), 'redelegations')
  })
})

test('a type that no domain has is nothing to search for, whatever it is called', async () => {
  const { world, tpdp } = suite
  for (const type of ['robot', 'x'.repeat(256), 'a b', 'a|b~c', '旅行', 'workflow:x', 'a#b', '*', '%3A'])
    for (const [searched, part] of [
      ['subject', { subject: { type: 'user' } }],
      ['resource', { resource: { type } }],
      ['action', {}],
    ] as const) {
      const body = { ...question(), resource: { type, id: 'a' }, ...part }
      const as = { sub: 'staff', azp: 'desktop', roles: ['auditor'] }
      const { status, body: found } = await tpdp.call('POST', `/access/v1/search/${searched}`, { as, body })
      expect([status, found.results], `${searched} ${world.tag} ${type}`).toEqual([200, []])
    }
})

test('64 levels of nesting are 400 at every address that reads a body', async () => {
  const body = `${'{"a":'.repeat(63)}{}${'}'.repeat(63)}`
  for (const path of ['/access/v1/evaluation', '/access/v1/evaluations', '/access/v1/search/action', '/v1/grants'])
    expectRefused(await suite.tpdp.call('POST', path, { as: TRIPS, body }), 'nested')
})

describe('what a caller states as fact changes nothing', () => {
  const far = '2999-01-01T00:00:00Z'
  const FACTS: readonly (readonly [string, (world: typeof suite.world) => Properties])[] = [
    ['the time', () => ({ current_time: far, now: far, evaluated_at: far, time: 0 })],
    ['an early time', () => ({ current_time: '2000-01-01T00:00:00Z', now: 0 })],
    ['an owner', (world) => ({ owner: world.ref('S'), owner_persona: 'traveler/other', parent: 'workflow:other' })],
    ['consent', () => ({ consent: true, travel_consent: true, autonomy: { consent: true } })],
    ['no consent', () => ({ consent: false, travel_consent: false, autonomy: { consent: false } })],
    ['limits', () => ({ limits: { price: { at_most: 9e15 } }, limit: 9e15, at_most: {}, at_least: {}, bounds: {} })],
    ['validity', () => ({ valid_from: '1970-01-01T00:00:00Z', valid_till: far, expires_at: far, status: 'active' })],
    [
      'standing',
      (world) => ({ standing: [world.ref('S')], acting: [], within: [], limited: false, roles: ['operator'] }),
    ],
  ]
  const CASES = [
    ['permitted', {}],
    ['denied for its price', { planned_price: { amount: 500_001, currency: 'EUR' } }],
    ['denied for its start', { starts_at: '2000-01-01T00:00:00Z' }],
  ] as const

  /** A decision without what differs from one to the next. */
  const decided = async (body: Question): Promise<unknown> => {
    const { body: answer } = await evaluate(suite.tpdp, body)
    const { evaluation_id: _id, ...context } = answer.context
    return { ...answer, context }
  }

  test.for(
    FACTS.flatMap(([what, facts]) => CASES.map(([case_, attributes]) => [what, case_, facts, attributes] as const)),
  )('%s: %s all the same', async ([, , facts, attributes]) => {
    const asked = question(attributes)
    const stated = facts(suite.world)
    const expected = await decided(asked)
    const place = (name: 'subject' | 'action' | 'resource'): Properties => {
      const entity = asked[name] as { readonly properties?: Properties }
      return { [name]: { ...entity, ...stated, ...entity, properties: { ...stated, ...entity.properties } } }
    }
    const everywhere = { ...place('subject'), ...place('action'), ...place('resource') }
    for (const change of [{ context: stated }, stated, everywhere])
      expect(await decided({ ...asked, ...change, ...(change === stated ? asked : {}) })).toEqual(expected)
  })

  test('nor does it wake up a grant that has ended', async () => {
    const { world, tpdp } = suite
    await world.grant({ from: 'A', to: 'C', actions: ['read'], seconds: 120, name: 'short' })
    const asked = world.question({ subject: 'C', action: 'read' })
    expect((await evaluate(tpdp, asked)).body.decision).toBe(true)
    tpdp.advance(121_000)
    const context = { current_time: new Date(tpdp.now() - 121_000).toISOString(), expires_at: far }
    const { body } = await evaluate(tpdp, { ...asked, context })
    expect([body.decision, body.context.reason]).toEqual([false, 'grant_expired'])
  })
})
