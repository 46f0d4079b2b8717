/**
 * Who may call what (`docs/permissions.md`): every address, every kind of caller, both ways.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { TILE_WIDTH, tilePath } from '@mandate/protocol'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startIssuer, type TestIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'
import { CALLERS, type Caller, PERMISSIONS } from '../support/permissions.ts'

const CARS: TokenClaims = { sub: 'service-account-cars', azp: 'cars', svc: 'cars' }

let tpdp: TestPdp
let elsewhere: TestIssuer
beforeAll(async () => {
  const env = {
    PDP_PERSON_PER_MINUTE: '60000',
    PDP_SERVICES: 'trips=workflow+workflow_item+travel_account,cars=vehicle',
  }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  elsewhere = await startIssuer()
})
afterAll(async () => {
  await tpdp?.stop()
  await elsewhere?.stop()
})

/** A call that has not been made yet: to be made as anybody. */
interface Prepared {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** Makes whatever the call needs, afresh for every caller. */
type Prepare = (world: World) => Prepared | Promise<Prepared>

const by = (world: World, role: string): TokenClaims => ({ sub: `${role}-${world.tag}`, azp: 'desktop', roles: [role] })

async function callerOf(world: World, caller: Caller): Promise<TokenClaims | string | undefined> {
  switch (caller) {
    case 'owner':
      return world.as('A')
    case 'delegate':
      return world.as('B')
    case 'other':
      return world.as('D')
    case 'stranger':
      return world.as('S')
    case 'agent':
      return world.as('X')
    case 'brought':
      return { sub: world.id('A'), azp: world.id('X'), roles: ['operator', 'auditor', 'persona-admin'] }
    case 'service':
      return { ...TRIPS, roles: ['operator'] }
    case 'foreignService':
      return CARS
    case 'auditor':
    case 'operator':
      return by(world, caller)
    case 'personaAdmin':
      return by(world, 'persona-admin')
    case 'key':
      return (await newKey(world)).key
    case 'nobody':
      return undefined
    case 'foreign':
      return elsewhere.token({ sub: world.id('A'), azp: 'desktop', roles: ['operator'] })
  }
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString()
const post = (path: string, body: unknown = {}): Prepared => ({ method: 'POST', path, body })
const get = (path: string): Prepared => ({ method: 'GET', path })
const body = async (answer: ReturnType<World['call']>) => (await answer).body

const newKey = (world: World) => body(world.call('POST', '/v1/keys', by(world, 'operator'), keyRequest()))
const keyRequest = () => ({ name: 'a key', types: ['workflow', 'workflow_item'], expires_at: inAnHour() })
const newInvitation = (world: World) => body(world.call('POST', '/v1/invitations', world.as('A'), {}))
const giveUpInvitation = (world: World, id: string) => world.call('DELETE', `/v1/invitations/${id}`, world.as('A'))
/** A grant from A to B, unlike any before it. */
const newGrant = async (world: World): Promise<string> => {
  const limits = [{ attribute: 'risk', at_most: Math.floor(Math.random() * 1e9) }]
  return (await body(world.grant({ from: 'A', to: 'B', actions: ['read'], limits }))).id
}
const grantTo = (world: World, to: string) => ({
  delegate: world.ref(to),
  delegator_persona: 'traveler/family',
  scope: world.scope('T'),
  actions: ['read'],
  limits: [{ attribute: 'risk', at_most: Math.floor(Math.random() * 1e9) }],
})
const newTrip = async (world: World): Promise<string> => {
  await world.trip('another', 'A', 'traveler/family')
  return `/v1/resources/workflow/${world.named.get('another')}`
}
/** Somebody nobody else needs, by pseudonym. */
const passerBy = async (world: World): Promise<string> => {
  const who = { sub: `passer-by-${randomUUID()}`, azp: 'desktop' }
  const { pseudonym } = await body(world.call('GET', '/v1/subjects/me/export', who))
  return `/v1/subjects/${pseudonym.slice('user:'.length)}`
}
const aboutFlight = (world: World, actor?: string) =>
  world.question({ subject: 'A', action: 'execute', item: 'flight', ...(actor ? { actor } : {}) })
const SECOND_AUDITOR: TokenClaims = { sub: 'second-auditor', azp: 'desktop', roles: ['auditor'] }
const newLookup = async (world: World, as: TokenClaims): Promise<string> =>
  (await body(world.call('POST', '/v1/lookups', as, { case: 'C-1', sub: world.id('A') }))).id
const personaOfA = async (world: World): Promise<string> => {
  const circle = `c${randomUUID().slice(0, 8)}`
  const id = await world.persona('A', `visitor/${circle}`)
  return `/v1/personas/${id}`
}
const revokePersonas = async (world: World): Promise<void> => {
  // One that was suspended is an administrator's to take.
  for (const { id, title } of (await body(world.call('GET', '/v1/personas', world.as('A')))).items)
    if (title === 'visitor')
      await world.call('PATCH', `/v1/personas/${id}`, world.staff('persona-admin'), { status: 'revoked' })
}

/** Of which A alone is a party. */
const newDecision = async (world: World): Promise<string> => {
  const answer = await world.ask({ subject: 'A', action: 'read' })
  return `/v1/decisions/${answer.headers.get('x-evaluation-id')}`
}

/** As in a query string. */
const versionInForce = async (world: World): Promise<string> => {
  const { items } = await body(world.call('GET', '/v1/policies', by(world, 'auditor')))
  return encodeURIComponent(items[0].version)
}

/** Of the published tree, as wide as it is by now. */
const firstTile = async (world: World, level: 0 | 'entries'): Promise<string> => {
  const { text } = await world.call('GET', '/log/checkpoint', by(world, 'auditor'))
  const width = Math.min(TILE_WIDTH, Number(text.split('\n')[1]))
  return `/log/${tilePath({ level, index: 0, width })}`
}

const PREPARE: Readonly<Record<string, Prepare>> = {
  'POST /access/v1/evaluation': (world) => post('/access/v1/evaluation', aboutFlight(world)),
  'POST /access/v1/evaluation (agent)': (world) => post('/access/v1/evaluation', aboutFlight(world, 'X')),
  'POST /access/v1/evaluations': (world) => post('/access/v1/evaluations', { evaluations: [aboutFlight(world)] }),
  'POST /access/v1/search/resource': (world) =>
    post('/access/v1/search/resource', { ...aboutFlight(world), resource: { type: 'workflow' } }),
  'POST /v1/grants': (world) => post('/v1/grants', grantTo(world, 'C')),
  'POST /v1/grants/preview': (world) => post('/v1/grants/preview', grantTo(world, 'C')),
  'GET /v1/grants': () => get('/v1/grants'),
  'GET /v1/grants/{id}': async (world) => get(`/v1/grants/${await newGrant(world)}`),
  'POST /v1/grants/{id}/revoke': async (world) => post(`/v1/grants/${await newGrant(world)}/revoke`),
  'POST /v1/invitations': () => post('/v1/invitations'),
  'GET /v1/invitations': () => get('/v1/invitations'),
  'POST /v1/invitations/redeem': async (world) =>
    post('/v1/invitations/redeem', { code: (await newInvitation(world)).code }),
  'POST /v1/invitations/{id}/confirm': async (world) => {
    const { id, code } = await newInvitation(world)
    await world.call('POST', '/v1/invitations/redeem', world.as('C'), { code })
    return post(`/v1/invitations/${id}/confirm`, { redeemer: world.ref('C') })
  },
  'DELETE /v1/invitations/{id}': async (world) => ({
    method: 'DELETE',
    path: `/v1/invitations/${(await newInvitation(world)).id}`,
  }),
  'POST /v1/personas': () => post('/v1/personas', { title: 'visitor', circle: `c${randomUUID().slice(0, 8)}` }),
  'GET /v1/personas': () => get('/v1/personas'),
  'GET /v1/personas?waiting=true': () => get('/v1/personas?waiting=true'),
  'PATCH /v1/personas/{id}': async (world) => {
    await revokePersonas(world)
    return { method: 'PATCH', path: await personaOfA(world), body: { autonomy: null } }
  },
  'PATCH /v1/personas/{id} (status)': async (world) => {
    await revokePersonas(world)
    return { method: 'PATCH', path: await personaOfA(world), body: { status: 'suspended' } }
  },
  'POST /v1/agents': () => post('/v1/agents', { id: randomUUID() }),
  'GET /v1/agents': () => get('/v1/agents'),
  'PATCH /v1/agents/{id}': (world) => ({
    method: 'PATCH',
    path: `/v1/agents/${world.id('X2')}`,
    body: { status: 'suspended' },
  }),
  'GET /v1/services': () => get('/v1/services'),
  'PUT /v1/resources/{type}/{id}': (world) => ({
    method: 'PUT',
    path: `/v1/resources/workflow/${randomUUID()}`,
    body: { owner: world.ref('A'), owner_persona: 'traveler/family' },
  }),
  'GET /v1/resources/{type}/{id}': (world) => get(`/v1/resources/workflow/${world.named.get('T')}`),
  'POST /v1/resources/{type}/{id}/transfer': async (world) =>
    post(`${await newTrip(world)}/transfer`, { owner: world.ref('D'), owner_persona: 'traveler/family' }),
  'DELETE /v1/resources/{type}/{id}': async (world) => ({ method: 'DELETE', path: await newTrip(world) }),
  'POST /v1/facts': () => post('/v1/facts', { domain: 'travel' }),
  'GET /v1/domains': () => get('/v1/domains'),
  'GET /v1/policies': () => get('/v1/policies'),
  'GET /v1/policies/texts': async (world) => get(`/v1/policies/texts?version=${await versionInForce(world)}`),
  'GET /v1/policies/comparison': async (world) => {
    const version = await versionInForce(world)
    return get(`/v1/policies/comparison?before=${version}&after=${version}&limit=1`)
  },
  'POST /v1/policies/load': () => post('/v1/policies/load'),
  'POST /v1/policies/activate': async (world) =>
    post('/v1/policies/activate', { version: decodeURIComponent(await versionInForce(world)) }),
  'POST /v1/keys': () => post('/v1/keys', keyRequest()),
  'GET /v1/keys': () => get('/v1/keys'),
  'DELETE /v1/keys/{id}': async (world) => ({ method: 'DELETE', path: `/v1/keys/${(await newKey(world)).id}` }),
  'GET /v1/subjects/me/export': () => get('/v1/subjects/me/export'),
  'DELETE /v1/subjects/{pseudonym}': async (world) => ({ method: 'DELETE', path: await passerBy(world) }),
  'PUT /v1/subjects/{pseudonym}/hold': async (world) => ({ method: 'PUT', path: `${await passerBy(world)}/hold` }),
  'DELETE /v1/subjects/{pseudonym}/hold': async (world) => ({
    method: 'DELETE',
    path: `${await passerBy(world)}/hold`,
  }),
  'GET /v1/holds': () => get('/v1/holds'),
  'POST /v1/lookups': (world) => post('/v1/lookups', { case: 'C-1', sub: world.id('A') }),
  'GET /v1/lookups': () => get('/v1/lookups'),
  'POST /v1/lookups/{id}/approve': async (world) =>
    post(`/v1/lookups/${await newLookup(world, SECOND_AUDITOR)}/approve`, { sub: world.id('A') }),
  'POST /v1/lookups/{id}/read': async (world) => {
    const id = await newLookup(world, by(world, 'auditor'))
    await world.call('POST', `/v1/lookups/${id}/approve`, SECOND_AUDITOR, { sub: world.id('A') })
    return post(`/v1/lookups/${id}/read`)
  },
  'GET /v1/erasures': () => get('/v1/erasures'),
  'GET /v1/erasures/{id}': () => get('/v1/erasures/01KAQWERTY0123456789ABCDEF'),
  'POST /v1/erasures/{id}/acknowledge': () => post('/v1/erasures/01KAQWERTY0123456789ABCDEF/acknowledge'),
  'GET /v1/decisions': () => get('/v1/decisions'),
  'GET /v1/decisions/export': () => get('/v1/decisions/export'),
  'GET /v1/decisions/stream': () => get('/v1/decisions/stream'),
  'GET /v1/decisions/{id}': async (world) => get(await newDecision(world)),
  'GET /v1/decisions/{id}/replay': async (world) => get(`${await newDecision(world)}/replay`),
  'GET /v1/decisions/{id}/proof': async (world) => get(`${await newDecision(world)}/proof`),
  'GET /log/checkpoint': () => get('/log/checkpoint'),
  'GET /v1/log/lag': () => get('/v1/log/lag'),
  'GET /log/tile/{level}/{index}.p/{width}': async (world) => get(await firstTile(world, 0)),
  'GET /log/tile/entries/{index}.p/{width}': async (world) => get(await firstTile(world, 'entries')),
  'DELETE /v1/subjects/me': () => ({ method: 'DELETE', path: '/v1/subjects/me' }),
}

async function newWorld(): Promise<World> {
  const world = new World(tpdp)
  await world.begin()
  return world
}

test('every row of the table is tried', () => {
  expect(Object.keys(PREPARE).toSorted()).toEqual(PERMISSIONS.map(({ endpoint }) => endpoint).toSorted())
})

describe('who may call what', () => {
  test.for(PERMISSIONS)('$endpoint', async ({ endpoint, outcomes }) => {
    const shared = await newWorld()
    const got: Partial<Record<Caller, string>> = {}
    for (const caller of Object.keys(CALLERS) as readonly Caller[]) {
      // Whoever erases themself is gone for the callers that come after.
      const world = endpoint === 'DELETE /v1/subjects/me' ? await newWorld() : shared
      const as = await callerOf(world, caller)
      const { method, path, body: sent } = (await PREPARE[endpoint]?.(world)) ?? get('/')
      const answer = await tpdp.call(method, path, { ...(as ? { as } : {}), ...(sent ? { body: sent } : {}) })
      got[caller] = answer.status < 300 ? 'yes' : answer.body?.code
      if (path === '/v1/invitations' && answer.status === 201) await giveUpInvitation(world, answer.body.id)
    }
    expect(got).toEqual(outcomes)
  })
})
