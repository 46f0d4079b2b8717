/**
 * The console's server at a real PDP: what each role can read and change with it, that each change is an entry of the log, and what is refused before it
 * reaches a PDP.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SECOND_FACTORS } from '@mandate/protocol'
import { type Listener, serve } from '@mandate/service'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createApp } from '../../auditor/src/server/app.ts'
import { createIdentity } from '../../auditor/src/server/identity.ts'
import { createPdps } from '../../auditor/src/server/pdps.ts'
import { createSessions, type Sessions } from '../../auditor/src/server/sessions.ts'
import { CONSOLE_PLACE, LOG_PLACE } from '../../auditor/src/server/sign-in.ts'
import { createSignInStates } from '../../auditor/src/server/sign-in-state.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const ORIGIN = 'https://console.example'
type Role = 'operator' | 'persona-admin' | 'auditor' | 'none'

let tpdp: TestPdp
let world: World
let server: Listener
let folder: string
let places: { readonly log: Sessions; readonly console: Sessions }

beforeAll(async () => {
  tpdp = await startTestPdp({ openFga: inject('openFga'), env: { PDP_PERSON_PER_MINUTE: '60000' } })
  world = new World(tpdp)
  await world.begin()
  folder = await mkdtemp(join(tmpdir(), 'mandate-console-'))
  await writeFile(join(folder, 'index.html'), 'the log')
  await writeFile(join(folder, 'console.html'), 'the console')
  const ofLog = openPlace('auditor', 'audit')
  const ofConsole = openPlace('console', 'pdp')
  places = { log: ofLog.sessions, console: ofConsole.sessions }
  const limits = { addressPerSecond: 1_000, concurrent: 64 }
  const pdps = createPdps([tpdp.pdp.url], fetch)
  const shared = { publicUrl: ORIGIN, secondFactor: SECOND_FACTORS, pdps, logKeys: [], pageDir: folder, ...limits }
  const app = createApp({ ...ofLog, console: ofConsole, ...shared, logger: pino({ level: 'silent' }) })
  server = await serve(app, { host: '127.0.0.1', port: 0 })
}, 120_000)
afterAll(async () => {
  await server?.close()
  await tpdp?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

function openPlace(clientId: string, scope: string) {
  const identity = createIdentity({
    ...{
      issuer: tpdp.issuer.issuer,
      clientId,
      clientSecrets: () => ['a secret for tests'],
      scope,
      stepUpAcr: '2',
      fetch,
    },
    redirectUri: `${ORIGIN}/callback`,
    signedOutUri: `${ORIGIN}/logged-out`,
  })
  return { identity, sessions: createSessions(identity), pending: createSignInStates() }
}

/** A cookie of a session, as after a sign-in. */
async function cookieOf(role: Role, place: 'log' | 'console' = 'console'): Promise<string> {
  const subject = `staff-${role}`
  const roles = role === 'none' ? [] : [role]
  const client = place === 'log' ? { azp: 'auditor', scope: 'audit' } : { azp: 'console', scope: 'pdp' }
  const access = await tpdp.issuer.token({ sub: subject, roles, ...client })
  const tokens = { subject, access, refresh: 'r', idToken: 'i', expiresAt: Date.now() + 3_600_000 }
  const { sessionCookie } = place === 'log' ? LOG_PLACE : CONSOLE_PLACE
  return `${sessionCookie}=${places[place].open(tokens)}`
}

const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' } as const

/** What the console's page sends to its server. */
async function send(role: Role, method: string, path: string, body?: unknown, headers: HeadersInit = OWN) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(`${server.url}/console/api${path}`, {
    method,
    headers: { cookie: await cookieOf(role), ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** Kinds of the newest entries about a target. */
async function logged(kind: string): Promise<number> {
  const { body } = await world.call('GET', `/v1/decisions?kind=${kind}`, world.staff('auditor'))
  return body.total
}

test('operators register, suspend and resume an agent, each with an entry', async () => {
  const id = `agent-${randomUUID()}`
  const before = [await logged('agent_registered'), await logged('agent_changed')]
  expect((await send('operator', 'POST', '/agents', { id })).status).toBe(201)
  for (const status of ['suspended', 'active'])
    expect((await send('operator', 'PATCH', `/agents/${id}`, { status })).body.status).toBe(status)
  const { body } = await send('operator', 'GET', '/agents')
  expect(body.items).toContainEqual(expect.objectContaining({ id, status: 'active' }))
  const after = [await logged('agent_registered'), await logged('agent_changed')]
  expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 2])
})

test('operators create a key, whose secret is shown once, and revoke it', async () => {
  const request = {
    name: 'nightly report',
    types: ['workflow'],
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  }
  const created = await send('operator', 'POST', '/keys', request)
  expect(created.body.key).toMatch(/^mk_/u)
  const shown = async () =>
    (await send('operator', 'GET', '/keys')).body.items.find(({ id }: { id: string }) => id === created.body.id)
  expect(await shown()).not.toHaveProperty('key')
  expect((await send('operator', 'DELETE', `/keys/${created.body.id}`)).status).toBe(204)
  expect(await shown()).toHaveProperty('revoked_at')
})

test('operators load the policies and put a version in force again', async () => {
  expect((await send('operator', 'POST', '/policies/load')).status).toBe(200)
  const { version } = (await send('operator', 'GET', '/policies')).body.items[0]
  expect((await send('operator', 'POST', '/policies/activate', { version })).body).toMatchObject({ in_force: true })
})

test('operators and auditors see the texts of a version, and compare decisions by two', async () => {
  const before = (await send('operator', 'GET', '/policies')).body.items[0].version
  const texts = (await send('auditor', 'GET', `/policies/texts?version=${encodeURIComponent(before)}`)).body
  expect(texts).toMatchObject({ version: before, core: expect.stringContaining('module core') })
  const travel = texts.packs.find(({ name }: { name: string }) => name === 'travel')
  expect(travel).toMatchObject({
    model: expect.stringContaining('module travel'),
    manifest: expect.stringContaining('domain: travel'),
  })
  const compared = await send(
    'operator',
    'GET',
    `/policies/comparison?${new URLSearchParams({ before, after: before })}`,
  )
  expect(compared.body).toMatchObject({ before, after: before, turned: [], complete: expect.any(Boolean) })
  expect((await send('persona-admin', 'GET', `/policies/texts?version=x`)).status).toBe(403)
})

test('operators and auditors see the services with their types', async () => {
  for (const role of ['operator', 'auditor'] as const)
    expect((await send(role, 'GET', '/services')).body.items).toContainEqual({
      id: 'trips',
      types: expect.arrayContaining(['workflow']),
    })
})

test('persona administrators approve and refuse the personas that wait', async () => {
  for (const status of ['active', 'revoked']) {
    const { body } = await world.take('S', `travel-agent/c${randomUUID().slice(0, 8)}`)
    const waiting = await send('persona-admin', 'GET', '/personas')
    expect(waiting.body.items).toContainEqual(expect.objectContaining({ id: body.id, status: 'pending' }))
    const changed = await send('persona-admin', 'PATCH', `/personas/${encodeURIComponent(body.id)}`, { status })
    expect(changed.body).toMatchObject({ status })
    if (status === 'active')
      await send('persona-admin', 'PATCH', `/personas/${encodeURIComponent(body.id)}`, { status: 'revoked' })
  }
})

test('auditors place a legal hold, see it and lift it, each with an entry', async () => {
  const before = await logged('legal_hold_changed')
  const { body } = await world.call('GET', '/v1/subjects/me/export', world.as('D'))
  const pseudonym = body.pseudonym.slice('user:'.length)
  expect((await send('auditor', 'PUT', `/holds/${pseudonym}`)).status).toBe(204)
  const holds = (await send('auditor', 'GET', '/holds')).body.items
  expect(holds).toContainEqual({ pseudonym, set_by: expect.stringMatching(/^p_/u), set_at: expect.any(String) })
  expect((await send('auditor', 'DELETE', `/holds/${pseudonym}`)).status).toBe(204)
  expect((await send('auditor', 'GET', '/holds')).body.items).toEqual([])
  expect(await logged('legal_hold_changed')).toBe(before + 2)
})

test('the health of each PDP: ready, what is missing, and its log', async () => {
  const { body } = await send('operator', 'GET', '/health')
  expect(body.pdps).toEqual([
    expect.objectContaining({
      answers: true,
      ready: true,
      log: {
        origin: expect.any(String),
        entries: expect.any(Number),
        unpublished: { entries: expect.any(Number), seconds: expect.any(Number) },
        unindexed: { entries: expect.any(Number), seconds: expect.any(Number) },
      },
    }),
  ])
})

describe('refused', () => {
  const changes = [
    ['POST', '/agents', { id: 'x' }],
    ['POST', '/policies/load', undefined],
    ['PUT', '/holds/p_aaaaaaaaaaaaaaaaaaaaaa', undefined],
  ] as const

  test.for([
    ['of another origin', { origin: 'https://evil.example' }],
    ['without an origin', { origin: '' }],
    ['that another site caused', { origin: ORIGIN, 'sec-fetch-site': 'cross-site' }],
    ['of a page on a sibling domain', { origin: ORIGIN, 'sec-fetch-site': 'same-site' }],
  ] as const)('a change %s', async ([, headers]) => {
    for (const [method, path, body] of changes)
      expect((await send('operator', method, path, body, headers)).body).toMatchObject({
        code: 'forbidden',
        status: 403,
      })
  })

  test('a change without the role for it, by the PDP', async () => {
    for (const role of ['none', 'persona-admin'] as const)
      for (const [method, path, body] of changes) expect((await send(role, method, path, body)).status).toBe(403)
    expect((await send('operator', 'GET', '/personas')).status).toBe(403)
    expect((await send('operator', 'GET', '/holds')).status).toBe(403)
  })

  test('a session of the auditor`s page, which reads only', async () => {
    const cookie = (await cookieOf('auditor', 'log')).replace(LOG_PLACE.sessionCookie, CONSOLE_PLACE.sessionCookie)
    for (const sent of [cookie, await cookieOf('auditor', 'log')]) {
      const response = await fetch(`${server.url}/console/api/holds`, { headers: { cookie: sent } })
      expect(response.status).toBe(401)
    }
  })

  test('whatever the console is not for', async () => {
    for (const path of ['/grants', '/decisions', '/subjects/me', '/agents/../grants', '/keys/%2e%2e%2fgrants'])
      expect((await send('operator', 'GET', path)).status, path).toBe(404)
    expect((await send('operator', 'PATCH', '/personas/%2e%2e%2fgrants', { status: 'active' })).status).toBe(404)
  })
})

test('a page that asks for its session before the sign-in is told that there is none', async () => {
  for (const path of ['/api/session', '/console/api/session']) {
    const response = await fetch(`${server.url}${path}`, { headers: { 'sec-fetch-site': 'same-origin' } })
    expect([response.status, await response.json()]).toEqual([200, { signed_in: false }])
  }
  expect((await fetch(`${server.url}/api/decisions`)).status).toBe(401)
})

test('the page of the log links to the console for people with a role of it', async () => {
  const sessionOf = async (role: Role) => {
    const response = await fetch(`${server.url}/api/session`, { headers: { cookie: await cookieOf(role, 'log') } })
    return response.json()
  }
  for (const role of ['operator', 'persona-admin', 'auditor'] as const)
    expect(await sessionOf(role)).toMatchObject({ signed_in: true, console: true, auditor: role === 'auditor' })
  expect(await sessionOf('none')).toMatchObject({ signed_in: true, console: false })
})

test('the console has a page of its own, and is off without its client', async () => {
  expect(await (await fetch(`${server.url}/console/agents`)).text()).toBe('the console')
  const app = createApp({
    ...openPlace('auditor', 'audit'),
    console: undefined,
    ...{ publicUrl: ORIGIN, secondFactor: [], pdps: createPdps([tpdp.pdp.url], fetch), logKeys: [], pageDir: folder },
    ...{ addressPerSecond: 1_000, concurrent: 64, logger: pino({ level: 'silent' }) },
  })
  const without = await serve(app, { host: '127.0.0.1', port: 0 })
  for (const path of ['/console', '/console/sign-in', '/console/api/session'])
    expect((await fetch(`${without.url}${path}`)).status, path).toBe(404)
  await without.close()
})
