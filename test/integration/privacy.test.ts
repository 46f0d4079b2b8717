/**
 * No token, e-mail, name or sub is kept where it does not belong (rule L5): planted wherever a caller can put text, and then
 * looked for in every file, tuple, entry, operations line and error.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { OpenFga } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { type Answer, type CallOptions, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }
/** Words a person might write, in the forms an id, a name and a text can take. */
const EMAIL = 'petra.planted@example.com'
const NAME = 'petra-planted-de-vries'
const WORDS = 'planted words of Petra'
/** The name of a member: an error may repeat it, so that its sender finds it. */
const MEMBER = 'petra-planted-member'
const PLANTED = [EMAIL, NAME, WORDS]
/** As Keycloak makes them, so that it could pass for a request id. */
const UUID_SUB = 'a11ce000-0000-4000-8000-00000b0b0b0b'

/** The same in other spellings. */
const SPELT = [UUID_SUB.toUpperCase(), UUID_SUB.replaceAll('-', ''), UUID_SUB.replaceAll('-', '').toUpperCase()]

const NEW_SUBS = ['b', 'c', 'd'].map((digit) => `${digit}11ce000-0000-4000-8000-00000b0b0b0b`)

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World
const errors: Answer[] = []
const tokens: string[] = []

beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({
    database: 'sqlite',
    openFga: { url: line.url, apiToken: openFga.apiToken },
    env: {
      PDP_SERVICES: 'trips=workflow+workflow_item+travel_account+petra-planted-de-vries',
    },
  })
  world = new World(tpdp)
  await world.begin()
  await world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
  await plantInQuestions()
  await plantInAdministration()
  await plantInHeadersAndTokens()
  line.behave(() => 500)
  await plantInQuestions()
  await plantInAdministration()
  line.behave(() => 'pass')
  await tpdp.restart()
})
afterAll(async () => {
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})

async function send(method: string, path: string, options: CallOptions): Promise<void> {
  const answer = await tpdp.call(method, path, options)
  if (answer.status >= 400) errors.push(answer)
}

/** A question with planted text in one place after the other. */
async function plantInQuestions(): Promise<void> {
  const good = world.question({ subject: 'B', action: 'execute', item: 'flight' })
  const user = { type: 'user', id: world.id('B') }
  const questions = [
    { ...good, subject: { type: 'user', id: EMAIL } },
    { ...good, subject: { type: 'user', id: `${EMAIL}:*` } },
    { ...good, subject: { type: EMAIL, id: NAME } },
    { ...good, subject: { type: 'agent', id: EMAIL } },
    { ...good, subject: { ...user, properties: { persona: WORDS, name: WORDS, email: EMAIL } } },
    { ...good, subject: { ...user, properties: { persona: `${NAME}/${NAME}` } } },
    { ...good, subject: { ...user, properties: { act: { sub: NAME, name: WORDS } } } },
    { ...good, subject: { ...user, properties: { act: { sub: `${EMAIL}*` } } } },
    { ...good, action: { name: WORDS, properties: { note: WORDS } } },
    { ...good, action: { name: NAME } },
    { ...good, resource: { type: 'workflow', id: EMAIL } },
    { ...good, resource: { type: NAME, id: EMAIL } },
    { ...good, resource: { type: EMAIL, id: NAME } },
    { ...good, resource: { type: `travel_account:${NAME}`, id: EMAIL } },
    { ...good, resource: { type: `workflow:${NAME}`, id: EMAIL } },
    { ...good, resource: { type: 'travel_account', id: EMAIL }, action: { name: 'create' } },
    {
      ...good,
      resource: {
        type: 'workflow',
        id: world.named.get('T'),
        properties: {
          note: WORDS,
          [MEMBER]: EMAIL,
          risk: EMAIL,
          starts_at: WORDS,
          planned_price: { amount: 1, currency: 'EUR', note: WORDS },
        },
      },
    },
    { ...good, context: { note: WORDS, email: EMAIL, token: NAME }, [MEMBER]: WORDS },
  ]
  for (const body of questions) {
    await send('POST', '/access/v1/evaluation', { as: TRIPS, body })
    await send('POST', '/access/v1/evaluation', { as: AUDITOR, body })
    await send('POST', '/access/v1/evaluation', { as: world.as('S'), body })
    await send('POST', '/access/v1/evaluations', {
      as: TRIPS,
      body: { evaluations: [body], options: { reasons: true } },
    })
    await send('POST', '/access/v1/evaluations', {
      as: TRIPS,
      body: { ...body, options: { evaluations_semantic: WORDS } },
    })
  }
  for (const body of [`{"${EMAIL}": ${NAME}`, `"${WORDS}"`, `["${EMAIL}"]`])
    await send('POST', '/access/v1/evaluation', { as: TRIPS, body })
}

async function plantInAdministration(): Promise<void> {
  const A = world.as('A')
  const grant = {
    delegator_persona: 'traveler/family',
    delegate: world.ref('C'),
    actions: ['read'],
    scope: 'all:travel',
  }
  const grants = [
    { ...grant, delegate: `user:${EMAIL}` },
    { ...grant, delegate: EMAIL },
    { ...grant, actions: [WORDS] },
    { ...grant, scope: `${NAME}:${EMAIL}` },
    { ...grant, scope: `all:${NAME}` },
    { ...grant, scope: `workflow:${EMAIL}` },
    { ...grant, scope: WORDS },
    { ...grant, delegate_persona: NAME },
    { ...grant, delegator_persona: `${NAME}/${NAME}` },
    { ...grant, limits: [{ attribute: NAME, at_most: 1 }] },
    { ...grant, limits: [{ attribute: 'risk', at_most: EMAIL, currency: WORDS }] },
    { ...grant, expires_at: WORDS },
    { ...grant, parent: EMAIL },
  ]
  for (const body of grants) await send('POST', '/v1/grants', { as: A, body })
  const extra = await world.grant({ from: 'A', to: 'M', actions: ['read'], name: 'am' })
  if (extra.status === 201)
    await send('POST', `/v1/grants/${world.named.get('am')}/revoke`, { as: A, body: { reason: `${WORDS} ${EMAIL}` } })
  const personas = [
    { title: NAME, circle: 'x' },
    { title: 'traveler', circle: EMAIL },
    { title: 'traveler', circle: 'y', autonomy: { consent: true, limits: { [MEMBER]: { at_most: 1 } } } },
    { title: 'traveler', circle: 'y', valid_from: WORDS },
  ]
  for (const body of personas) await send('POST', '/v1/personas', { as: A, body })
  await send('PATCH', `/v1/personas/${EMAIL}`, { as: A, body: { status: WORDS } })
  await send('PATCH', `/v1/personas/${NAME}`, { as: A, body: { status: 'active' } })
  await send('PATCH', `/v1/agents/${NAME}`, { as: world.staff('operator'), body: { status: 'active' } })
  await send('POST', '/v1/agents', { as: world.staff('operator'), body: { id: `${EMAIL}*`, service_sub: WORDS } })
  await plantInResourcesAndReading()
}

async function plantInResourcesAndReading(): Promise<void> {
  const A = world.as('A')
  const words = encodeURIComponent(WORDS)
  await send('PUT', `/v1/resources/workflow/${EMAIL}`, { as: TRIPS, body: { owner: `user:${EMAIL}` } })
  await send('PUT', `/v1/resources/${NAME}/${EMAIL}`, { as: TRIPS, body: { owner: world.ref('A') } })
  await send('PUT', '/v1/resources/workflow/w', { as: TRIPS, body: { owner: WORDS, owner_persona: WORDS } })
  await send('PUT', '/v1/resources/workflow_item/i', { as: TRIPS, body: { parent: `workflow:${EMAIL}` } })
  await send('GET', `/v1/resources/workflow/${words}`, { as: A })
  await send('GET', `/v1/grants?delegator=user:${EMAIL}&resource=${words}&${MEMBER}=${words}`, { as: A })
  await send('GET', `/v1/grants?owner=${words}`, { as: A })
  await send('GET', `/v1/grants/${words}`, { as: A })
  await send('GET', `/v1/decisions?subject=user:${EMAIL}`, { as: A })
  await send('GET', `/v1/decisions?action=${words}&resource=workflow:${EMAIL}`, { as: AUDITOR })
  await send('GET', `/v1/decisions?${MEMBER}=${words}`, { as: AUDITOR })
  await send('GET', `/v1/decisions/${words}`, { as: A })
  await send('GET', `/${words}/%ff?${EMAIL}`, { as: A })
  await send('DELETE', `/v1/resources/workflow/${EMAIL}`, { as: TRIPS })
}

/** A person's sub, and other spellings of it, as the name of what is no person. */
async function plantSubs(): Promise<void> {
  await refused('POST', '/v1/personas', { as: world.as('S'), body: { title: 'traveler', circle: spelt('A') } })
  const grant = {
    delegator_persona: 'traveler/family',
    delegate: world.ref('C'),
    actions: ['read'],
    scope: 'all:travel',
  }
  const asked = { ...grant, delegate_persona: `traveler/${spelt('A')}` }
  await refused('POST', '/v1/grants', { as: world.as('A'), body: asked })
  await refused('POST', '/v1/invitations', { as: world.as('A'), body: { grant: { ...asked, delegate: undefined } } })
  for (const id of [UUID_SUB, ...SPELT]) {
    await refused('POST', '/v1/agents', { as: world.staff('operator'), body: { id } })
    await refused('PUT', `/v1/resources/workflow/${id}`, {
      as: TRIPS,
      body: { owner: world.ref('A'), owner_persona: 'traveler/family' },
    })
    await send('POST', '/access/v1/evaluation', {
      as: TRIPS,
      body: { ...world.question({ subject: 'B', action: 'read' }), resource: { type: 'workflow', id } },
    })
  }
}

/** Of a person of the world: in lower case, and without its dash. */
const spelt = (name: string): string => world.id(name).toLowerCase().replace('-', '')

/** People who are known by nobody yet, each in another spelling: they become known by the very request. */
async function plantSubsOfNewPeople(): Promise<void> {
  for (const [index, sub] of NEW_SUBS.entries()) {
    const headers = { 'x-request-id': sub, traceparent: `00-${sub.replaceAll('-', '')}-00f067aa0ba902b7-01` }
    const body = world.question({ subject: 'B', action: 'read' })
    if (index === 0) await send('GET', '/v1/personas', { as: { sub, azp: 'desktop' }, headers })
    else if (index === 1) await send('POST', '/v1/grants', { as: { sub, azp: 'desktop' }, body: {}, headers })
    else
      await send('POST', '/access/v1/evaluation', {
        as: TRIPS,
        body: { ...body, subject: { type: 'user', id: sub } },
        headers,
      })
  }
}

async function refused(method: string, path: string, options: CallOptions): Promise<void> {
  const answer = await tpdp.call(method, path, options)
  expect([answer.status, answer.body?.code, path], answer.text).toEqual([409, 'conflict', path])
  errors.push(answer)
}

async function plantInHeadersAndTokens(): Promise<void> {
  const body = world.question({ subject: 'B', action: 'execute', item: 'flight' })
  const person = { sub: UUID_SUB, azp: 'desktop' }
  await send('POST', '/v1/personas', { as: person, body: { title: 'traveler', circle: 'family' } })
  await plantSubs()
  await plantSubsOfNewPeople()
  for (const id of [NAME, EMAIL, WORDS, UUID_SUB, ...SPELT]) {
    const headers = {
      'x-request-id': id,
      'user-agent': WORDS,
      traceparent: `00-${id}-00f067aa0ba902b7-01`,
      cookie: EMAIL,
      forwarded: NAME,
    }
    await send('POST', '/access/v1/evaluation', { as: TRIPS, body, headers })
    await send('POST', '/access/v1/evaluation', { as: TRIPS, body: `{${WORDS}`, headers })
    await send('POST', '/access/v1/evaluation', { body, headers })
  }
  for (const claims of [
    { ...AUDITOR, lifetime: -60 },
    { ...AUDITOR, aud: 'trips' },
    { sub: EMAIL, azp: NAME },
    person,
  ]) {
    const token = await tpdp.issuer.token(claims)
    tokens.push(token, ...token.split('.').slice(1))
    await send('POST', '/access/v1/evaluation', { as: token, body })
  }
  line.behave(() => 500)
  await send('POST', '/access/v1/evaluation', { as: TRIPS, body, headers: { 'x-request-id': NAME } })
  line.behave(() => 'pass')
}

/** The subs of everybody who took part. */
const subs = (): readonly string[] => {
  const people = ['A', 'B', 'C', 'D', 'M', 'M2', 'S']
  const uuids = [UUID_SUB, ...SPELT, ...NEW_SUBS, ...NEW_SUBS.map((sub) => sub.replaceAll('-', ''))]
  return [...uuids, ...people.flatMap((name) => [world.id(name), spelt(name)])]
}

function expectNone(text: string, wanted: readonly string[], where: string): void {
  for (const word of wanted) {
    const at = text.indexOf(word)
    expect(at, `${where} holds "${word}": ${text.slice(Math.max(0, at - 300), at + 100)}`).toBe(-1)
  }
}

test('an error says nothing but our own words and the names of members', () => {
  expect(errors.length).toBeGreaterThan(100)
  for (const { status, text, body } of errors) {
    expect(status).not.toBe(500)
    const said = body ? `${body.title} ${body.detail ?? ''} ${body.field ?? ''}` : text
    expectNone(said, [...PLANTED, ...subs(), ...tokens], `${status} ${text}`)
  }
})

test('the operations log holds nothing that a caller wrote', () => {
  const lines = tpdp.operations.join('\n')
  expect(lines).toContain('relations_unavailable')
  expectNone(lines, [...PLANTED, MEMBER, ...subs(), ...tokens, openFga.apiToken], 'operations log')
})

test('the decision log, its index and all entries hold pseudonyms and commitments', async () => {
  const files = readdirSync(tpdp.dataDir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  const others = files.filter(({ name }) => !name.startsWith('pdp.db'))
  expect(others.length).toBeGreaterThan(2)
  for (const { parentPath, name } of others)
    expectNone(readFileSync(join(parentPath, name), 'latin1'), [...PLANTED, MEMBER, ...subs(), ...tokens], name)
  const { text, body } = await tpdp.call('GET', '/v1/decisions?limit=1000', { as: AUDITOR })
  expect(body.total).toBeGreaterThan(100)
  expectNone(text, [...PLANTED, MEMBER, ...subs(), ...tokens], 'the entries')
})

test('a sub stands nowhere, sealed in the vault; a reason in words stays in the register', async () => {
  await tpdp.restart()
  const database = new DatabaseSync(join(tpdp.dataDir, 'pdp.db'), { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const dump = (name: unknown): string =>
    JSON.stringify(database.prepare(`SELECT * FROM ${String(name)}`).all(), (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
  expect(database.prepare('SELECT count(*) AS people FROM vault').get()?.['people']).toBeGreaterThan(3)
  for (const { name } of tables) {
    expectNone(dump(name), [...subs(), ...tokens], String(name))
    if (name !== 'grants') expectNone(dump(name), PLANTED, String(name))
  }
  const reasons = database.prepare('SELECT revoke_reason FROM grants WHERE revoke_reason IS NOT NULL').all()
  expect(reasons).toEqual([{ revoke_reason: `${WORDS} ${EMAIL}` }])
  const bodies = JSON.stringify(database.prepare('SELECT body, ending, twin, covers FROM grants').all())
  expectNone(bodies, PLANTED, 'grants')
  database.close()
})

test('OpenFGA never sees a sub, nor a word that was written', async () => {
  const headers = { authorization: `Bearer ${openFga.apiToken}`, 'content-type': 'application/json' }
  const stores = await (await fetch(`${openFga.url}/stores`, { headers })).json()
  const tuples: unknown[] = []
  let token = ''
  do {
    const body = JSON.stringify({ page_size: 100, ...(token ? { continuation_token: token } : {}) })
    const answer = await fetch(`${openFga.url}/stores/${stores.stores[0].id}/read`, { method: 'POST', headers, body })
    const page = await answer.json()
    tuples.push(...page.tuples)
    token = page.continuation_token
  } while (token)
  expect(tuples.length).toBeGreaterThan(20)
  expectNone(JSON.stringify(tuples), [...PLANTED, MEMBER, ...subs(), ...tokens], 'OpenFGA')
})
