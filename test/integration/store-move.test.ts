/**
 * A PDP that moves from SQLite to PostgreSQL answers as before: decisions, lists, keys, invitations, retries, ended sessions, erasures.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { runStoreCommand } from '../../pdp/src/cli/store-command.ts'
import { type Answer, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

const RETRIED = { 'idempotency-key': 'a-key-that-is-long-enough' }

/** Everything that a PDP can hold over a restart. @returns Requests whose answers must stay the same. */
async function use(tpdp: TestPdp, world: World): Promise<() => Promise<readonly unknown[]>> {
  const expectOk = async (answer: Promise<Answer>): Promise<Answer> => {
    const { status, text } = await answer
    if (status >= 300) throw new Error(`${status} ${text}`)
    return answer
  }
  await world.begin()
  for (const grant of [
    { name: 'ab', from: 'A', to: 'B', actions: ['execute', 'read'], redelegations: 2 },
    { name: 'bc', from: 'B', to: 'C', actions: ['execute'], parent: 'ab' },
    { name: 'ax', from: 'A', to: 'X', actions: ['execute'], unattended: true },
    { name: 'ad', from: 'A', to: 'D', actions: ['read'] },
  ])
    await expectOk(world.grant(grant))
  await expectOk(world.revoke('ad', 'A'))
  await expectOk(world.call('PATCH', `/v1/agents/${world.id('X2')}`, world.staff('operator'), { status: 'suspended' }))
  const retried = { title: 'visitor', circle: 'club' }
  const retry = () => tpdp.call('POST', '/v1/personas', { as: world.as('M'), body: retried, headers: RETRIED })
  await expectOk(retry())
  const grant = { delegator_persona: 'traveler/family', scope: world.scope('T') }
  await expectOk(world.call('POST', '/v1/invitations', world.as('A'), { grant }))
  const expires = new Date(tpdp.now() + 86_400_000).toISOString()
  const gateway = { name: 'a gateway', types: ['workflow', 'workflow_item'], expires_at: expires }
  const { body: key } = await expectOk(world.call('POST', '/v1/keys', world.staff('operator'), gateway))
  await world.trip('U', 'A', 'traveler/family')
  await expectOk(world.transfer('U', 'B'))
  await expectOk(world.call('DELETE', '/v1/subjects/me', world.as('S')))
  const me = { sub: world.id('D'), iss: tpdp.issuer.issuer, aud: 'desktop', jti: randomUUID() }
  const now = Math.floor(Date.now() / 1000)
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const sid = randomUUID()
  const logout = await tpdp.issuer.sign({ ...me, sid, iat: now, exp: now + 120, events }, { typ: 'logout+jwt' })
  const body = new URLSearchParams({ logout_token: logout })
  expect((await fetch(`${tpdp.pdp.url}/backchannel-logout`, { method: 'POST', body })).status).toBe(200)
  const questions = [
    ...['A', 'B', 'C', 'X', 'X2', 'D', 'S'].map((subject) => ({ subject, action: 'execute', item: 'flight' }) as const),
    { subject: 'B', action: 'read', trip: 'U' } as const,
    { subject: 'A', action: 'read', trip: 'U' } as const,
  ]
  return async () => [
    ...(await Promise.all(questions.map(async (question) => (await world.ask(question)).body))),
    (
      await tpdp.call('POST', '/access/v1/evaluation', {
        as: key.key,
        body: world.question({ subject: 'A', action: 'read' }),
      })
    ).body.decision,
    ...(await Promise.all(
      ['/v1/grants?include=ended', '/v1/personas', '/v1/invitations', '/v1/subjects/me/export'].flatMap((path) =>
        ['A', 'B', 'M'].map(async (name) => (await world.call('GET', path, world.as(name))).body),
      ),
    )),
    (await world.call('GET', '/v1/agents', world.staff('operator'))).body,
    (await world.call('GET', '/v1/keys', world.staff('operator'))).body,
    (await world.call('GET', '/v1/erasures', TRIPS)).body,
    (await world.call('GET', `/v1/resources/workflow/${world.named.get('U')}`, TRIPS)).body,
    (await world.call('GET', '/v1/personas', { ...world.as('D'), sid })).status,
    (await retry()).body,
  ]
}

/** What says when or by which entry it was decided differs each time. */
const stable = (answers: readonly unknown[]): unknown =>
  JSON.parse(
    JSON.stringify(answers, (name, value) =>
      ['evaluation_id', 'id_of_evaluation', 'at', 'decisions'].includes(name) ? undefined : value,
    ),
  )

test('a PDP that was moved answers the same, with the same log, and goes on', async () => {
  const first = await startTestPdp({
    openFga: inject('openFga'),
    database: 'sqlite',
    frozen: true,
    env: { PDP_PERSON_PER_MINUTE: '60000' },
  })
  onTestFinished(first.stop)
  const world = new World(first)
  const answers = await use(first, world)
  const before = stable(await answers())
  const url = await postgres.createDatabase('moved')
  const vaultKey = readFileSync(join(first.dataDir, 'vault.key'), 'utf8').trim()
  const environment = { PDP_STORE_URL: url, PDP_VAULT_KEY: vaultKey }
  const said = { out: '', err: '' }
  const move = (): Promise<number> =>
    runStoreCommand(['move', first.dataDir], {
      out: (text) => {
        said.out += text
      },
      err: (text) => {
        said.err += text
      },
      environment,
    })
  expect([await move(), said.err]).toEqual([65, `refused: a PDP runs on ${first.dataDir}: stop it first\n`])
  await first.restart(async () => {
    expect([await move(), said.out]).toEqual([0, expect.stringMatching(/^grants +4$/mu)])
    Object.assign(first.config, environment)
  })
  expect(stable(await answers())).toEqual(before)
  expect((await world.revoke('ab', 'A')).status).toBe(200)
  expect((await world.ask({ subject: 'C', action: 'execute', item: 'flight' })).body.context.reason).toBe(
    'grant_revoked',
  )
  const { body } = await world.call('GET', '/v1/decisions?kind=grant_issued&limit=100', AUDITOR)
  expect(body.total).toBe(4)
})
