/**
 * The AuthZEN working group's public interop scenarios, each a policy pack with facts and not a line of code: Todo, API gateway, search and
 * identity provider. Asked over HTTP, compared as the scenarios' own runners do: whole answers.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { interopOf, type PackPdp, startPackPdp } from '../fixtures/packs.ts'

const EVALUATION = '/access/v1/evaluation'

describe('Todo 02', () => {
  const { people, evaluation, evaluations } = interopOf('todo')
  let pdp: PackPdp
  beforeAll(async () => {
    pdp = await startPackPdp(inject('openFga'), 'todo')
  })
  afterAll(() => pdp?.tpdp.stop())
  const todo = (type: string, id: string, ownerID: string | null) => ({
    type,
    id,
    ...(ownerID ? { properties: { ownerID } } : {}),
  })

  test('there are 40 evaluations and 3 batches', () => {
    expect([evaluation.length, evaluations.length]).toEqual([40, 3])
  })
  test.for(evaluation as [string, string, string, string, string | null, boolean][])(
    '%s %s %s %s of %s: %s',
    async ([who, name, type, id, owner, decision]) => {
      const { status, body } = await pdp.post(EVALUATION, {
        subject: { type: 'user', id: people[who] },
        action: { name },
        resource: todo(type, id, owner),
      })
      expect([status, body.decision]).toEqual([200, decision])
    },
  )
  test.for(evaluations as { subject: string; action: string; items: [string, string, string, boolean][] }[])(
    'a batch of $subject: $action',
    async ({ subject, action, items }) => {
      const { status, body } = await pdp.post('/access/v1/evaluations', {
        subject: { type: 'user', id: people[subject] },
        action: { name: action },
        evaluations: items.map(([type, id, owner]) => ({ resource: todo(type, id, owner) })),
      })
      expect(status).toBe(200)
      expect(body).toStrictEqual({ evaluations: items.map(([, , , decision]) => ({ decision })) })
    },
  )

  test('nobody’s e-mail address stands in the log: whoever is asked about by one is a pseudonym', async () => {
    await pdp.post(EVALUATION, {
      subject: { type: 'user', id: people.rick },
      action: { name: 'can_read_user' },
      resource: { type: 'user', id: 'beth@the-smiths.com' },
    })
    const as = { sub: 'staff', azp: 'auditor', roles: ['auditor'] }
    const { body, text } = await pdp.tpdp.call('GET', '/v1/decisions?limit=200', { as })
    expect(body.total).toBeGreaterThan(0)
    expect(text).not.toContain('the-smiths.com')
    expect(text).not.toContain(people.rick)
  })
})

describe('API gateway', () => {
  const { people, evaluation } = interopOf('gateway')
  let pdp: PackPdp
  beforeAll(async () => {
    pdp = await startPackPdp(inject('openFga'), 'gateway')
  })
  afterAll(() => pdp?.tpdp.stop())

  test('there are 25 evaluations', () => {
    expect(evaluation).toHaveLength(25)
  })
  test.for(evaluation as [string, string, string, boolean][])('%s %s %s: %s', async ([who, name, id, decision]) => {
    const { status, body } = await pdp.post(EVALUATION, {
      subject: { type: 'identity', id: people[who] },
      action: { name },
      resource: { type: 'route', id },
    })
    expect([status, body.decision]).toEqual([200, decision])
  })
})

describe('search and identity provider', () => {
  const cases = interopOf('search')
  let pdp: PackPdp
  beforeAll(async () => {
    pdp = await startPackPdp(inject('openFga'), 'search')
  })
  afterAll(() => pdp?.tpdp.stop())
  /** In any order, and nothing but the entities. */
  const found = async (kind: string, question: unknown): Promise<readonly string[]> => {
    const { status, body } = await pdp.post(`/access/v1/search/${kind}`, question)
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(['results'])
    return body.results.map((one: unknown) => JSON.stringify(one)).sort()
  }
  const shown = (all: readonly object[]) => all.map((one) => JSON.stringify(one)).sort()
  const user = (id: string) => ({ type: 'user', id })
  const record = (id: string) => ({ type: 'record', id })

  test('there are 60, 18, 120 and 6 searches', () => {
    const { subject, resource, action, identity_provider } = cases
    expect([subject, resource, action, identity_provider].map((list) => list.length)).toEqual([60, 18, 120, 6])
  })
  test.for(cases.subject as [string, string, string[]][])('who may, on %s: %s', async ([id, name, people]) => {
    const question = { subject: { type: 'user' }, action: { name }, resource: record(id) }
    expect(await found('subject', question)).toEqual(shown(people.map(user)))
  })
  test.for([...cases.resource, ...cases.identity_provider] as [string, string, string[]][])(
    'what %s may %s',
    async ([id, name, records]) => {
      const question = { subject: user(id), action: { name }, resource: { type: 'record' } }
      expect(await found('resource', question)).toEqual(shown(records.map(record)))
    },
  )
  test.for(cases.action as [string, string, string[]][])('what %s may do on %s', async ([id, of, names]) => {
    const question = { subject: user(id), resource: record(of) }
    expect(await found('action', question)).toEqual(shown(names.map((name) => ({ name }))))
  })
})
