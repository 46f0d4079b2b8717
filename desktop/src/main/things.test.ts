import { expect, test } from 'vitest'
import { answerJson, aSignedInWorld, aWorld } from './core.fixture.ts'

const domainOf = (label: string) => ({
  domain: 'travel',
  version: 'travel@1',
  label,
  everything: 'all trips',
  account: 'travel_account',
  resources: {
    workflow: { called: { one: 'a trip', many: 'trips' } },
    workflow_item: { parent: 'workflow', called: { one: 'an item', many: 'items' } },
  },
  titles: {},
  actions: { read: { verb: 'see', label: 'See it', on: 'resource', implies: [], limited: false, grantable: true } },
  attributes: {},
  gates: [],
  reasons: {},
})

test('what exists is asked of the PDP for the topmost types, by the person themself', async () => {
  const { services, call, asked } = await aSignedInWorld()
  services.on('/v1/domains', (_req, res) => answerJson(res, 200, { items: [domainOf('Travel')] }))
  const bodies: unknown[] = []
  services.on('/access/v1/search/resource', async (req, res) => {
    bodies.push(JSON.parse(Buffer.concat(await req.toArray()).toString()))
    answerJson(res, 200, { results: [{ type: 'workflow', id: 'w1' }] })
  })
  expect(await call('things.list')).toMatchObject({ ok: true, value: { items: ['workflow:w1'] } })
  expect(bodies).toEqual([
    { subject: { type: 'user', id: 'alice-sub' }, action: { name: 'read' }, resource: { type: 'workflow' } },
  ])
  expect(asked('/access/v1/search/resource')).toHaveLength(1)
})

test('names come from the services, for what was asked and for nothing else; a service without them costs names only', async () => {
  const { services, call } = await aSignedInWorld()
  const labels = { 'workflow:w1': 'Milan', 'workflow:other': 'Rome' }
  services.on('/labels', (_req, res) => answerJson(res, 200, { labels }))
  const ids = ['workflow:w1', 'care_plan:p1']
  expect(await call('things.labels', { ids })).toEqual({ ok: true, value: { labels: { 'workflow:w1': 'Milan' } } })
  services.on('/labels', (_req, res) => answerJson(res, 404, {}))
  expect(await call('things.labels', { ids })).toEqual({ ok: true, value: { labels: {} } })
})

test('names are asked for in a persona of the domain of the things, whichever persona the person acts in', async () => {
  const { services, call, asked } = await aSignedInWorld()
  const [traveler, donor] = ['traveler', 'donor'].map((title) => ({ [title]: { label: title, assume: 'self' } }))
  const lab = {
    ...domainOf('Laboratory'),
    domain: 'lab',
    titles: donor,
    resources: { lab_order: { called: { one: 'an order', many: 'orders' } } },
  }
  services.on('/v1/domains', (_req, res) =>
    answerJson(res, 200, { items: [{ ...domainOf('Travel'), titles: traveler }, lab] }),
  )
  const personaOf = (title: string, domain: string) => ({
    id: title,
    holder: 'user:alice-sub',
    title,
    circle: 'home',
    domain,
    status: 'active',
    valid_from: '2026-01-01T00:00:00Z',
    valid_till: '9999-12-31T00:00:00Z',
    created_at: '2026-01-01T00:00:00Z',
  })
  const items = [personaOf('traveler', 'travel'), personaOf('donor', 'lab')]
  services.on('/v1/personas', (_req, res) => answerJson(res, 200, { items }))
  const personas: unknown[] = []
  services.on('/labels', (req, res) => {
    personas.push([new URL(req.url ?? '', 'http://x').searchParams.get('ids'), req.headers['mandate-persona']])
    answerJson(res, 200, { labels: {} })
  })
  await call('personas.choose', { persona: 'traveler/home' })
  await call('things.labels', { ids: ['workflow:w1', 'lab_order:o1'] })
  expect(personas).toEqual([
    ['workflow:w1', 'traveler/home'],
    ['lab_order:o1', 'donor/home'],
  ])
  expect(asked('/labels')).toHaveLength(2)
})

test('a policy that was loaded is reported', async () => {
  const { services, restart } = await aSignedInWorld()
  let label = 'Travel'
  services.on('/v1/domains', (_req, res) => answerJson(res, 200, { items: [domainOf(label)] }))
  const core = await restart({ pollMs: 20 })
  const events: unknown[] = []
  core.listen((name, event) => void events.push([name, event]))
  await core.call('session.read', undefined)
  await expect.poll(() => services.asked.filter(({ path }) => path === '/v1/domains').length).toBeGreaterThan(1)
  label = 'Journeys'
  await expect.poll(() => events).toContainEqual(['changed', { what: 'domains' }])
})

test('the last use of a grant is that of the newest permit by it; where the log has more, what is missing may be older', async () => {
  const { services, call } = await aSignedInWorld()
  const link = {
    delegator: 'user:p_a',
    delegate: 'user:p_b',
    actions: [],
    scope: 'workflow:w',
    expires_at: '2099-01-01T00:00:00Z',
  }
  const entryAt = (number: number, at: string, grants: readonly string[]) => ({
    v: 1,
    id: `01KA${String(number).padStart(22, '0')}`,
    at,
    kind: 'evaluation',
    index: number,
    decision: true,
    chain: grants.map((grant) => ({ ...link, grant: `01KB${grant.padStart(22, '0')}` })),
  })
  const idOf = (grant: string): string => `01KB${grant.padStart(22, '0')}`
  const [late, early] = ['2026-11-22T10:00:00Z', '2026-11-21T10:00:00Z']
  const entries = [entryAt(2, late, ['1']), entryAt(1, early, ['1', '2'])]
  services.on('/v1/decisions', (_req, res) => answerJson(res, 200, { entries, total: 2 }))
  const last = { [idOf('1')]: late, [idOf('2')]: early }
  expect(await call('uses.list')).toEqual({ ok: true, value: { last } })
  services.on('/v1/decisions', (_req, res) => answerJson(res, 200, { entries, total: 3, next_cursor: 'more' }))
  expect(await call('uses.list')).toEqual({ ok: true, value: { last, since: early } })
})

test('a service learns no ids of things whose types belong to another service, and cannot name them', async () => {
  const { services, options, start } = await aWorld()
  const { config } = options
  const addresses = { ...config.services, care: `${config.services.pdp}/care` }
  const core = start({ config: { ...config, services: addresses, types: { care: ['care_plan'] } } })
  await core.call('session.signIn', undefined)
  const asked: Record<string, string | null> = {}
  const labels = { 'workflow:w1': 'Milan', 'care_plan:p1': 'Ward 2' }
  const answer = (name: string): Parameters<typeof services.on>[1] => {
    return (req, res) => {
      asked[name] = new URL(req.url ?? '', config.services.pdp).searchParams.get('ids')
      const own = Object.fromEntries(Object.entries(labels).map(([id, label]) => [id, `${label}, by ${name}`]))
      answerJson(res, 200, { labels: own })
    }
  }
  services.on('/labels', answer('trips'))
  services.on('/care/labels', answer('care'))
  expect(await core.call('things.labels', { ids: Object.keys(labels) })).toEqual({
    ok: true,
    value: { labels: { 'workflow:w1': 'Milan, by trips', 'care_plan:p1': 'Ward 2, by care' } },
  })
  expect(asked).toEqual({ trips: 'workflow:w1', care: 'care_plan:p1' })
})
