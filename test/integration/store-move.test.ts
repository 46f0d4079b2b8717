/**
 * A PDP that moves from SQLite to PostgreSQL answers as before: decisions, lists, keys, invitations, retries, ended sessions, erasures.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { runStoreCommand } from '../../pdp/src/cli/store-command.ts'
import { startTestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { stableAnswers, usePdp } from '../fixtures/used-pdp.ts'
import { World } from '../fixtures/world.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

test('a PDP that was moved answers the same, with the same log, and goes on', async () => {
  const first = await startTestPdp({
    openFga: inject('openFga'),
    database: 'sqlite',
    frozen: true,
    env: { PDP_PERSON_PER_MINUTE: '60000' },
  })
  onTestFinished(first.stop)
  const world = new World(first)
  const answers = await usePdp(first, world)
  const before = stableAnswers(await answers())
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
  expect(stableAnswers(await answers())).toEqual(before)
  expect((await world.revoke('ab', 'A')).status).toBe(200)
  expect((await world.ask({ subject: 'C', action: 'execute', item: 'flight' })).body.context.reason).toBe(
    'grant_revoked',
  )
  const { body } = await world.call('GET', '/v1/decisions?kind=grant_issued&limit=100', AUDITOR)
  expect(body.total).toBe(4)
})
