/**
 * `POST /v1/grants/preview`: what a grant would allow, or why it would be refused. Nothing changes.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const body = (more: Readonly<Record<string, unknown>> = {}) => ({
  delegate: suite.world.ref('B'),
  delegator_persona: 'traveler/family',
  scope: suite.world.scope('T'),
  actions: ['execute'],
  ...more,
})
const preview = (more = {}, as = suite.world.as('A')) => suite.world.call('POST', '/v1/grants/preview', as, body(more))

test('says what it would allow, and gives nothing', async () => {
  const { world } = suite
  const { status, body: answer } = await preview({ limits: [{ attribute: 'risk', at_most: 2 }] })
  expect(status).toBe(200)
  expect(answer).toMatchObject({
    allowed: true,
    grant: { delegate: world.ref('B'), owner: world.ref('A'), actions: ['execute', 'read'], redelegations: 0 },
    would_allow: [
      { action: 'execute', scope: world.scope('T'), limited: true, gates: [] },
      { action: 'read', scope: world.scope('T'), limited: false, gates: [] },
    ],
  })
  expect(answer.grant.id).toBeUndefined()
  expect(await suite.codes({ subject: 'B', action: 'execute', item: 'flight' })).toEqual(['no_grant'])
  expect((await world.call('GET', '/v1/grants?include=ended', world.as('A'))).body.items).toEqual([])
})

test('names the gates that an agent would have to pass', async () => {
  const { body: answer } = await preview({ delegate: suite.world.ref('X') })
  expect(answer.would_allow[0]).toMatchObject({ action: 'execute', gates: ['consent', 'price', 'lead_time', 'risk'] })
})

test('a refusal is what issuing would be answered with, as data', async () => {
  const { world } = suite
  const rows = [
    { actions: [] },
    { delegate: world.ref('A') },
    { delegate: 'user:nobody-at-all' },
    { delegator_persona: 'traveler/none' },
    { scope: 'workflow:elsewhere' },
    { parent: '01KAQWERTY0123456789ABCDEF' },
    { moves: ['01KAQWERTY0123456789ABCDEF'] },
  ]
  for (const more of rows) {
    const { status, body: answer } = await preview(more)
    const issued = await world.call('POST', '/v1/grants', world.as('A'), body(more))
    expect(status).toBe(200)
    const { code, detail, field, title, status: would } = issued.body
    expect(answer, JSON.stringify(more)).toEqual({
      allowed: false,
      code,
      detail,
      title,
      status: would,
      ...(field ? { field } : {}),
    })
    expect(would).toBe(issued.status)
  }
})

test('whoever may give nothing may not preview either; what is malformed is 400', async () => {
  const { world } = suite
  const elsewhere = await preview({}, { sub: world.id('A'), azp: world.id('X') })
  expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'in_person_only'])
  expect((await preview({ actions: 'read' })).status).toBe(400)
})

test('leaves an entry, by pseudonym', async () => {
  await preview()
  await preview({ actions: [] })
  const { body: page, text } = await suite.world.call('GET', '/v1/decisions?kind=grant_previewed&limit=2', AUDITOR)
  expect(page.entries).toMatchObject([{ decision: false, code: 'grant_invalid' }, { decision: true }])
  expect(text).not.toContain(suite.world.id('A'))
})
