/**
 * The desktop app without its window, on real servers: the story of design 1 by calls of the channel alone, what a session leaves behind, and how one
 * ends that was ended elsewhere.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { leafBytes, loggedEntrySchema, parseVerifierKey, verifyLogProof } from '@mandate/protocol'
import type { Stack } from '@mandate/stack'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { filesBelow, type TestApp, type TestAppOptions, testApp, testKeystore } from '../support/desktop-app.ts'

const AGENT = 'booking-agent'
const DAY_MS = 86_400_000
const WAIT = { timeout: 20_000, interval: 100 }
let stack: Stack
let folder: string
let folders = 0

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'trips', 'agent'] })
  folder = mkdtempSync(join(tmpdir(), 'mandate-desktop-'))
  await asOperator('olga', 'mandate-cli', 'POST', '/v1/agents', { id: AGENT })
})
afterAll(async () => {
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const person = (name: string) => stack.people[name] ?? expect.unreachable(name)

function appOf(options: Omit<TestAppOptions, 'stack' | 'dataDir'> & { readonly dataDir?: string } = {}): TestApp {
  const dataDir = options.dataDir ?? join(folder, String(folders++))
  mkdirSync(dataDir, { recursive: true })
  const app = testApp({ ...options, stack, dataDir })
  onTestFinished(() => app.core.close())
  return app
}

async function enter(name: string, options?: Parameters<typeof appOf>[0]): Promise<TestApp> {
  const app = appOf({ keystore: testKeystore(), ...options })
  app.sitsDown(person(name))
  expect(await app.must('session.signIn')).toMatchObject({ state: 'signed_in', online: true })
  return app
}

async function asOperator(name: string, clientId: string, method: string, path: string, body: unknown): Promise<void> {
  const openBrowser = formBrowser(person(name))
  const session = await signIn({ issuer: stack.issuer, clientId, scopes: ['pdp'], openBrowser })
  const headers = { authorization: `Bearer ${await session.tokenFor('pdp')}`, 'content-type': 'application/json' }
  const response = await fetch(stack.urls.pdp + path, { method, headers, body: JSON.stringify(body) })
  expect(response.status).toBeLessThan(300)
}

/** What no answer, event or file may hold: every sealed token and key, and whatever looks like one. */
function expectNoSecret(texts: readonly string[], sealed: readonly string[]): void {
  const secrets = new Set<string>()
  for (const text of sealed.flatMap((outer) => [JSON.parse(outer).text as string])) {
    if (!text.includes('refreshToken')) continue
    const { refreshToken, idToken, key } = JSON.parse(text)
    for (const secret of [refreshToken, idToken, key.d]) secrets.add(secret)
  }
  expect(secrets.size).toBeGreaterThan(2)
  for (const text of texts) {
    expect(text).not.toMatch(/eyJ[\w-]{10,}\.[\w-]+/)
    for (const secret of secrets) expect(text.includes(secret)).toBe(false)
  }
}

test('the story, by calls of the channel alone', async () => {
  const [carlosKeys, yannicksKeys] = [testKeystore(), testKeystore()]
  const carlosFolder = join(folder, 'carlo')
  const carlo = await enter('carlo', { keystore: carlosKeys, dataDir: carlosFolder, timings: { lookMs: 1_000 } })
  const yannick = await enter('yannick', { keystore: yannicksKeys, timings: { lookMs: 1_000 } })
  const me = await carlo.must('session.read')

  // Personas: one is usable at once and is acted in; the other waits for an administrator.
  const carlos = await carlo.must('personas.create', { title: 'traveler', circle: 'family' })
  expect(await carlo.must('session.read')).toMatchObject({ persona: 'traveler/family', keptIn: 'keystore' })
  const limits = {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 604_800 },
    risk: { at_most: 3 },
  }
  await carlo.must('personas.setAutonomy', { id: carlos.id, autonomy: { consent: true, limits } })
  const yannicks = await yannick.must('personas.create', { title: 'travel-agent', circle: 'acme' })
  expect(yannicks.status).toBe('pending')
  expect(await yannick.call('personas.choose', { persona: 'travel-agent/acme' })).toMatchObject({
    ok: false,
    problem: { code: 'persona_unusable', field: 'persona' },
  })
  await asOperator('petra', 'desktop', 'PATCH', `/v1/personas/${yannicks.id}`, { status: 'active' })
  await yannick.must('personas.list')
  expect(await yannick.must('session.read')).toMatchObject({ persona: 'travel-agent/acme' })

  // A trip, and an invitation with a grant.
  const trip = await carlo.must('trips.create', { template: 'milan' })
  expect(trip.items.map(({ name }: { name: string }) => name).toSorted()).toEqual(['dinner', 'flight', 'hotel'])
  const scope = `workflow:${trip.id}`
  const terms = { delegator_persona: 'traveler/family', actions: ['read', 'execute'], scope, redelegations: 1 }
  const invitation = await carlo.must('invitations.create', { grant: terms })
  const link = `mandate://invitation#${invitation.code}`
  yannick.core.openLink(link)
  expect(yannick.events.at(-1)).toEqual({ name: 'invitation', event: { code: invitation.code } })
  await yannick.must('invitations.redeem', { code: link, name: 'Carlo' })
  await expect.poll(() => carlo.events.filter(isChanged('invitations')).length, WAIT).toBeGreaterThan(1)
  const redeemed = (await carlo.must('invitations.list')).items[0]
  const confirmed = { id: redeemed.id, redeemer: redeemed.redeemer, name: 'Yannick' }
  const { grant_id: toYannick } = await carlo.must('invitations.confirm', confirmed)
  expect((await carlo.must('contacts.list')).items).toEqual([{ party: redeemed.redeemer, name: 'Yannick', note: '' }])
  expect((await yannick.must('contacts.list')).items).toMatchObject([{ party: me.subject, name: 'Carlo' }])

  // Passed on to the agent, previewed first; it ends within a day, and both are reminded.
  const toAgent = {
    delegate: `agent:${AGENT}`,
    delegator_persona: 'travel-agent/acme',
    actions: ['execute'],
    scope,
    parent: toYannick,
    expires_at: new Date(Date.now() + DAY_MS - 60_000).toISOString(),
  }
  expect(await yannick.must('grants.preview', toAgent)).toMatchObject({ allowed: true })
  const agents = await yannick.must('grants.issue', toAgent)
  expect((await carlo.must('grants.below', { id: toYannick })).items).toMatchObject([{ id: agents.id }])
  await expect
    .poll(() => yannick.events.filter(({ name }) => name === 'expiring'), WAIT)
    .toMatchObject([{ event: { grants: [{ id: agents.id }] } }])

  // The agent runs it, and every state of the run is told.
  const wanted = { dinner: true, flight: true, hotel: false }
  expect(await outcomes(yannick, trip)).toEqual(wanted)
  await expect
    .poll(async () => statusOf(await carlo.must('trips.read', { id: trip.id }), 'dinner'), WAIT)
    .toBe('booked')
  await expect.poll(() => carlo.events.filter(({ name }) => name === 'activity').length, WAIT).toBeGreaterThan(2)

  // Revoked: what else ended is known before, and the next run is denied.
  await carlo.must('grants.revoke', { id: toYannick, reason: 'the trip is off' })
  expect(await carlo.must('grants.read', { id: agents.id })).toMatchObject({ status: 'cut' })
  expect(await outcomes(yannick, trip, [itemOf(trip, 'dinner')])).toEqual({ dinner: false })

  // Their activity, a proof that holds, the same question now.
  const page = await carlo.must('activity.list', { kind: 'evaluation', actor: `agent:${AGENT}`, action: 'execute' })
  expect(page.me).toMatch(/^user:p_/)
  expect(page.entries[0].owner).toBe(page.me)
  const booked = page.entries.find(({ decision }: { decision: boolean }) => decision)
  const { entry, proof, keys } = await carlo.must('activity.proof', { id: booked.id })
  const claim = {
    proof,
    entry: leafBytes(loggedEntrySchema.parse(JSON.parse(entry))),
    keys: await Promise.all(keys.map(parseVerifierKey)),
  }
  const sha256 = async (data: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))
  expect(await verifyLogProof(sha256, claim)).toMatchObject({ ok: true, index: booked.index })
  const own = await carlo.must('activity.list', { kind: 'evaluation', subject: page.me, action: 'read' })
  expect(await carlo.must('activity.replay', { id: own.entries[0].id })).toMatchObject({ now: { decision: true } })
  // What somebody else asked is not theirs to ask again.
  expect(await carlo.call('activity.replay', { id: booked.id })).toMatchObject({ problem: { code: 'forbidden' } })
  await carlo.must('activity.export', { format: 'csv', filter: { decision: 'deny' } })
  expect(readFileSync(join(carlosFolder, 'mandate-activity.csv'), 'utf8')).toContain('price_above_limit')

  // All that is held, and then none of it.
  expect(await carlo.must('account.export')).toEqual({ saved: true, name: 'mandate-my-data.json' })
  const exported = join(carlosFolder, 'mandate-my-data.json')
  expect(statSync(exported).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(exported, 'utf8'))).toMatchObject({
    on_this_machine: { contacts: [{ name: 'Yannick' }] },
    trips: [{ id: trip.id }],
    mandate: { subject: me.subject, pseudonym: page.me },
  })
  rmSync(exported)
  rmSync(join(carlosFolder, 'mandate-activity.csv'))
  expect(await carlo.call('account.forget', { confirm: 'yes' })).toMatchObject({ problem: { code: 'bad_call' } })
  expect(await carlo.must('account.forget', { confirm: 'forget me' })).toMatchObject({ ended: { personas: 1 } })
  expect(await carlo.must('session.read')).toEqual({ state: 'signed_out', why: 'forgotten' })
  expect(filesBelow(carlosFolder)).toEqual([])
  expectNoSecret(carlo.said, carlosKeys.sealed)
  expectNoSecret(yannick.said, yannicksKeys.sealed)
})

test('two accounts one after the other: the second finds nothing of the first, in memory or in files', async () => {
  const keystore = testKeystore()
  const dataDir = join(folder, 'shared')
  const app = await enter('yannick', { keystore, dataDir })
  const first = await app.must('session.read')
  await app.must('contacts.save', { party: 'user:somebody', name: 'A name that only Yannick knows' })
  await app.must('trips.list')
  expect(await app.must('session.signOut')).toEqual({ state: 'signed_out', why: 'signed_out' })
  expect(await app.call('contacts.list')).toMatchObject({ ok: false, problem: { code: 'signed_out' } })

  const before = app.said.length
  app.sitsDown(person('sam'))
  const second = await app.must('session.signIn')
  expect(second.subject).not.toBe(first.subject)
  expect((await app.must('contacts.list')).items).toEqual([])
  expect((await app.must('trips.list')).items).toEqual([])
  for (const said of app.said.slice(before)) expect(said).not.toContain(first.subject)
  await app.core.close()
  for (const file of filesBelow(dataDir)) {
    const bytes = readFileSync(file).toString('latin1')
    for (const word of [first.subject, second.subject, 'A name that only', 'refreshToken']) {
      expect(`${file} ${bytes}`.includes(word.replace('user:', ''))).toBe(false)
    }
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }

  const again = appOf({ keystore, dataDir })
  expect(await again.must('session.read')).toMatchObject({ state: 'signed_in', subject: second.subject })
  await again.must('session.signOut')
  again.sitsDown(person('yannick'))
  await again.must('session.signIn')
  expect((await again.must('contacts.list')).items).toMatchObject([{ name: 'A name that only Yannick knows' }])
})

test('a session that an administrator ends is seen, and everything of it forgotten', async () => {
  const keystore = testKeystore()
  const dataDir = join(folder, 'ended')
  const app = await enter('sam', { keystore, dataDir, timings: { lookMs: 500 } })
  await app.must('trips.templates')
  await endSession(sidIn(keystore.sealed))
  await expect.poll(() => app.must('session.read'), WAIT).toEqual({ state: 'signed_out', why: 'ended' })
  expect(app.events.at(-1)).toEqual({ name: 'session', event: { state: 'signed_out', why: 'ended' } })
  expect(await app.call('trips.templates')).toMatchObject({ ok: false, problem: { code: 'signed_out' } })
  await expect.poll(() => filesBelow(join(dataDir, 'sign-in')), WAIT).toEqual([])
})

test('a crash between the use of a refresh token and the keeping of the next one ends the session cleanly', async () => {
  const keystore = testKeystore()
  const [dataDir, older] = [join(folder, 'crashed'), join(folder, 'older')]
  const app = await enter('sam', { keystore, dataDir, timings: { lookMs: 600_000 } })
  cpSync(dataDir, older, { recursive: true })
  await app.must('session.read')
  // Whatever the first app asks next uses the token that the copy still holds.
  await expect
    .poll(() => keystore.sealed.filter((text) => text.includes('refreshToken')).length, WAIT)
    .toBeGreaterThan(2)
  await app.core.close()

  const survivor = appOf({ keystore, dataDir: join(older) })
  await survivor.must('session.read')
  await expect.poll(() => survivor.must('session.read'), WAIT).toEqual({ state: 'signed_out', why: 'ended' })
  await expect.poll(() => filesBelow(join(older, 'sign-in')), WAIT).toEqual([])
})

test('without a safe keystore a sign-in is refused, unless it is knowingly for this time only', async () => {
  const dataDir = join(folder, 'unsafe')
  const app = appOf({ dataDir, keystore: { ...testKeystore(), isSafe: async () => false } })
  app.sitsDown(person('sam'))
  expect(await app.call('session.signIn')).toMatchObject({ ok: false, problem: { code: 'keystore_unavailable' } })
  expect(await app.must('session.signIn', { memory: true })).toMatchObject({ state: 'signed_in', keptIn: 'memory' })
  await app.must('contacts.save', { party: 'user:somebody', name: 'Somebody' })
  await app.must('trips.templates')
  await app.core.close()
  expect(filesBelow(dataDir)).toEqual([])
})

test('with the services gone what was seen is still to be read, and said to be old; writes say why not', async () => {
  const app = await enter('sam', { timings: { lookMs: 500, retryMs: 200, callMs: 2_000 } })
  const templates = await app.must('trips.templates')
  const trips = stack.services.trips ?? expect.unreachable('no trips')
  await trips.kill('SIGKILL')
  onTestFinished(() => trips.restart())
  const stale = await app.call('trips.templates')
  expect(stale).toMatchObject({ ok: true, value: templates, stale: expect.stringMatching(/Z$/) })
  expect(await app.must('session.read')).toMatchObject({ state: 'signed_in', online: false })
  expect(await app.call('trips.create', { template: 'milan' })).toMatchObject({ problem: { code: 'offline' } })
  expect(await app.call('trips.read', { id: 'never-seen' })).toMatchObject({ problem: { code: 'offline' } })
  await trips.restart()
  await expect.poll(async () => (await app.must('session.read')).online, WAIT).toBe(true)
  expect((await app.call('trips.templates')).stale).toBeUndefined()
})

interface Trip {
  readonly id: string
  readonly items: readonly { readonly id: string; readonly name: string; readonly status: string }[]
}

const itemOf = (trip: Trip, name: string): string => trip.items.find((item) => item.name === name)?.id ?? name
const statusOf = (trip: Trip, name: string) => trip.items.find((item) => item.name === name)?.status
const isChanged =
  (what: string) =>
  ({ name, event }: TestApp['events'][number]): boolean =>
    name === 'changed' && event.what === what

/** Lets the agent run a trip to its end; what it was permitted, by name. */
async function outcomes(app: TestApp, trip: Trip, items?: readonly string[]): Promise<Record<string, boolean>> {
  const { id } = await app.must('runs.start', { agent: AGENT, trip: trip.id, ...(items ? { items } : {}) })
  const told = () => app.events.filter(({ name, event }) => name === 'run' && event.id === id).at(-1)?.event
  await expect.poll(() => told()?.status, WAIT).not.toBe('running')
  const run = (await app.must('runs.list')).items.find((one: { id: string }) => one.id === id)
  expect(run).toEqual(told())
  expect(run.agent).toBe(AGENT)
  const named = run.items.map(({ item, decision }: { item: string; decision: boolean }) => [
    trip.items.find((one) => one.id === item)?.name,
    decision,
  ])
  return Object.fromEntries(named)
}

/** The session's id, from the newest ID token that was sealed. */
function sidIn(sealed: readonly string[]): string {
  const kept = sealed.map((outer) => JSON.parse(outer).text).findLast((text: string) => text.includes('refreshToken'))
  return String(decodeJwt(JSON.parse(kept).idToken)['sid'])
}

async function endSession(sid: string): Promise<void> {
  const { url, username, password } = stack.admin
  const form = { grant_type: 'password', client_id: 'admin-cli', username, password }
  const tokenUrl = `${url}/realms/master/protocol/openid-connect/token`
  const signedIn = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token: token } = (await signedIn.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  const ended = await fetch(`${url}/admin/realms/mandate/sessions/${sid}`, { method: 'DELETE', headers })
  expect(ended.status).toBe(204)
}
