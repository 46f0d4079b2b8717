/**
 * Two PDPs on one PostgreSQL: what one of them answered is true on the other one for the next request.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { holdTransaction } from '../fixtures/hold-transaction.ts'
import { packFolder } from '../fixtures/packs.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

const OPERATOR = { sub: 'staff-operator', azp: 'desktop', roles: ['operator'] }
const FLIGHT: Ask = { subject: 'B', action: 'execute', item: 'flight' }
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const WITH = 'traveler:\n    assume: self\n    own: [read, create, update, execute]'
const WITHOUT = 'traveler:\n    assume: self\n    own: [read, create, update]'

let postgres: Postgres
let one: TestPdp
let two: TestPdp
let world: World
let dir: string
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  postgres = await startPostgres()
  dir = mkdtempSync(join(tmpdir(), 'mandate-shared-'))
  cpSync(fileURLToPath(new URL('../../pdp/policies', import.meta.url)), join(dir, 'policies'), { recursive: true })
  env = {
    OPENFGA_STORE: `shared-${randomUUID()}`,
    PDP_STORE_URL: await postgres.createDatabase('shared'),
    PDP_VAULT_KEY: randomBytes(32).toString('base64'),
    PDP_POLICIES_DIR: join(dir, 'policies'),
  }
  one = await startTestPdp({ openFga: inject('openFga'), env: { ...env, PDP_LOG_ORIGIN: 'test.invalid/one' } })
  two = await startTestPdp({
    openFga: inject('openFga'),
    env: { ...env, PDP_LOG_ORIGIN: 'test.invalid/two' },
    issuer: one.issuer,
  })
  world = new World(one)
  await world.begin()
})
afterAll(async () => {
  await two?.stop()
  await one?.stop()
  await postgres?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function ask(pdp: TestPdp, question: Ask = FLIGHT): Promise<string> {
  return (await pdp.call('POST', '/access/v1/evaluation', { as: TRIPS, body: world.question(question) })).body.context
    .reason
}

/** The log's index follows by itself, and may be behind for a moment. */
const withoutIndex = (missing: readonly string[]): readonly string[] => missing.filter((part) => part !== 'index')

test('a PDP of the same database with another store of OpenFGA does not start, and says which PDP uses which', async () => {
  const other = { ...env, OPENFGA_STORE: `other-${randomUUID()}`, PDP_LOG_ORIGIN: 'test.invalid/other' }
  await expect(startTestPdp({ openFga: inject('openFga'), env: other, issuer: one.issuer })).rejects.toThrow(
    /^OPENFGA_STORE: the store here has the id \w+, and the PDP test\.invalid\/one on \S+, .* uses the store \w+: give all PDPs/u,
  )
})

test('a PDP with another vault key does not start, nor one that would replace the key beside running ones', async () => {
  const start = (keys: Readonly<Record<string, string>>) =>
    startTestPdp({
      openFga: inject('openFga'),
      env: { ...env, ...keys, PDP_LOG_ORIGIN: 'test.invalid/other' },
      issuer: one.issuer,
    })
  const another = randomBytes(32).toString('base64')
  await expect(start({ PDP_VAULT_KEY: another })).rejects.toThrow('PDP_VAULT_KEY: is not the key of this database')
  await expect(start({ PDP_VAULT_KEY: another, PDP_VAULT_OLD_KEYS: env['PDP_VAULT_KEY'] ?? '' })).rejects.toThrow(
    'the PDP test.invalid/one runs without it: to replace the key, first give the new one to all PDPs in PDP_VAULT_OLD_KEYS, or stop them',
  )
  expect(await ask(one)).not.toBe('')
})

test('grants: given on one PDP and ended there, on the other one each time for the next request', async () => {
  for (let n = 0; n < 5; n += 1) {
    expect(await ask(two)).not.toBe('delegated')
    await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
    expect(await ask(two)).toBe('delegated')
    await world.revoke('ab', 'A')
    expect(await ask(two)).toBe('grant_revoked')
  }
})

test('grants: a revocation does not wait for a transaction of another PDP, which may be suspended in it', async () => {
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
  const database = await openPostgres(two.config.PDP_STORE_URL ?? '')
  const release = await holdTransaction(database)
  try {
    expect((await world.revoke('ab', 'A')).status).toBe(200)
    expect(await ask(two)).toBe('grant_revoked')
  } finally {
    await release()
    await database.close()
  }
})

test('personas: suspended on one PDP, suspended on the other one', async () => {
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
  expect(await ask(two)).toBe('delegated')
  await world.personaStatus('B', 'travel-agent/acme', 'suspended')
  expect(await ask(two)).not.toBe('delegated')
  await world.personaStatus('B', 'travel-agent/acme', 'active')
  expect(await ask(two)).toBe('delegated')
})

test('API keys: made on one PDP and revoked there', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  const body = { name: 'k', types: ['workflow', 'workflow_item'], expires_at: expiresAt }
  const { id, key } = (await one.call('POST', '/v1/keys', { as: OPERATOR, body })).body
  const status = async () =>
    (await two.call('POST', '/access/v1/evaluation', { as: key, body: world.question(FLIGHT) })).status
  expect([await status(), await status()]).toEqual([200, 200])
  expect((await one.call('DELETE', `/v1/keys/${id}`, { as: OPERATOR })).status).toBe(204)
  expect(await status()).toBe(401)
})

test('agents: a token of a client is an agent`s from its registration on the other PDP', async () => {
  const id = `agent-${randomUUID().slice(0, 8)}`
  const as = { sub: `service-account-${id}`, azp: id, svc: id }
  const list = async () => (await two.call('GET', '/v1/grants', { as })).status
  const before = await list()
  expect((await one.call('POST', '/v1/agents', { as: OPERATOR, body: { id } })).status).toBe(201)
  expect([before === 200, await list()]).toEqual([false, 200])
})

test('sessions: ended at one PDP, its tokens and its open streams end on the other one', async () => {
  const sid = randomUUID()
  const token = await one.issuer.token({ ...world.as('A'), sid })
  const mine = async () => (await two.call('GET', '/v1/subjects/me/export', { as: token })).status
  expect(await mine()).toBe(200)
  const stream = await fetch(`${two.pdp.url}/v1/decisions/stream`, { headers: { authorization: `Bearer ${token}` } })
  const over = stream.text()
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: one.issuer.issuer, aud: 'desktop', sub: world.id('A'), sid, iat: now, exp: now + 120 }
  const logout = await one.issuer.sign({ ...claims, jti: randomUUID(), events: { [EVENT]: {} } }, { typ: 'logout+jwt' })
  const ended = await fetch(`${one.pdp.url}/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: logout }).toString(),
  })
  expect([ended.status, await mine()]).toEqual([200, 401])
  await over
})

test('people: erased at one PDP, their tokens from before are refused on the other one, and their open streams end', async () => {
  const token = await one.issuer.token({ ...world.as('S') })
  const streams = [one, two].map(({ pdp }) =>
    fetch(`${pdp.url}/v1/decisions/stream`, { headers: { authorization: `Bearer ${token}` } }),
  )
  const over = (await Promise.all(streams)).map((stream) => stream.text())
  const mine = (pdp: TestPdp) => pdp.call('GET', '/v1/subjects/me/export', { as: token })
  const { pseudonym } = (await mine(two)).body
  expect((await mine(one)).body.pseudonym).toBe(pseudonym)
  expect((await one.call('DELETE', '/v1/subjects/me', { as: token })).status).toBe(200)
  expect((await mine(two)).status).toBe(401)
  await Promise.all(over)
})

test('policies: what one PDP puts in force decides on the other one; what that cannot use, nothing does', async () => {
  const owner: Ask = { subject: 'A', action: 'execute', item: 'flight' }
  const manifest = join(dir, 'policies', 'travel/manifest.yaml')
  const text = readFileSync(manifest, 'utf8')
  expect(await ask(two, owner)).toBe('owner')
  writeFileSync(manifest, text.replace(WITH, WITHOUT))
  const load = async (pdp: TestPdp) => (await pdp.call('POST', '/v1/policies/load', { as: OPERATOR })).body.version
  const changed = await load(one)
  expect(await ask(two, owner)).not.toBe('owner')
  writeFileSync(manifest, text)
  const former = await load(two)
  expect([await ask(one, owner), await ask(two, owner)]).toEqual(['owner', 'owner'])

  // A version that only another release could use.
  const url = two.config.PDP_STORE_URL ?? ''
  await postgres.query(
    url,
    `UPDATE mandate_pdp.policies SET sources = jsonb_set(sources::jsonb, '{core}', '"another"')::text WHERE version = '${changed}'`,
  )
  await postgres.query(
    url,
    `WITH head AS (UPDATE mandate_pdp.invalidation_head SET seq = seq + 1, token = 't' RETURNING seq, token)
     INSERT INTO mandate_pdp.invalidations
     SELECT seq, token, 'note', NULL, 'policy', '{"version":"${changed}"}', 'test', 0 FROM head`,
  )
  const refused = await two.call('POST', '/access/v1/evaluation', { as: TRIPS, body: world.question(owner) })
  const ready = await two.call('GET', '/readyz')
  expect([refused.status, ready.status, withoutIndex(ready.body.missing), ready.body.mend?.[0]]).toEqual([
    503,
    503,
    ['policies'],
    expect.stringContaining('another release'),
  ])
  expect((await two.call('POST', '/v1/policies/activate', { as: OPERATOR, body: { version: former } })).status).toBe(
    200,
  )
  expect([await ask(one, owner), await ask(two, owner)]).toEqual(['owner', 'owner'])
})

test('the operator of a process: what it reads is what another PDP put in force', async () => {
  const named = async (name: string) => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    await two.pdp.operator.createKey({ name, expires_at: expiresAt })
    const { items } = (await one.call('GET', '/v1/keys', { as: OPERATOR })).body
    return items.find((key: { readonly name: string }) => key.name === name).types
  }
  const before: readonly string[] = await named('before')
  const list = join(dir, 'policies', 'fga.mod')
  const packs = readFileSync(list, 'utf8')
  cpSync(packFolder('sheets'), join(dir, 'policies', 'sheets'), { recursive: true })
  writeFileSync(list, packs.replace('- core.fga', '- core.fga\n  - sheets/model.fga'))
  expect((await one.call('POST', '/v1/policies/load', { as: OPERATOR })).status).toBe(200)
  expect(await named('after')).toEqual(expect.arrayContaining([...before, 'sheet']))
  writeFileSync(list, packs)
  await two.pdp.operator.loadPolicies()
  expect(await named('in the end')).toEqual(before)
})

test('a log that cannot be read: 503, and not ready, until it can', async () => {
  const url = two.config.PDP_STORE_URL ?? ''
  expect(await ask(two)).toBe('delegated')
  await postgres.query(url, 'ALTER TABLE mandate_pdp.invalidations RENAME TO gone')
  const refused = await two.call('POST', '/access/v1/evaluation', { as: TRIPS, body: world.question(FLIGHT) })
  const ready = await two.call('GET', '/readyz')
  expect([refused.status, ready.status, withoutIndex(ready.body.missing)]).toEqual([503, 503, ['store']])
  await postgres.query(url, 'ALTER TABLE mandate_pdp.gone RENAME TO invalidations')
  await expect.poll(() => ask(two)).toBe('delegated')
})
