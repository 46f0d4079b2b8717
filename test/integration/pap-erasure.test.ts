/**
 * Erasure and export (rules E4, L5): chains die, services are told, and the sub stands nowhere any more.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, inject, test } from 'vitest'
import { startBadLine } from '../fixtures/bad-line.ts'
import { startTestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

// Reads the database's file.
const suite = useSuite({ database: 'sqlite' })
const FLIGHT = { action: 'execute', item: 'flight' } as const
const CARS = { sub: 'service-account-cars', azp: 'cars', svc: 'cars' }

const erase = (name: string) => suite.world.call('DELETE', '/v1/subjects/me', suite.world.as(name))
const exported = async (name: string) =>
  (await suite.world.call('GET', '/v1/subjects/me/export', suite.world.as(name))).body
const notices = async (as = TRIPS, query = '') => (await suite.world.call('GET', `/v1/erasures${query}`, as)).body
const acknowledge = async () => {
  for (const { id } of (await notices()).items) await suite.world.call('POST', `/v1/erasures/${id}/acknowledge`, TRIPS)
}
const pseudonymOf = async (name: string) => (await exported(name)).pseudonym.slice('user:'.length)

/** What the vault holds of a person. */
function sealedRow(pseudonym: string): Uint8Array {
  const database = new DatabaseSync(join(suite.tpdp.dataDir, 'pdp.db'), { readOnly: true })
  try {
    return database.prepare('SELECT sealed FROM vault WHERE pseudonym = ?').get(pseudonym)?.['sealed'] as Uint8Array
  } finally {
    database.close()
  }
}

/** A text as it might be kept: raw, encoded, hashed. */
function formsOf(text: string): readonly (string | Uint8Array)[] {
  const bytes = Buffer.from(text)
  const hashes = ['sha256', 'sha1', 'md5'].map((name) => createHash(name).update(text).digest())
  return [
    ...hashes,
    ...[bytes, ...hashes].flatMap((one) =>
      ['utf8', 'hex', 'base64', 'base64url'].map((form) => one.toString(form as 'hex')),
    ),
  ]
}

/** Files of the PDP's in which it stands. */
function filesWith(text: string | Uint8Array, dir = suite.tpdp.dataDir): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(dir, name)
    return statSync(path).isFile() && readFileSync(path).includes(typeof text === 'string' ? text : Buffer.from(text))
  })
}

describe('E4: erasure', () => {
  test('ends every chain of theirs, as delegator and as delegate, and every persona', async () => {
    const { world } = suite
    await suite.give({ name: 'ab', from: 'A', to: 'B', actions: ['execute'], redelegations: 2 })
    await suite.give({ name: 'bc', from: 'B', to: 'C', actions: ['execute'], parent: 'ab', redelegations: 1 })
    await suite.give({ name: 'cd', from: 'C', to: 'D', actions: ['execute'], parent: 'bc' })
    await suite.give({ name: 'ad', from: 'A', to: 'D', actions: ['read'] })
    const { status, body } = await erase('C')
    expect(status).toBe(200)
    expect(body).toMatchObject({ ended: { grants: 2, personas: 1 }, told: ['trips'] })
    expect(body.remains.map(({ where }: { readonly where: string }) => where)).toEqual(['identity provider', 'trips'])
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'D', action: 'read', item: 'flight' })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
    expect((await erase('A')).status).toBe(200)
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_revoked'])
    const { body: grant } = await world.call('GET', `/v1/grants/${world.named.get('bc')}`, world.as('B'))
    expect(grant).toMatchObject({ status: 'revoked', delegate: 'user:erased', revoked_by: 'user:erased' })
  })

  test('afterwards their sealed row stands in no file of the PDP`s: not in the write-ahead log, not in free pages', async () => {
    const { world, tpdp } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    const sub = world.id('A')
    const headers = { 'idempotency-key': 'a-key-that-is-long-enough' }
    await tpdp.call('POST', '/v1/personas', { as: world.as('A'), body: { title: 'visitor', circle: 'club' }, headers })
    const row = sealedRow(await pseudonymOf('A'))
    expect(filesWith(row)).not.toEqual([])
    await erase('A')
    expect((await notices()).items.map((notice: { readonly sub: string }) => notice.sub)).toContain(sub)
    await acknowledge()
    expect(filesWith(row)).toEqual([])
    for (const form of formsOf(sub)) expect(filesWith(form)).toEqual([])
    await tpdp.restart()
    for (const form of [row, ...formsOf(sub)]) expect(filesWith(form)).toEqual([])
    expect(tpdp.operations.join('')).not.toContain(sub)
    // The others are as they were.
    expect((await exported('B')).subject).toBe(world.ref('B'))
  })

  test('a token from before is refused; who comes again is somebody new', async () => {
    const { world } = suite
    const before = await pseudonymOf('S')
    await erase('S')
    const late = await erase('S')
    expect([late.status, late.body.code]).toEqual([401, 'unauthenticated'])
    await suite.tpdp.restart()
    expect((await erase('S')).status).toBe(401)
    const { issuer, call } = suite.tpdp
    const signedInAgain = async () =>
      call('GET', '/v1/subjects/me/export', { as: await issuer.token({ ...world.as('S') }) })
    // `iat` has whole seconds: a token issued within the second of the erasure counts as older.
    await expect.poll(async () => (await signedInAgain()).status).toBe(200)
    const { body } = await signedInAgain()
    expect([body.pseudonym === `user:${before}`, body.personas]).toEqual([false, []])
    expect((await world.grant({ from: 'A', to: 'S', actions: ['read'] })).body.code).toBe('delegate_unknown')
  })

  test('is recorded by pseudonym', async () => {
    const { world } = suite
    const pseudonym = await pseudonymOf('A')
    await erase('A')
    const { body, text } = await world.call(
      'GET',
      `/v1/decisions?kind=person_erased&subject=user:${pseudonym}`,
      AUDITOR,
    )
    expect(body.entries).toMatchObject([
      { kind: 'person_erased', caller: `user:${pseudonym}`, change: { told: ['trips'] } },
    ])
    expect(text).not.toContain(world.id('A'))
  })

  test('an operator erases by pseudonym; nobody else erases anybody else', async () => {
    const { world } = suite
    const pseudonym = await pseudonymOf('A')
    const remove = (as: Parameters<typeof world.call>[2], id = pseudonym) =>
      world.call('DELETE', `/v1/subjects/${id}`, as)
    for (const as of [world.as('B'), AUDITOR, world.staff('persona-admin'), TRIPS, world.as('X')])
      expect((await remove(as)).status).toBe(403)
    const brought = await world.call('DELETE', '/v1/subjects/me', { sub: world.id('A'), azp: world.id('X') })
    expect([brought.status, brought.body.code]).toEqual([403, 'in_person_only'])
    expect((await remove(world.staff('operator'), 'p_AAAAAAAAAAAAAAAAAAAAAA')).status).toBe(404)
    expect((await remove(world.staff('operator'), world.id('A'))).status).toBe(400)
    expect((await remove(world.staff('operator'))).status).toBe(200)
    expect((await remove(world.staff('operator'))).status).toBe(404)
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['no_grant'])
  })

  test('a legal hold is set and lifted by auditors, and makes it 409 meanwhile', async () => {
    const { world } = suite
    const path = `/v1/subjects/${await pseudonymOf('A')}/hold`
    for (const as of [world.as('A'), world.staff('operator'), TRIPS, world.as('X')])
      expect((await world.call('PUT', path, as)).status).toBe(403)
    expect((await world.call('PUT', path, AUDITOR)).status).toBe(204)
    expect((await world.call('PUT', path, AUDITOR)).status).toBe(204)
    for (const answer of [
      await erase('A'),
      await world.call('DELETE', path.replace('/hold', ''), world.staff('operator')),
    ])
      expect([answer.status, answer.body.code]).toEqual([409, 'legal_hold'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
    expect((await world.call('DELETE', path, AUDITOR)).status).toBe(204)
    const { body } = await world.call('GET', '/v1/decisions?kind=legal_hold_changed&limit=2', AUDITOR)
    expect(body.entries.map((entry: { readonly change: unknown }) => entry.change)).toEqual([
      { held: false },
      { held: true },
    ])
    expect((await erase('A')).status).toBe(200)
  })

  test('each service is told until it has acknowledged, oldest first, and nobody else is', async () => {
    const { world } = suite
    await acknowledge()
    await erase('A')
    await erase('B')
    const { items } = await notices()
    const subs = items.map(({ sub }: { readonly sub: string }) => sub)
    expect(subs).toEqual([world.id('A'), world.id('B')])
    expect(items[0]).toMatchObject({ issuer: suite.tpdp.config.PDP_ISSUER })
    const page = await notices(TRIPS, '?limit=1')
    expect(page.items).toEqual([items[0]])
    expect((await notices(TRIPS, `?after=${page.next_cursor}`)).items).toEqual([items[1]])
    for (const as of [world.as('S'), AUDITOR, world.staff('operator'), world.as('X'), CARS])
      expect((await world.call('GET', '/v1/erasures', as)).status).toBe(403)
    const done = (id: string, as = TRIPS) => world.call('POST', `/v1/erasures/${id}/acknowledge`, as)
    expect((await done(items[0].id, CARS)).status).toBe(403)
    expect((await done(items[0].id)).status).toBe(204)
    expect((await done(items[0].id)).status).toBe(204)
    expect((await notices()).items).toEqual([items[1]])
  })
})

test('an agent that keeps something of people is told too, and what remains names each that did not acknowledge', async () => {
  const agent = { sub: 'service-account-keeper', azp: 'keeper', svc: 'keeper' }
  const env = { PDP_ERASURE_CLIENTS: 'keeper, trips' }
  const tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  try {
    const world = new World(tpdp)
    await world.begin()
    const operator = world.staff('operator')
    const { status } = await world.call('POST', '/v1/agents', operator, { id: 'keeper' })
    expect(status).toBe(201)
    const { body } = await world.call('DELETE', '/v1/subjects/me', world.as('A'))
    expect(body.told).toEqual(['trips', 'keeper'])
    const remains = body.remains.map(({ where }: { readonly where: string }) => where)
    expect(remains).toEqual(['identity provider', 'keeper', 'trips'])
    const path = `/v1/erasures/${body.id}`
    expect((await world.call('GET', path, operator)).body).toEqual({ id: body.id, waiting: ['keeper', 'trips'] })
    for (const as of [agent, TRIPS]) {
      const { items } = (await world.call('GET', '/v1/erasures', as)).body
      expect(items).toMatchObject([{ id: body.id, sub: world.id('A') }])
      expect((await world.call('GET', path, as)).status).toBe(403)
      expect((await world.call('POST', `${path}/acknowledge`, as)).status).toBe(204)
    }
    expect((await world.call('GET', path, operator)).body.waiting).toEqual([])
    for (const as of [CARS, world.as('X'), { sub: world.id('B'), azp: 'keeper' }])
      expect((await world.call('GET', '/v1/erasures', as)).status).toBe(403)
  } finally {
    await tpdp.stop()
  }
})

test('a backup from before brings nobody back: what the log says is done again', async () => {
  const { world, tpdp } = suite
  await acknowledge()
  await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
  const path = join(tpdp.dataDir, 'pdp.db')
  let backup = Buffer.alloc(0)
  await tpdp.restart(() => {
    backup = readFileSync(path)
  })
  await erase('A')
  await acknowledge()
  await tpdp.restart(() => writeFileSync(path, backup))
  expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_revoked'])
  expect((await notices()).items.map(({ sub }: { readonly sub: string }) => sub)).toEqual([world.id('A')])
  await acknowledge()
  expect(filesWith(world.id('A'))).toEqual([])
})

test('nor does a backup from before when the index is gone as well, or is put back with it', async () => {
  const { world, tpdp } = suite
  await acknowledge()
  const names = ['pdp.db', 'index.db']
  const backup = new Map<string, Buffer>()
  await tpdp.restart(() => {
    for (const name of names) backup.set(name, readFileSync(join(tpdp.dataDir, name)))
  })
  await erase('D')
  await acknowledge()
  await tpdp.restart(() => {
    for (const [name, bytes] of backup) writeFileSync(join(tpdp.dataDir, name), bytes)
  })
  expect((await notices()).items.map(({ sub }: { readonly sub: string }) => sub)).toEqual([world.id('D')])
  await acknowledge()
  await tpdp.restart(() => {
    writeFileSync(join(tpdp.dataDir, 'pdp.db'), backup.get('pdp.db') ?? '')
    rmSync(join(tpdp.dataDir, 'index.db'))
  })
  expect((await notices()).items.map(({ sub }: { readonly sub: string }) => sub)).toEqual([world.id('D')])
  await acknowledge()
})

describe('export', () => {
  test('is everything held about the person, and nothing about a stranger', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
    await world.revoke('ab', 'A')
    await suite.codes({ subject: 'A', ...FLIGHT })
    const mine = await exported('A')
    expect(mine).toMatchObject({ subject: world.ref('A'), resources: [world.scope('T')] })
    expect(mine.personas).toMatchObject([{ title: 'traveler', autonomy: { consent: true } }])
    expect(mine.grants).toMatchObject([{ id: world.named.get('ab'), status: 'revoked' }])
    const kinds = mine.decisions.map((entry: { readonly kind: string }) => entry.kind)
    expect(kinds).toEqual(
      expect.arrayContaining(['evaluation', 'grant_issued', 'grant_revoked', 'persona_created', 'log_read']),
    )
    const other = await exported('S')
    expect([other.grants, other.resources]).toEqual([[], []])
    expect(JSON.stringify(other)).not.toContain(world.named.get('T'))
  })

  test('is for the person in person', async () => {
    const { world } = suite
    for (const as of [TRIPS, world.as('X'), { sub: world.id('A'), azp: world.id('X') }])
      expect((await world.call('GET', '/v1/subjects/me/export', as)).status).toBe(403)
  })
})

test('an erasure that fails half way is finished, and meanwhile nothing new begins', async () => {
  const line = await startBadLine(inject('openFga').url)
  const env = { PDP_PERSON_PER_MINUTE: '60000' }
  const tpdp = await startTestPdp({ openFga: { ...inject('openFga'), url: line.url }, env })
  try {
    for (const restart of [false, true]) {
      const world = new World(tpdp)
      await world.begin()
      await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
      await world.grant({ from: 'A', to: 'C', actions: ['execute'] })
      let writes = 0
      line.behave((path) => (path.endsWith('/write') && ++writes > 1 ? 'refuse' : 'pass'))
      expect((await world.call('DELETE', '/v1/subjects/me', world.as('A'))).status).toBe(503)
      const given = await world.grant({ from: 'A', to: 'D', actions: ['read'] })
      expect([given.status, given.body.code]).toEqual([409, 'conflict'])
      expect((await world.take('A', 'visitor/club')).status).toBe(409)
      if (restart) await tpdp.restart(() => line.behave(() => 'pass'))
      else line.behave(() => 'pass')
      const told = async () => {
        const { body } = await world.call('GET', '/v1/erasures?limit=200', TRIPS)
        return body.items.map(({ sub }: { readonly sub: string }) => sub)
      }
      await expect.poll(told).toContain(world.id('A'))
      for (const subject of ['B', 'C']) expect((await world.ask({ subject, ...FLIGHT })).body.decision).toBe(false)
    }
  } finally {
    line.behave(() => 'pass')
    await tpdp.stop()
    await line.stop()
  }
})
