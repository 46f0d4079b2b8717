/**
 * Two tenants side by side (ADR 0154): nothing of one reaches the other, whatever is called with whatever of it; and what is not shown is not betrayed by
 * an answer that differs from that about a thing that nobody has.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseVerifierKey, verifyCheckpoint } from '@mandate/protocol'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { isWithoutToken, type Operation } from '../../pdp/src/http/openapi/operation.ts'
import { OPERATIONS } from '../../pdp/src/http/openapi/operations.ts'
import { startIssuer, type TestIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, type CallOptions, startTestPdp, TRIPS } from '../fixtures/pdp.ts'
import {
  BEARER,
  SIGNALS,
  startAuditor,
  startTenants,
  type Tenant,
  type TenantCaller,
  type Tenants,
  type TenantThings,
} from '../fixtures/tenants.ts'
import { FOREIGN_REQUESTS, type ForeignRequest, OWN_REQUESTS } from '../support/foreign-requests.ts'

let tenants: Tenants
let acme: Tenant
let bolt: Tenant
/** An issuer that no tenant knows. */
let stranger: TestIssuer
/** What bolt answered, beside what it was asked. */
const answered: { readonly asked: string; readonly answer: string }[] = []

beforeAll(async () => {
  tenants = await startTenants()
  acme = tenants.acme
  bolt = tenants.bolt
  stranger = await startIssuer()
}, 120_000)
afterAll(async () => {
  await stranger?.stop()
  await tenants?.stop()
})

/** Calls bolt, and keeps the answer for {@link leaksIn}. */
async function ask(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await bolt.call(method, path, options)
  answered.push({
    asked: JSON.stringify([path, options.body ?? '', options.headers ?? '', options.as ?? '']),
    answer: `${answer.text} ${JSON.stringify([...answer.headers])}`,
  })
  return answer
}

/** What only acme has, and stands in an answer of bolt to a request that did not name it. Not its agent: bolt registers one of that id here. */
function leaksIn({ asked, answer }: (typeof answered)[number]): readonly string[] {
  const { issuer, env, things } = acme
  const { agent: _registered, ...ids } = things
  const markers = [...Object.values(ids), issuer.issuer, env['PDP_LOG_ORIGIN'] ?? '', env['OPENFGA_STORE'] ?? '']
  return markers.filter((marker) => answer.includes(marker) && !decodeURIComponent(asked).includes(marker))
}

const ULID = /\b[0-9A-HJKMNP-TV-Z]{26}\b/gu
const OF_EACH_ANSWER = [
  [/"request_id":"[^"]+"/gu, '"REQUEST"'],
  [ULID, 'ULID'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, 'TIME'],
  [/p_[\w-]{22}/gu, 'PSEUDONYM'],
  [/"(?:salt|next_cursor|commitment)":"[^"]*"/gu, '"VALUE"'],
  [/"(?:index|as_of|size|at)":\d+/gu, '"NUMBER"'],
] as const

/** An answer without ids and times: what could tell a thing that another tenant has from a thing that nobody has. */
function shapeOf({ status, text }: Answer, things: TenantThings): string {
  let shape = text
  for (const [name, value] of Object.entries(things)) shape = shape.replaceAll(value, `«${name}»`)
  return `${status} ${withoutIds(shape)}`
}

const withoutIds = (text = ''): string =>
  OF_EACH_ANSWER.reduce((shape, [pattern, name]) => shape.replaceAll(pattern, name), text)

/** Ids of the forms of a tenant's own, of nothing. */
function thingsOfNobody(): TenantThings {
  const ulid = (): string => acme.things.grant.slice(0, 10) + randomBytes(16).toString('hex').toUpperCase().slice(0, 16)
  return {
    grant: ulid(),
    invitation: ulid(),
    code: randomBytes(24).toString('base64url').slice(0, acme.things.code.length),
    persona: ulid(),
    agent: `agent-of-none-${bolt.world.tag}`,
    trip: `T-${bolt.world.tag}-${randomUUID().slice(0, 8)}`,
    keyId: ulid(),
    key: `mk_${ulid()}_${randomBytes(32).toString('base64url')}`,
    lookup: ulid(),
    decision: ulid(),
    pseudonym: `p_${randomBytes(16).toString('base64url')}`,
    erasure: ulid(),
    domain: 'pack-of-none',
    policies: acme.things.policies.replaceAll(/@[0-9a-f]{12}/gu, '@000000000000').replace('todo', 'pack-of-none'),
  }
}

const foreignRequests = (operation: Operation, things: TenantThings): readonly ForeignRequest[] => {
  const built = FOREIGN_REQUESTS[operation.id]?.({ things, a: bolt.world.id('A'), b: bolt.world.id('B') })
  return built === undefined ? [] : [built].flat()
}

/** Some request of an operation. */
function requestOf(operation: Operation, things: TenantThings): Pick<ForeignRequest, 'path' | 'body'> {
  const [known] = [...foreignRequests(operation, things), OWN_REQUESTS[operation.id]].filter((one) => one !== undefined)
  if (known) return known
  const path = operation.path
    .replaceAll(/\{\w+\}/gu, '0')
    .replace('/0/0', '/0/000')
    .replace('.p/0', '.p/1')
  return { path, ...(operation.body ? { body: {} } : {}) }
}

const withToken = OPERATIONS.filter(({ access }) => !isWithoutToken(access))
const given = (body: unknown): Pick<CallOptions, 'body'> => (body === undefined ? {} : { body })
const methodOf = ({ method }: Operation): string => method.toUpperCase()

test('each operation with a token is tried: with ids of the other tenant, or for what it says of its own', () => {
  const tried = [...Object.keys(FOREIGN_REQUESTS), ...Object.keys(OWN_REQUESTS)]
  expect(tried.toSorted()).toEqual(withToken.map(({ id }) => id).toSorted())
  const withId = withToken.filter(({ params }) => params).map(({ id }) => id)
  const files = ['tile', 'partialTile']
  expect(withId.filter((id) => !(id in FOREIGN_REQUESTS))).toEqual(files)
})

describe('a token', () => {
  const CALLERS: readonly TenantCaller[] = ['A', 'staff', 'trips', 'agent']

  test.for(['acme', 'bolt'] as const)(
    'of %s is one of a stranger at the other tenant, at every operation',
    async (name) => {
      const from = tenants[name]
      const to = name === 'acme' ? bolt : acme
      for (const caller of CALLERS) {
        const claims = from.as(caller)
        const [token, another] = [await from.issuer.token(claims), await stranger.token(claims)]
        const refused = async (operation: Operation): Promise<void> => {
          const { path, body } = requestOf(operation, to.things)
          const [theirs, strangers] = await Promise.all(
            [token, another].map((as) => to.call(methodOf(operation), path, { as, ...given(body) })),
          )
          expect([theirs?.status, theirs?.body?.code], `${operation.id} ${caller}`).toEqual([401, 'unauthenticated'])
          expect(withoutIds(theirs?.text)).toBe(withoutIds(strangers?.text))
          expect(theirs?.headers.get('www-authenticate')).toBe(strangers?.headers.get('www-authenticate'))
        }
        await Promise.all(withToken.map(refused))
      }
    },
  )

  test('that names the issuer of one tenant, signed by the other one under the same `kid`, is refused by both', async () => {
    const claims = decodeJwt(await bolt.issuer.token(bolt.as('staff')))
    const forged = await acme.issuer.sign(claims, {})
    for (const tenant of [acme, bolt]) expect((await tenant.call('GET', '/v1/keys', { as: forged })).status).toBe(401)
    const issuers = [bolt.issuer.issuer, acme.issuer.issuer]
    const both = await acme.issuer.sign({ ...claims, iss: issuers as unknown as string }, {})
    for (const tenant of [acme, bolt]) expect((await tenant.call('GET', '/v1/keys', { as: both })).status).toBe(401)
  })

  test('of the same service client is good at its own tenant alone', async () => {
    const token = await acme.issuer.token(TRIPS)
    const body = acme.world.question({ subject: 'A', action: 'read' })
    const status = async (tenant: Tenant) =>
      (await tenant.call('POST', '/access/v1/evaluation', { as: token, body })).status
    expect([await status(acme), await status(bolt)]).toEqual([200, 401])
  })
})

describe('an API key', () => {
  const asked = (tenant: Tenant, as: string) =>
    tenant.call('POST', '/access/v1/evaluation', { as, body: tenant.world.question({ subject: 'A', action: 'read' }) })

  test('of the other tenant is answered as one that nobody has, at every operation', async () => {
    expect((await asked(acme, acme.things.key)).status).toBe(200)
    const nobodys = thingsOfNobody().key
    for (const operation of withToken) {
      const { path, body } = requestOf(operation, bolt.things)
      const [theirs, none] = await Promise.all(
        [acme.things.key, nobodys].map((as) => ask(methodOf(operation), path, { as, ...given(body) })),
      )
      expect([theirs?.status, withoutIds(theirs?.text)], operation.id).toEqual([401, withoutIds(none?.text)])
    }
  })

  test('with the id of one tenant and the secret of the other is none', async () => {
    const [ofAcme, ofBolt] = [acme.things, bolt.things].map(({ key, keyId }) => key.replace(`mk_${keyId}_`, ''))
    expect((await asked(bolt, `mk_${acme.things.keyId}_${ofBolt}`)).status).toBe(401)
    expect((await asked(bolt, `mk_${bolt.things.keyId}_${ofAcme}`)).status).toBe(401)
    expect((await asked(bolt, bolt.things.key)).status).toBe(200)
  })
})

describe('an id of the other tenant', () => {
  test.for(Object.keys(FOREIGN_REQUESTS))('%s: is answered as one that nobody has', async (id) => {
    const operation = OPERATIONS.find((one) => one.id === id) ?? expect.unreachable()
    const nobodys = thingsOfNobody()
    const [theirs, none] = [foreignRequests(operation, acme.things), foreignRequests(operation, nobodys)]
    for (const [at, request] of theirs.entries()) {
      const twin = none[at] ?? expect.unreachable()
      const send = ({ as, path, body }: ForeignRequest) =>
        ask(methodOf(operation), path, { as: bolt.as(as), ...given(body) })
      const [real, madeUp] = [await send(request), await send(twin)]
      expect(shapeOf(real, acme.things)).toBe(shapeOf(madeUp, nobodys))
      expect(real.status).toBeLessThan(500)
    }
  })

  test('left everything of its tenant as it was', async () => {
    const { things, world } = acme
    const status = async (path: string, caller: TenantCaller) =>
      (await acme.call('GET', path, { as: acme.as(caller) })).body
    expect(await status(`/v1/grants/${things.grant}`, 'A')).toMatchObject({ status: 'live' })
    expect(await status('/v1/invitations', 'A')).toMatchObject({ items: [{ id: things.invitation, status: 'open' }] })
    const agents = (await status('/v1/agents', 'staff')).items
    expect(agents).toContainEqual(expect.objectContaining({ id: things.agent, status: 'active' }))
    expect(await status(`/v1/resources/workflow/${things.trip}`, 'trips')).toMatchObject({ owner: world.ref('A') })
    expect((await world.ask({ subject: 'B', action: 'execute', item: 'hotel' })).body.context.reason).toBe('delegated')
  })
})

describe('what is read without an id', () => {
  test('is of the tenant alone, at every operation', async () => {
    for (const operation of OPERATIONS) {
      const request = OWN_REQUESTS[operation.id]
      if (!request) continue
      const answer = await ask(methodOf(operation), request.path, { as: bolt.as(request.as), ...given(request.body) })
      expect(answer.status, operation.id).toBeLessThan(300)
    }
    for (const path of ['/.well-known/authzen-configuration', '/.well-known/jwks.json', '/metrics', '/readyz'])
      await ask('GET', path)
    const resources = { subject: { type: 'user', id: bolt.world.id('A') }, action: { name: 'read' } }
    const found = await ask('POST', '/access/v1/search/resource', {
      as: TRIPS,
      body: { ...resources, resource: { type: 'workflow' } },
    })
    expect(found.body.results).toEqual([{ type: 'workflow', id: bolt.things.trip }])
    expect((await ask('GET', '/v1/domains', { as: bolt.as('A') })).text).toContain('folders')
  })

  test('the log: its checkpoint, its entries and its export, for an auditor of the same name', async () => {
    const as = bolt.as('auditor')
    const note = (await ask('GET', '/log/checkpoint', { as })).text
    const keysOf = async ({ pdp }: Tenant) => [
      await parseVerifierKey(await readFile(join(pdp.dataDir, 'log.vkey'), 'utf8')),
    ]
    expect(await verifyCheckpoint(note, await keysOf(bolt))).toMatchObject({ ok: true })
    expect(await verifyCheckpoint(note, await keysOf(acme))).toMatchObject({ ok: false })
    const [origin, size] = note.split('\n')
    expect(origin).toBe(bolt.env['PDP_LOG_ORIGIN'])
    for (const format of ['jsonl', 'csv', 'ocsf']) await ask('GET', `/v1/decisions/export?format=${format}`, { as })
    const width = Number(size) % 256
    const tile = (tenant: Tenant) =>
      tenant.call('GET', `/log/tile/entries/000.p/${width}`, { as: tenant.as('auditor') })
    expect(width).toBeGreaterThan(0)
    expect((await tile(bolt)).text).not.toBe((await tile(acme)).text)
    expect((await tile(bolt)).text).not.toContain(acme.things.grant)
  })

  test('a stream of decisions has none of the other tenant`s, and takes no position of it', async () => {
    const open = async ({ pdp, issuer, as }: Tenant, headers: Readonly<Record<string, string>> = {}) => {
      const authorization = `Bearer ${await issuer.token(as('auditor'))}`
      return fetch(`${pdp.pdp.url}/v1/decisions/stream`, { headers: { authorization, ...headers } })
    }
    const streams = { acme: await open(acme), bolt: await open(bolt) }
    const asked = async ({ world }: Tenant) =>
      (await world.ask({ subject: 'S', action: 'read' })).headers.get('x-evaluation-id') ?? expect.unreachable()
    const ids = { acme: await asked(acme), bolt: await asked(bolt) }
    const readUntil = async ({ body }: Response, wanted: string): Promise<string> => {
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader() ?? expect.unreachable()
      let text = ''
      while (!text.includes(wanted)) text += (await reader.read()).value ?? ''
      await reader.cancel()
      return text
    }
    const ofAcme = await readUntil(streams.acme, ids.acme)
    const ofBolt = await readUntil(streams.bolt, ids.bolt)
    for (const marker of [ids.acme, acme.things.trip, acme.env['PDP_LOG_ORIGIN'] ?? ''])
      expect(ofBolt).not.toContain(marker)
    const position = /^id: ?(?<id>\S+)$/mu.exec(ofAcme)?.groups?.['id'] ?? expect.unreachable('no position')
    const refused = await open(bolt, { 'last-event-id': position })
    const madeUp = await open(bolt, { 'last-event-id': randomBytes(96).toString('base64url') })
    expect([refused.status, withoutIds(await refused.text())]).toEqual([400, withoutIds(await madeUp.text())])
  })
})

describe('what a caller carries from one tenant to the other', () => {
  /** The first page of a list, with how the next one is asked for. */
  const PAGES: readonly (readonly [string, (tenant: Tenant, token?: string) => Promise<Answer>])[] = [
    [
      'the cursor of grants',
      (tenant, token) =>
        call(tenant, 'GET', `/v1/grants?limit=1${token ? `&cursor=${token}` : ''}`, { as: tenant.as('A') }),
    ],
    [
      'the page token of a search',
      (tenant, token) => {
        const page = { limit: 1, ...(token ? { token } : {}) }
        const body = { subject: { type: 'user', id: tenant.world.id('A') }, resource: workflow(tenant), page }
        return call(tenant, 'POST', '/access/v1/search/action', { as: TRIPS, body })
      },
    ],
    [
      'the cursor of the log',
      (tenant, token) =>
        call(tenant, 'GET', `/v1/decisions?limit=2${token ? `&cursor=${token}` : ''}`, { as: tenant.as('auditor') }),
    ],
    [
      'the position in the erasures',
      (tenant, token) =>
        call(tenant, 'GET', `/v1/erasures?limit=1${token ? `&after=${token}` : ''}`, { as: tenant.as('trips') }),
    ],
  ]
  const workflow = (tenant: Tenant) => ({ type: 'workflow', id: tenant.things.trip })
  const call = (tenant: Tenant, ...request: Parameters<Tenant['call']>) =>
    tenant === bolt ? ask(...request) : tenant.call(...request)
  const tokenIn = ({ body }: Answer): string | undefined => body.next_cursor ?? body.page?.next_token

  test.for(PAGES)('%s is refused as one that was made up', async ([, page]) => {
    const ofAcme = tokenIn(await page(acme)) ?? expect.unreachable('no further page')
    expect((await page(acme, ofAcme)).status).toBe(200)
    const refused = await page(bolt, ofAcme)
    const madeUp = await page(bolt, randomBytes(Buffer.from(ofAcme, 'base64url').length).toString('base64url'))
    expect([refused.status, withoutIds(refused.text)]).toEqual([400, withoutIds(madeUp.text)])
  })

  test('an Idempotency-Key: the same key and body is another request there', async () => {
    const request = { headers: { 'idempotency-key': randomUUID() }, body: {} }
    const invite = (tenant: Tenant) => tenant.call('POST', '/v1/invitations', { as: tenant.as('B'), ...request })
    const [first, again, there] = [await invite(acme), await invite(acme), await invite(bolt)]
    expect(again.body.id).toBe(first.body.id)
    expect(there.status).toBe(201)
    expect(there.body.id).not.toBe(first.body.id)
    expect(there.text).not.toContain(first.body.code)
  })

  test('a logout token and a security event end no session there', async () => {
    const sid = randomUUID()
    const token = await bolt.issuer.token({ ...bolt.as('A'), sid })
    const now = Math.floor(Date.now() / 1000)
    const logout = { aud: 'desktop', sub: bolt.world.id('A'), sid, iat: now, exp: now + 120, jti: randomUUID() }
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    for (const iss of [acme.issuer.issuer, bolt.issuer.issuer]) {
      const body = new URLSearchParams({
        logout_token: await acme.issuer.sign({ ...logout, iss, events }, { typ: 'logout+jwt' }),
      })
      expect((await fetch(`${bolt.pdp.pdp.url}/backchannel-logout`, { method: 'POST', body })).status).toBe(400)
      const caep = {
        iss,
        aud: SIGNALS,
        iat: now,
        jti: randomUUID(),
        sub_id: { format: 'opaque', id: sid },
        events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
      }
      const pushed = await fetch(`${bolt.pdp.pdp.url}/v1/signals`, {
        method: 'POST',
        headers: { 'content-type': 'application/secevent+jwt', authorization: `Bearer ${BEARER}` },
        body: await acme.issuer.sign(caep, { typ: 'secevent+jwt' }),
      })
      expect(pushed.status).toBe(400)
    }
    expect((await bolt.call('GET', '/v1/grants', { as: token })).status).toBe(200)
  })
})

test('a session of the auditor`s page is one at its own tenant`s page alone, and no other tenant`s page ends it', async () => {
  const pages = { acme: await startAuditor(acme), bolt: await startAuditor(bolt) }
  try {
    const read = (page: 'acme' | 'bolt', headers: Readonly<Record<string, string>>) =>
      fetch(`${pages[page].url}/api/decisions?limit=1`, { headers })
    const { cookie } = pages.acme
    expect([(await read('acme', { cookie })).status, (await read('bolt', { cookie })).status]).toEqual([200, 401])
    expect(await (await read('bolt', { cookie: pages.bolt.cookie })).text()).not.toContain(acme.env['PDP_LOG_ORIGIN'])
    const fromAcme = { cookie: pages.bolt.cookie, origin: pages.acme.publicUrl, 'sec-fetch-site': 'cross-site' }
    for (const path of ['/sign-out'])
      expect((await fetch(`${pages.bolt.url}${path}`, { method: 'POST', headers: fromAcme })).status, path).toBe(403)
    expect((await read('bolt', { cookie: pages.bolt.cookie })).status).toBe(200)
  } finally {
    await Promise.all([pages.acme.close(), pages.bolt.close()])
  }
})

describe('people, agents and things of the same ids', () => {
  const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const
  const reasonAt = async ({ world }: Tenant) => (await world.ask(FLIGHT)).body.context.reason

  test('a person has another pseudonym at each tenant', () => {
    expect(acme.things.pseudonym).not.toBe(bolt.things.pseudonym)
  })

  test('grants, suspensions and erasures count at their tenant alone', async () => {
    const id = `shared-${acme.world.tag}`
    for (const { world } of [acme, bolt]) {
      const body = { owner: world.ref('A'), owner_persona: 'traveler/family' }
      expect((await world.call('PUT', `/v1/resources/workflow/${id}`, TRIPS, body)).status).toBe(201)
      world.named.set('shared', id)
    }
    const seen = async ({ world }: Tenant) =>
      (await world.ask({ subject: 'S', action: 'read', trip: 'shared' })).body.context.reason
    await acme.world.grant({ from: 'A', to: 'S', on: 'shared', actions: ['read'] })
    expect([await seen(acme), await seen(bolt)]).toEqual(['delegated', 'no_grant'])

    const suspend = { status: 'suspended' }
    const path = `/v1/agents/${acme.world.id('X')}`
    expect((await acme.world.call('PATCH', path, acme.as('staff'), suspend)).status).toBe(200)
    const statusOf = async ({ world, as }: Tenant) => {
      const { items } = (await world.call('GET', '/v1/agents', as('staff'))).body
      return items.find(({ id: agent }: { readonly id: string }) => agent === world.id('X')).status
    }
    expect([await statusOf(acme), await statusOf(bolt)]).toEqual(['suspended', 'active'])

    expect([await reasonAt(acme), await reasonAt(bolt)]).toEqual(['delegated', 'delegated'])
    expect((await acme.world.call('DELETE', '/v1/subjects/me', acme.world.as('B'))).status).toBe(200)
    expect(await reasonAt(acme)).not.toBe('delegated')
    expect(await reasonAt(bolt)).toBe('delegated')
  })

  test('a flood at one tenant costs the other one nothing: each counts the same person for itself', async () => {
    const flood: TokenClaims = { sub: `flood-${acme.world.tag}`, azp: 'desktop' }
    const list = ({ world }: Tenant) => world.call('GET', '/v1/invitations', flood)
    const refused = async (): Promise<boolean> => (await list(acme)).status === 429
    for (let n = 0; !(await refused()); n += 1) expect(n).toBeLessThan(1_000)
    expect((await list(bolt)).status).toBe(200)
  })
})

describe('a PDP of one tenant with a setting of the other', () => {
  const start = (env: Readonly<Record<string, string>>, as = bolt) => {
    const origin = `${randomUUID()}.invalid/log`
    const settings = { ...as.env, OPENFGA_STORE: randomUUID(), PDP_LOG_ORIGIN: origin, ...env }
    return startTestPdp({ openFga: inject('openFga'), database: 'sqlite', issuer: as.issuer, env: settings })
  }
  const own = async () => ({
    PDP_STORE_URL: await tenants.postgres.createDatabase(`own_${randomUUID().replaceAll(/[^a-f]/gu, '')}`),
  })
  const key = () => ({ PDP_VAULT_KEY: acme.env['PDP_VAULT_KEY'] ?? '' })

  test('does not start on the database of another tenant, even with its vault key, and says why', async () => {
    const database = { PDP_STORE_URL: acme.env['PDP_STORE_URL'] ?? '' }
    const store = { OPENFGA_STORE: acme.env['OPENFGA_STORE'] ?? '' }
    await expect(start({ ...database, ...store, ...key() })).rejects.toThrow(
      `PDP_ISSUER: the database belongs to the issuer ${acme.issuer.issuer}`,
    )
    await expect(start(database)).rejects.toThrow('PDP_VAULT_KEY: is not the key of this database')
    const overruling = { PDP_FORMER_ISSUER: acme.issuer.issuer }
    await expect(start({ ...database, ...store, ...key(), ...overruling })).rejects.toThrow(
      'runs on this database with the former issuer: stop all PDPs first',
    )
  })

  test('does not start on the store of OpenFGA of another tenant', async () => {
    await expect(start({ ...(await own()), OPENFGA_STORE: acme.env['OPENFGA_STORE'] ?? '' })).rejects.toThrow(
      'OPENFGA_STORE: the store belongs to another PDP',
    )
  })

  test('has no log to show from the index of another tenant', async () => {
    const pdp = await start({ ...(await own()), PDP_INDEX_URL: acme.env['PDP_INDEX_URL'] ?? '' })
    try {
      const { status, text } = await pdp.call('GET', '/v1/decisions', { as: bolt.as('auditor') })
      expect([status, text.includes(acme.issuer.issuer)]).toEqual([503, false])
      expect((await pdp.call('GET', '/readyz')).body.missing).toEqual(['index'])
      await vi.waitFor(() =>
        expect(pdp.operations.join('')).toContain('PDP_INDEX_URL: the index belongs to the issuer'),
      )
    } finally {
      await pdp.stop()
    }
  })

  test('an issuer that got another name is taken by naming the former one, once nothing else runs', async () => {
    const database = await own()
    const before = await start(database, acme)
    await before.stop()
    await expect(start({ ...database, ...key() })).rejects.toThrow('PDP_ISSUER: the database belongs to the issuer')
    const after = await start({ ...database, ...key(), PDP_FORMER_ISSUER: acme.issuer.issuer })
    await after.stop()
    await expect(start({ ...database }, acme)).rejects.toThrow(`the issuer ${bolt.issuer.issuer}`)
  })
})

test('of all that bolt answered here nothing was acme`s', () => {
  expect(answered.length).toBeGreaterThan(100)
  expect(answered.flatMap((one) => leaksIn(one).map((leak) => `${leak} in ${one.asked}`))).toEqual([])
})
