/**
 * AuthZEN searches (section 8): complete, re-checked, paged by tokens that fit one question only.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Answer, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

let tpdp: TestPdp
let world: World
beforeAll(async () => {
  tpdp = await startTestPdp({ openFga: inject('openFga') })
  world = new World(tpdp)
  await world.begin()
  for (const name of ['T2', 'T3', 'T4']) await world.trip(name, 'A', 'traveler/family')
  await world.grant({ from: 'A', to: 'B', on: 'T', actions: ['execute'], redelegations: 1, name: 'ab' })
  await world.grant({ from: 'A', to: 'B', on: 'T3', actions: ['read'] })
  await world.grant({ from: 'A', to: 'C', on: 'all:travel', actions: ['read'] })
  await world.grant({ from: 'A', to: 'X', on: 'T', actions: ['execute'], unattended: true })
})
afterAll(() => tpdp?.stop())

const search = (what: 'subject' | 'resource' | 'action', body: unknown, as = TRIPS): Promise<Answer> =>
  tpdp.call('POST', `/access/v1/search/${what}`, { as, body })
const subject = (name: string, persona?: string) => ({
  type: name.startsWith('X') ? 'agent' : 'user',
  id: world.id(name),
  ...(persona ? { properties: { persona } } : {}),
})
const trip = (name: string) => ({ type: 'workflow', id: world.named.get(name) })
const ids = ({ body }: Answer): string[] => body.results.map(({ id }: { readonly id: string }) => id)
const read = { name: 'read' }
const trips = { type: 'workflow' }

test('an owner finds what is theirs, a delegate what was granted, a stranger nothing', async () => {
  const all = ['T', 'T2', 'T3', 'T4'].map((name) => world.named.get(name)).sort()
  expect(ids(await search('resource', { subject: subject('A'), action: read, resource: trips }))).toEqual(all)
  expect(ids(await search('resource', { subject: subject('C'), action: read, resource: trips }))).toEqual(all)
  const two = ['T', 'T3'].map((name) => world.named.get(name)).sort()
  expect(ids(await search('resource', { subject: subject('B'), action: read, resource: trips }))).toEqual(two)
  expect((await search('resource', { subject: subject('S'), action: read, resource: trips })).body).toEqual({
    results: [],
  })
})

test('parts are found below what was granted, and only for the action that was', async () => {
  const found = await search('resource', { subject: subject('B'), action: read, resource: { type: 'workflow_item' } })
  expect(ids(found)).toHaveLength(6)
  expect(ids(await search('resource', { subject: subject('B'), action: { name: 'update' }, resource: trips }))).toEqual(
    [],
  )
})

test('who may read a trip: its owner and everybody whom a live grant reaches, agents by their own type', async () => {
  const users = await search('subject', { subject: { type: 'user' }, action: read, resource: trip('T') })
  expect(ids(users).sort()).toEqual(['A', 'B', 'C'].map((name) => world.id(name)).sort())
  const agents = await search('subject', { subject: { type: 'agent' }, action: read, resource: trip('T') })
  expect(agents.body).toEqual({ results: [{ type: 'agent', id: world.id('X') }] })
})

test('what somebody may do: each action is decided', async () => {
  const of = async (name: string) =>
    (await search('action', { subject: subject(name), resource: trip('T') })).body.results
  expect(await of('A')).toEqual([{ name: 'execute' }, { name: 'read' }, { name: 'update' }])
  expect(await of('B')).toEqual([{ name: 'execute' }, { name: 'read' }])
  expect(await of('S')).toEqual([])
})

test('a revoked grant is found no more, with the very next search', async () => {
  const answer = await world.grant({ from: 'A', to: 'M2', on: 'T2', actions: ['read'], name: 'am' })
  expect(answer.status).toBe(201)
  const asM2 = { subject: subject('M2'), action: read, resource: trips }
  expect(ids(await search('resource', asM2))).toEqual([world.named.get('T2')])
  await world.revoke('am', 'A')
  expect(ids(await search('resource', asM2))).toEqual([])
})

test('pages: as many as asked, a token for the rest, an empty one at the end', async () => {
  const question = { subject: subject('A'), action: read, resource: trips }
  const whole = ids(await search('resource', question))
  const first = await search('resource', { ...question, page: { limit: 3 } })
  expect(first.body.page).toMatchObject({ count: 3, next_token: expect.stringMatching(/./) })
  const second = await search('resource', { ...question, page: { token: first.body.page.next_token } })
  expect(second.body.page).toEqual({ count: 1, next_token: '' })
  expect([...ids(first), ...ids(second)]).toEqual(whole)
})

test('a token fits its own question, caller and limit, and cannot be forged', async () => {
  const question = { subject: subject('A'), action: read, resource: trips }
  const { next_token: token } = (await search('resource', { ...question, page: { limit: 2 } })).body.page
  const refused = { status: 400, body: { code: 'invalid_request' } }
  expect(await search('resource', { ...question, subject: subject('C'), page: { token } })).toMatchObject(refused)
  expect(await search('resource', { ...question, page: { token, limit: 3 } })).toMatchObject(refused)
  expect(await search('resource', { ...question, page: { token: `${token}x` } })).toMatchObject(refused)
  expect(await search('resource', { ...question, page: { token: 'bm8.bm8' } })).toMatchObject(refused)
  const byOwner = await search('resource', { ...question, page: { token } }, world.as('A'))
  expect(byOwner).toMatchObject({ ...refused, body: { detail: expect.stringContaining('another caller') } })
})

test('a token names nothing that it was made of: neither the last candidate nor a person', async () => {
  const question = { subject: { type: 'user' }, action: read, resource: trip('T') }
  const { next_token: token } = (await search('subject', { ...question, page: { limit: 1 } })).body.page
  const bytes = Buffer.from(token, 'base64url').toString('latin1')
  expect(token).toMatch(/^[\w-]+$/)
  expect(bytes).not.toContain('user:')
  expect(bytes).not.toContain('p_')
})

test('unknown types, ids and actions are found nowhere, and are no error', async () => {
  const nothing = { status: 200, body: { results: [] } }
  expect(
    await search('resource', { subject: { type: 'user', id: 'nobody' }, action: read, resource: trips }),
  ).toMatchObject(nothing)
  expect(await search('resource', { subject: subject('A'), action: { name: 'fly' }, resource: trips })).toMatchObject(
    nothing,
  )
  expect(await search('subject', { subject: { type: 'robot' }, action: read, resource: trip('T') })).toMatchObject(
    nothing,
  )
  expect(await search('action', { subject: subject('A'), resource: { type: 'workflow', id: 'none' } })).toMatchObject(
    nothing,
  )
})

test('a searched id is ignored, a missing member is 400', async () => {
  const found = await search('resource', {
    subject: subject('A'),
    action: read,
    resource: { type: 'workflow', id: 'none' },
  })
  expect(ids(found)).toHaveLength(4)
  for (const body of [
    {},
    { subject: subject('A'), resource: trips },
    { subject: { type: 'user' }, action: read, resource: trips },
  ])
    expect(await search('resource', body)).toMatchObject({ status: 400 })
})

test('a person searches for themself; who else may is not theirs to ask (rule A4)', async () => {
  expect(
    (await search('resource', { subject: subject('B'), action: read, resource: trips }, world.as('B'))).status,
  ).toBe(200)
  expect(
    (await search('resource', { subject: subject('A'), action: read, resource: trips }, world.as('B'))).status,
  ).toBe(403)
  expect(
    (await search('subject', { subject: { type: 'user' }, action: read, resource: trip('T') }, world.as('B'))).status,
  ).toBe(403)
  expect(
    (await search('resource', { subject: subject('A'), action: read, resource: { type: 'care_plan' } })).status,
  ).toBe(403)
})

test('an entry says what was asked, and names nobody in the place of what was searched', async () => {
  await search('subject', { subject: { type: 'user' }, action: read, resource: trip('T') })
  await search('action', { subject: subject('A'), resource: trip('T') })
  await search('resource', { subject: subject('A'), action: read, resource: trips })
  const { body } = await tpdp.call('GET', '/v1/decisions?kind=search&limit=3', { as: world.staff('auditor') })
  const [resource, action, who] = body.entries
  expect(who).toMatchObject({ action: 'read', change: { searched: 'subject', found: 3 } })
  expect(who).not.toHaveProperty('subject')
  expect(action).toMatchObject({ subject: expect.stringMatching(/^user:p_/), change: { searched: 'action' } })
  expect(action).not.toHaveProperty('action')
  expect(resource).toMatchObject({
    subject: action.subject,
    action: 'read',
    change: { searched: 'resource', type: 'workflow' },
  })
  expect(resource).not.toHaveProperty('resource')
})
