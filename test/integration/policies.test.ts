/**
 * Policies are changed without a restart, checked whole before anything changes, and rolled back by version.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, spawnService } from '@mandate/stack'
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { startIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { createCall, environment, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { type Ask, World } from '../fixtures/world.ts'

const OPERATOR = { sub: 'staff-operator', azp: 'desktop', roles: ['operator'] }
const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))
const EXECUTE: Ask = { subject: 'A', action: 'execute', item: 'flight' }
/** What a traveler may do with what is theirs, in the manifest, with and without executing. */
const WITH = 'traveler:\n    assume: self\n    own: [read, create, update, execute]'
const WITHOUT = 'traveler:\n    assume: self\n    own: [read, create, update]'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-policies-'))
  cpSync(SHIPPED, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Replaces a text in travel's manifest, as an operator's editor would. */
function edit(from: string, to: string): void {
  const file = join(dir, 'travel/manifest.yaml')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}

describe('on a PDP that goes on running', () => {
  let tpdp: TestPdp
  let world: World
  beforeEach(async () => {
    const env = { PDP_POLICIES_DIR: dir, PDP_PERSON_PER_MINUTE: '60000', PDP_SERVICE_PER_SECOND: '100000' }
    tpdp = await startTestPdp({ openFga: inject('openFga'), env })
    world = new World(tpdp)
    await world.begin((name) => name === 'A')
  })
  afterEach(() => tpdp?.stop())

  const load = () => tpdp.call('POST', '/v1/policies/load', { as: OPERATOR })
  const activate = (version: string) => tpdp.call('POST', '/v1/policies/activate', { as: OPERATOR, body: { version } })
  const list = async () => (await tpdp.call('GET', '/v1/policies', { as: AUDITOR })).body.items
  const reason = async () => (await world.ask(EXECUTE)).body.context.reason
  const entryOf = async (id: string | null) => (await tpdp.call('GET', `/v1/decisions/${id}`, { as: AUDITOR })).body

  test('the very next decision is made under what was loaded, and its entry says so', async () => {
    const before = await world.ask(EXECUTE)
    edit(WITH, WITHOUT)
    expect(await reason()).toBe('owner')
    const loaded = await load()
    expect(loaded).toMatchObject({ status: 200, body: { in_force: true } })
    const after = await world.ask(EXECUTE)
    expect([before.body.context.reason, after.body.context.reason]).toEqual(['owner', 'persona_action'])

    const [old, now] = await Promise.all([before, after].map(({ headers }) => entryOf(headers.get('x-evaluation-id'))))
    expect(old.policy).toMatch(/^travel@/)
    expect(now.policy).toMatch(/^travel@/)
    expect(now.policy).not.toBe(old.policy)
    expect(loaded.body.version.split(' ')).toContain(now.policy)
    const { body } = await tpdp.call('GET', '/v1/decisions?kind=policy_loaded', { as: AUDITOR })
    expect(body.entries.map(({ model }: { readonly model: string }) => model)).toEqual([now.model, old.model])
    expect(body.entries[0]).toMatchObject({ policy: loaded.body.version, caller: expect.stringMatching(/^user:p_/) })
  })

  test('a persona whose settings do not fit what was loaded is suspended all the same', async () => {
    edit('- name: risk\n', '- name: hazard\n')
    expect((await load()).status).toBe(200)
    const admin = world.staff('persona-admin')
    const { status, body } = await world.patchPersona('A', 'traveler/family', { status: 'suspended' }, admin)
    expect([status, body.status]).toEqual([200, 'suspended'])
    expect(await reason()).toBe('persona_unusable')
  })

  test.for<readonly [string, string, string, RegExp]>([
    ['a manifest that contradicts itself', 'own: [read]', 'own: [fly]', /^travel\/manifest\.yaml:20: .*"fly"/],
    [
      'a manifest that the model contradicts',
      'relation: travel_risk',
      'relation: fear',
      /^travel\/manifest\.yaml:\d+: gates\.3\.relation: /,
    ],
    ['a manifest that is no YAML', 'domain: travel', 'domain: [', /^travel\/manifest\.yaml:\d+: /],
  ])('%s is refused by file and line, and changes nothing', async ([, from, to, said]) => {
    const before = await list()
    edit(from, to)
    const { status, body } = await load()
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'policy_invalid' })
    expect(body.detail).toMatch(said)
    expect(await list()).toEqual(before)
    expect(await reason()).toBe('owner')
    await tpdp.call('GET', '/v1/decisions?kind=policy_loaded', { as: AUDITOR }).then((answer) => {
      expect(answer.body.total).toBe(1)
    })
  })

  test('decisions in flight during a load are all answered, each under one of the two from beginning to end', async () => {
    const versions = new Map([[(await world.ask(EXECUTE)).body.context.policy, 'owner']])
    let isLoading = true
    const answers: Awaited<ReturnType<typeof world.ask>>[] = []
    const askers = Array.from({ length: 8 }, async () => {
      while (isLoading) answers.push(await world.ask(EXECUTE))
    })
    for (let round = 0; round < 6; round += 1) {
      if (round % 2 === 0) edit(WITH, WITHOUT)
      else edit(WITHOUT, WITH)
      const { status, body } = await load()
      expect(status).toBe(200)
      versions.set(body.version.split(' ')[0], round % 2 === 0 ? 'persona_action' : 'owner')
      const before = answers.length
      // More than are under way: one at least was asked after the load.
      await expect.poll(() => answers.length).toBeGreaterThan(before + askers.length)
    }
    isLoading = false
    await Promise.all(askers)
    for (const { status, body, text } of answers) {
      expect(status, text).toBe(200)
      expect(versions.get(body.context.policy), text).toBe(body.context.reason)
    }
    expect(versions.size).toBe(2)
    expect(new Set(answers.map(({ body }) => body.context.reason)).size).toBe(2)
  })

  test('a rollback brings the old back and outlives a restart; a load goes forward again', async () => {
    const [first] = await list()
    edit(WITH, WITHOUT)
    const { body: second } = await load()
    expect(await reason()).toBe('persona_action')
    expect(await activate(first.version)).toMatchObject({
      status: 200,
      body: { version: first.version, in_force: true },
    })
    expect(await reason()).toBe('owner')
    await tpdp.restart()
    expect(await reason()).toBe('owner')
    expect(await list()).toMatchObject([
      { version: first.version, in_force: true },
      { version: second.version, in_force: false },
    ])
    // What was rolled back from still stands in the folder; only whoever says so brings it back.
    expect((await load()).body.version).toBe(second.version)
    expect(await reason()).toBe('persona_action')
    await tpdp.restart()
    expect(await reason()).toBe('persona_action')
  })

  test('after a rollback, a folder that was mended meanwhile is in force from the next start', async () => {
    const [first] = await list()
    edit(WITH, WITHOUT)
    await load()
    await activate(first.version)
    await tpdp.restart(() => edit('own: [read]', 'own: []'))
    expect((await list())[0]).toMatchObject({ in_force: true, version: expect.not.stringMatching(first.version) })
    expect(await reason()).toBe('persona_action')
  })

  test('a decision is replayed by a version that was loaded before, which puts nothing in force', async () => {
    const [first] = await list()
    edit(WITH, WITHOUT)
    await load()
    const denied = await world.ask(EXECUTE)
    const { evaluation_id, policy } = denied.body.context
    const replay = (version: string, as: TokenClaims = AUDITOR) =>
      tpdp.call('GET', `/v1/decisions/${evaluation_id}/replay?${new URLSearchParams({ policy: version })}`, { as })
    const ofTravel = first.version.split(' ').find((version: string) => version.startsWith('travel@'))
    for (const version of [first.version, ofTravel]) {
      const { body } = await replay(version)
      expect(body).toMatchObject({
        // biome-ignore lint/suspicious/noThenProperty: a member of the answer, which is never awaited
        then: { decision: false, policy },
        now: { decision: true, policy: ofTravel },
        differs: expect.arrayContaining(['decision', 'reasons', 'policy', 'model']),
      })
    }
    expect(await reason()).toBe('persona_action')
    expect(await replay('travel@000000000000')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await replay(first.version, world.as('A'))).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const { body } = await tpdp.call('GET', '/v1/decisions?kind=log_read&limit=1', { as: AUDITOR })
    expect(body.entries[0]).toMatchObject({ change: { as: 'replay', policy: first.version } })
  })

  test('the texts of a version, and which logged decisions another version makes differently', async () => {
    const [first] = await list()
    const permitted = await world.ask(EXECUTE)
    edit(WITH, WITHOUT)
    const { body: second } = await load()
    // A decision that both versions make alike.
    await world.ask({ subject: 'A', action: 'read', item: 'flight' })
    const texts = async (version: string, as: TokenClaims = AUDITOR) =>
      (await tpdp.call('GET', `/v1/policies/texts?${new URLSearchParams({ version })}`, { as })).body
    const manifestOf = async (version: string, as: TokenClaims) =>
      (await texts(version, as)).packs.find(({ name }: { readonly name: string }) => name === 'travel').manifest
    expect(await manifestOf(second.version, OPERATOR)).toBe(readFileSync(join(dir, 'travel/manifest.yaml'), 'utf8'))
    expect(await manifestOf(first.version, AUDITOR)).toContain(WITH)
    expect((await texts('travel@000000000000')).code).toBe('not_found')

    const compare = async (as: TokenClaims, asked: Readonly<Record<string, string>> = {}) => {
      const query = new URLSearchParams({ before: first.version, after: second.version, ...asked })
      return (await tpdp.call('GET', `/v1/policies/comparison?${query}`, { as })).body
    }
    const turned = {
      before: { decision: true, reason: 'owner' },
      after: { decision: false, reason: 'persona_action' },
      count: 1,
    }
    const whole = { complete: true, evaluations: 2, made_again: 2, not_made_again: [], otherwise_today: 0 }
    expect(await compare(AUDITOR)).toEqual({
      ...{ before: first.version, after: second.version, ...whole },
      turned: [{ ...turned, entries: [permitted.body.context.evaluation_id] }],
    })
    // Operators see how many decisions differ, and not whose.
    expect((await compare(OPERATOR)).turned).toEqual([turned])
    expect(await compare(AUDITOR, { after: first.version })).toMatchObject({ ...whole, turned: [] })
    expect((await compare(AUDITOR, { limit: '501' })).code).toBe('invalid_request')
    expect((await compare(world.as('A'))).code).toBe('forbidden')
    const { body } = await tpdp.call('GET', '/v1/decisions?kind=log_read&limit=3', { as: AUDITOR })
    expect(body.entries[0].change).toMatchObject({ as: 'policy_comparison', before: first.version, found: 2 })
    // Nothing of it was put in force.
    expect(await reason()).toBe('persona_action')
  })

  test('a comparison that could not be made whole says so', async () => {
    const [first] = await list()
    await world.ask(EXECUTE)
    // Of a type that no policy has, the log holds a commitment only.
    await tpdp.call('POST', '/access/v1/evaluation', {
      as: AUDITOR,
      body: {
        subject: { type: 'user', id: world.id('A') },
        action: { name: 'read' },
        resource: { type: 'unheard_of', id: 'x' },
      },
    })
    const query = new URLSearchParams({ before: first.version, after: first.version })
    const { body } = await tpdp.call('GET', `/v1/policies/comparison?${query}`, { as: AUDITOR })
    expect(body).toMatchObject({ complete: false, evaluations: 2, made_again: 1, turned: [] })
    expect(body.not_made_again).toEqual([{ why: expect.any(String), count: 1 }])
  })

  test('the same again is no other version, and a version that never was is 404', async () => {
    const [first] = await list()
    expect((await load()).body.version).toBe(first.version)
    expect(await list()).toHaveLength(1)
    expect(await activate('travel@000000000000')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await reason()).toBe('owner')
  })
})

test('SIGHUP loads what stands in the folder; what cannot be loaded is logged, and the old stays', async () => {
  const issuer = await startIssuer()
  const url = `http://127.0.0.1:${await freePort()}`
  const logFile = join(dir, 'pdp.log')
  const pdp = await spawnService({
    name: 'pdp',
    entry: 'pdp/src/main.ts',
    env: {
      ...environment(inject('openFga'), issuer, join(dir, 'data')),
      PDP_PORT: new URL(url).port,
      PDP_POLICIES_DIR: dir,
    },
    readyUrl: `${url}/readyz`,
    logFile,
  })
  try {
    const world = new World({ call: createCall(() => url, issuer), now: Date.now, advance: () => undefined })
    await world.begin((name) => name === 'A')
    const reason = async () => (await world.ask(EXECUTE)).body.context.reason
    const hangUp = async (said: string) => {
      process.kill(pdp.pid(), 'SIGHUP')
      await vi.waitFor(() => expect(readFileSync(logFile, 'utf8')).toContain(said), { timeout: 60_000 })
    }
    edit(WITH, WITHOUT)
    expect(await reason()).toBe('owner')
    await hangUp('policies loaded')
    expect(await reason()).toBe('persona_action')
    edit(WITHOUT, 'traveler:\n    assume: self\n    own: [fly]')
    await hangUp('policies not loaded, those in force stay')
    expect(readFileSync(logFile, 'utf8')).toMatch(/travel\/manifest\.yaml:10: /)
    expect(await reason()).toBe('persona_action')
  } finally {
    await pdp.stop()
    await issuer.stop()
  }
})
