/**
 * AuthZEN searches over HTTP: what the certification scenario demands of their form. What they find is in `search.test.ts`.
 *
 * @module
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type CallOptions, TRIPS } from '../fixtures/pdp.ts'
import { useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const KINDS = ['subject', 'resource', 'action'] as const
type Kind = (typeof KINDS)[number]
type Question = Readonly<Record<string, unknown>>

beforeAll(async () => {
  for (const name of ['T2', 'T3']) await suite.world.trip(name, 'A', 'traveler/family')
  await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
})

/** A question that finds two or more. */
function asked(kind: Kind): Question {
  const { subject, action, resource } = suite.world.question({ subject: 'A', action: 'read' })
  if (kind === 'subject') return { subject: { type: 'user' }, action, resource }
  return kind === 'resource' ? { subject, action, resource: { type: 'workflow' } } : { subject, resource }
}
const send = (kind: Kind, body: unknown, options: CallOptions = {}): Promise<Answer> =>
  suite.tpdp.call('POST', `/access/v1/search/${kind}`, { as: TRIPS, body, ...options })
const subjectOf = (kind: Kind): object => asked(kind)['subject'] as object
const without = (question: Question, member: string): Question =>
  Object.fromEntries(Object.entries(question).filter(([name]) => name !== member))

describe.for(KINDS)('a search for a %s', (kind) => {
  test('answers with nothing but what it found, three times alike', async () => {
    const answers = [await send(kind, asked(kind)), await send(kind, asked(kind)), await send(kind, asked(kind))]
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const result = kind === 'action' ? /^\{"name":"\w+"\}$/ : /^\{"type":"\w+","id":"[\w-]+"\}$/
    expect(answers[0]?.body.results.length).toBeGreaterThan(1)
    for (const one of answers[0]?.body.results ?? []) expect(JSON.stringify(one)).toMatch(result)
    expect(Object.keys(answers[0]?.body)).toEqual(['results'])
  })

  test.for([undefined, null, 'x', 1, [], {}, { type: '' }, { type: 7 }])(
    'each entity has its type and id: %j has not',
    async (entity) => {
      for (const member of Object.keys(asked(kind))) {
        const { status, body } = await send(kind, { ...asked(kind), [member]: entity })
        expect([status, body.code], member).toEqual([400, 'invalid_request'])
        expect(body.detail, member).toContain(member)
        expect((await send(kind, without(asked(kind), member))).status, `no ${member}`).toBe(400)
      }
    },
  )

  test('what is searched for needs no id, and what stands beside it does', async () => {
    const given = ['subject', 'resource'].filter((member) => member !== kind)
    for (const member of given) {
      const { id: _, ...rest } = asked(kind)[member] as { readonly id: string }
      expect((await send(kind, { ...asked(kind), [member]: rest })).status, member).toBe(400)
    }
    const searched = { ...(asked(kind)[kind] as object), id: 'ignored', name: 'ignored' }
    expect((await send(kind, { ...asked(kind), [kind]: searched })).text).toBe((await send(kind, asked(kind))).text)
  })

  test.for([
    { sid: 5 },
    { sid: {} },
    { sid: null },
    { act: 'x' },
    { act: { sub: 5 } },
    { act: { sub: '' } },
    { act: [] },
    { persona: 5 },
    [],
    'x',
  ])('properties of a subject are read by the same rules, searched for or not: %j', async (properties) => {
    const { status, body } = await send(kind, { ...asked(kind), subject: { ...subjectOf(kind), properties } })
    expect([status, body.code]).toEqual([400, 'invalid_request'])
    expect(body.detail).toContain('subject.properties')
  })

  test.for([{}, { sid: 'x'.repeat(5_000) }, { act: { sub: 'a:b#c' } }, { persona: 'none/such' }, { other: 5 }])(
    'properties of a subject, well formed: %j',
    async (properties) => {
      const subject = { ...subjectOf(kind), properties }
      expect((await send(kind, { ...asked(kind), subject })).status).toBe(200)
    },
  )

  test('ids of any form are asked about', async () => {
    for (const id of ['*', 'a#b', 'did:web:x#1', 'https://x.example/a?b', 'x'.repeat(1_024)])
      for (const member of ['subject', 'resource'])
        expect(
          (await send(kind, { ...asked(kind), [member]: { ...(asked(kind)[member] as object), id } })).status,
        ).toBe(200)
  })

  test('unknown members change nothing, at any level', async () => {
    const extra = { future: { a: [1, null] }, options: { reasons: true } }
    const entities = Object.entries(asked(kind)).map(([name, entity]) => [name, { ...extra, ...(entity as object) }])
    const { body } = await send(kind, { ...Object.fromEntries(entities), ...extra, context: extra })
    expect(body).toEqual((await send(kind, asked(kind))).body)
  })

  test('page: as many as were asked for, then the rest by token, with the limit again or without', async () => {
    const whole = (await send(kind, asked(kind))).body.results
    const first = await send(kind, { ...asked(kind), page: { limit: 1, future: 1 } })
    expect(Object.keys(first.body)[0]).toBe('page')
    const { next_token: token } = first.body.page
    for (const page of [{ token }, { token, limit: 1 }, { token, limit: 0 }]) {
      const next = await send(kind, { ...asked(kind), page })
      expect([...first.body.results, ...next.body.results]).toEqual(whole.slice(0, 2))
    }
    expect((await send(kind, { ...asked(kind), page: { token, limit: 2 } })).status).toBe(400)
  })

  test.for([{}, { limit: 0 }, { token: '' }])('page %j asks for no limit', async (page) => {
    const { body } = await send(kind, { ...asked(kind), page })
    const { results } = (await send(kind, asked(kind))).body
    expect(body).toEqual({ page: { next_token: '', count: results.length }, results })
  })

  test.for([
    'x',
    null,
    [],
    { limit: -1 },
    { limit: 1.5 },
    { limit: '1' },
    { token: 1 },
    { token: 'x' },
    { token: '.' },
  ])('page %j is 400', async (page) => {
    const { status, body } = await send(kind, { ...asked(kind), page })
    expect([status, body.code]).toEqual([400, 'invalid_request'])
    expect(body.detail).toContain('page')
  })

  test.for(['', '[]', 'null', '"x"', '{', '{"a":1,"a":2}'])('the body %s is 400', async (body) => {
    expect((await send(kind, body)).status).toBe(400)
  })

  test('any other content type is 400, any other method 405, and the request id comes back', async () => {
    const id = { 'x-request-id': 'a b c' }
    const answers = [
      await send(kind, asked(kind), { headers: { ...id, 'content-type': 'text/plain' } }),
      await suite.tpdp.call('GET', `/access/v1/search/${kind}`, { as: TRIPS, headers: id }),
      await suite.tpdp.call('PUT', `/access/v1/search/${kind}`, { as: TRIPS, headers: id, body: asked(kind) }),
      await send(kind, asked(kind), { headers: id }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 405, 405, 200])
    for (const { headers } of answers) expect(headers.get('x-request-id')).toBe('a b c')
  })
})

test('a single evaluation decides the same three times', async () => {
  const question = suite.world.question({ subject: 'A', action: 'read' })
  for (let time = 0; time < 3; time += 1)
    expect((await suite.tpdp.call('POST', '/access/v1/evaluation', { as: TRIPS, body: question })).body.decision).toBe(
      true,
    )
})
