/**
 * The desktop app without its window, on real servers: the story of `npm start` by calls of the channel alone.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { leafBytes, loggedEntrySchema, parseVerifierKey, verifyLogProof } from '@mandate/protocol'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { type Desks, desksAt, filesBelow, type TestApp, testKeystore } from '../support/desktop-app.ts'

const AGENT = 'booking-agent'
const DAY_MS = 86_400_000
let stack: Stack
let desks: Desks

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'trips', 'agent'] })
  desks = desksAt(stack)
  await asOperator('olga', 'mandate-cli', 'POST', '/v1/agents', { id: AGENT })
})
afterAll(async () => {
  await stack?.stop()
  desks?.clear()
})

describe('the story, by calls of the channel alone', () => {
  const [carlosKeys, yannicksKeys] = [testKeystore(), testKeystore()]
  let carlosFolder: string
  let carlo: TestApp
  let yannick: TestApp
  let trip: Trip
  /** Carlo's grant to Yannick, and Yannick's to the agent. */
  let toYannick: string
  let toAgent: string
  /** Carlo, as the log has him. */
  let pseudonym: string

  beforeAll(async () => {
    carlosFolder = join(desks.folder, 'carlo')
    const timings = { pollMs: 1_000 }
    carlo = await desks.enter(desks.open({ keystore: carlosKeys, dataDir: carlosFolder, timings }), 'carlo')
    yannick = await desks.enter(desks.open({ keystore: yannicksKeys, timings }), 'yannick')
  })
  afterAll(async () => {
    await carlo?.core.close()
    await yannick?.core.close()
  })

  test('one persona is usable at once, the other when an administrator has agreed', async () => {
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
  })

  test('two people meet by an invitation, and a grant starts when the inviter has seen who came', async () => {
    trip = await carlo.must('trips.create', { template: 'milan' })
    expect(trip.items.map(({ name }) => name).toSorted()).toEqual(['dinner', 'flight', 'hotel'])
    const scope = `workflow:${trip.id}`
    const terms = { delegator_persona: 'traveler/family', actions: ['read', 'execute'], scope, redelegations: 1 }
    const invitation = await carlo.must('invitations.create', { grant: terms })
    const link = `mandate://invitation#${invitation.code}`
    yannick.core.openLink(link)
    expect(yannick.events.at(-1)).toEqual({ name: 'invitation', event: { code: invitation.code } })
    await yannick.must('invitations.redeem', { code: link, name: 'Carlo' })
    await expect.poll(() => carlo.events.filter(isChanged('invitations')).length).toBeGreaterThan(1)
    const redeemed = (await carlo.must('invitations.list')).items[0]
    const confirmed = { id: redeemed.id, redeemer: redeemed.redeemer, name: 'Yannick' }
    toYannick = (await carlo.must('invitations.confirm', confirmed)).grant_id
    expect((await carlo.must('contacts.list')).items).toEqual([{ party: redeemed.redeemer, name: 'Yannick', note: '' }])
    expect((await yannick.must('contacts.list')).items).toMatchObject([{ party: redeemed.inviter, name: 'Carlo' }])
  })

  test('it is passed on to an agent for a day, of which both are reminded', async () => {
    const asked = {
      delegate: `agent:${AGENT}`,
      delegator_persona: 'travel-agent/acme',
      actions: ['execute'],
      scope: `workflow:${trip.id}`,
      parent: toYannick,
      expires_at: new Date(Date.now() + DAY_MS - 60_000).toISOString(),
    }
    expect(await yannick.must('grants.preview', asked)).toMatchObject({ allowed: true })
    toAgent = (await yannick.must('grants.issue', asked)).id
    expect((await carlo.must('grants.below', { id: toYannick })).items).toMatchObject([{ id: toAgent }])
    await expect
      .poll(() => yannick.events.filter(({ name }) => name === 'expiring'))
      .toMatchObject([{ event: { grants: [{ id: toAgent }] } }])
  })

  test('the agent runs the trip, and every state of the run is told', async () => {
    const wanted = { dinner: true, flight: true, hotel: false }
    expect(await outcomes(yannick, trip)).toEqual(wanted)
    await expect.poll(async () => statusOf(await carlo.must('trips.read', { id: trip.id }), 'dinner')).toBe('booked')
    await expect.poll(() => carlo.events.filter(({ name }) => name === 'activity').length).toBeGreaterThan(2)
  })

  test('revoking ends what was passed on, and the next run is denied', async () => {
    await carlo.must('grants.revoke', { id: toYannick, reason: 'the trip is off' })
    expect(await carlo.must('grants.read', { id: toAgent })).toMatchObject({ status: 'cut' })
    expect(await outcomes(yannick, trip, [itemOf(trip, 'dinner')])).toEqual({ dinner: false })
  })

  test('the log shows it, a proof holds, and what may be asked again is', async () => {
    const page = await carlo.must('activity.list', { kind: 'evaluation', actor: `agent:${AGENT}`, action: 'execute' })
    pseudonym = page.me
    expect(pseudonym).toMatch(/^user:p_/)
    expect(page.entries[0].owner).toBe(pseudonym)
    const booked = page.entries.find(({ decision }: { decision: boolean }) => decision)
    const { entry, proof, keys } = await carlo.must('activity.proof', { id: booked.id })
    const claim = {
      proof,
      entry: leafBytes(loggedEntrySchema.parse(JSON.parse(entry))),
      keys: await Promise.all(keys.map(parseVerifierKey)),
    }
    const sha256 = async (data: Uint8Array) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))
    expect(await verifyLogProof(sha256, claim)).toMatchObject({ ok: true, index: booked.index })
    const own = await carlo.must('activity.list', { kind: 'evaluation', subject: pseudonym, action: 'read' })
    expect(await carlo.must('activity.replay', { id: own.entries[0].id })).toMatchObject({ now: { decision: true } })
    // What somebody else asked is not theirs to ask again.
    expect(await carlo.call('activity.replay', { id: booked.id })).toMatchObject({ problem: { code: 'forbidden' } })
    await carlo.must('activity.export', { format: 'csv', filter: { decision: 'deny' } })
    expect(readFileSync(join(carlosFolder, 'mandate-activity.csv'), 'utf8')).toContain('price_above_limit')
  })

  test('all that is held is exported, and forgotten; no token was ever said', async () => {
    const { subject } = await carlo.must('session.read')
    expect(await carlo.must('account.export')).toEqual({ saved: true, name: 'mandate-my-data.json' })
    const exported = join(carlosFolder, 'mandate-my-data.json')
    expect(statSync(exported).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(exported, 'utf8'))).toMatchObject({
      on_this_machine: { contacts: [{ name: 'Yannick' }] },
      trips: [{ id: trip.id }],
      mandate: { subject, pseudonym },
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
})

test('what the story does not need: in person, tried first, moved, withdrawn, rested', async () => {
  const sam = await desks.enter(desks.app(), 'sam')
  expect(await sam.must('app.setup')).toMatchObject({ issuer: stack.issuer, host: 'browser', agents: [{ id: AGENT }] })
  const persona = await sam.must('personas.create', { title: 'traveler', circle: 'friends' })
  const starts_at = new Date(Date.now() + 30 * DAY_MS).toISOString()
  const trip = await sam.must('trips.create', { template: 'milan', starts_at })
  const [hotel, dinner] = [itemOf(trip, 'hotel'), itemOf(trip, 'dinner')]
  expect((await sam.must('trips.list')).items).toMatchObject([{ id: trip.id, owner_persona: 'traveler/friends' }])
  const tried = (await sam.must('trips.dryRun', { id: trip.id })).items
  expect(tried).toHaveLength(3)
  for (const outcome of tried) expect(outcome).toMatchObject({ decision: true, item: expect.any(String) })

  const move = { trip: trip.id, item: dinner, version: 1, starts_at: new Date(Date.now() + 40 * DAY_MS).toISOString() }
  expect(await sam.must('trips.reschedule', move)).toMatchObject({ id: dinner, version: 2 })
  expect(await sam.call('trips.reschedule', move)).toMatchObject({ problem: { code: 'precondition_failed' } })
  expect((await sam.must('trips.execute', { id: trip.id, items: [hotel] })).items).toMatchObject([
    { item: hotel, name: 'hotel', decision: true, effect: 'booked' },
  ])
  const all = (await sam.must('trips.execute', { id: trip.id })).items
  expect(Object.fromEntries(all.map(({ name, effect }: Record<string, string>) => [name, effect]))).toEqual({
    hotel: 'unchanged',
    dinner: 'booked',
    flight: 'booked',
  })

  const { id } = await sam.must('invitations.create', {})
  await sam.must('invitations.withdraw', { id })
  expect((await sam.must('invitations.list')).items).toMatchObject([{ id, status: 'withdrawn' }])
  expect(await sam.call('invitations.redeem', { code: 'mi_wrong' })).toMatchObject({
    problem: { code: 'invitation_unknown' },
  })
  expect(await sam.must('grants.list', { limit: '10' })).toEqual({ items: [] })
  expect(
    await sam.must('grants.preview', { delegate: `agent:${AGENT}`, actions: ['fly'], scope: 'workflow:x' }),
  ).toMatchObject({ allowed: false })

  const dry = await sam.must('runs.start', { agent: AGENT, trip: trip.id, dryRun: true })
  await expect
    .poll(() => sam.events.findLast(({ name, event }) => name === 'run' && event.id === dry.id)?.event.status)
    .not.toBe('running')
  expect(await sam.call('runs.resume', { agent: AGENT, id: dry.id })).toMatchObject({ problem: { code: 'conflict' } })
  await sam.must('personas.setStatus', { id: persona.id, status: 'inactive' })
  expect((await sam.must('session.read')).persona).toBeUndefined()
  await sam.must('personas.setStatus', { id: persona.id, status: 'active' })
  expect(await sam.must('session.read')).toMatchObject({ persona: 'traveler/friends' })
  await sam.must('personas.setAutonomy', { id: persona.id, autonomy: null })
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
  await expect.poll(() => told()?.status).not.toBe('running')
  const run = (await app.must('runs.list')).items.find((one: { id: string }) => one.id === id)
  expect(run).toEqual(told())
  expect(run.agent).toBe(AGENT)
  const named = run.items.map(({ item, decision }: { item: string; decision: boolean }) => [
    trip.items.find((one) => one.id === item)?.name,
    decision,
  ])
  return Object.fromEntries(named)
}

async function asOperator(name: string, clientId: string, method: string, path: string, body: unknown): Promise<void> {
  const openBrowser = formBrowser(desks.person(name))
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
