/**
 * Two PDPs, each with a log and a store of OpenFGA, on one index: an auditor may ask either for the decisions of both.
 */
import type { LoggedEntry } from '@mandate/protocol'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

let postgres: Postgres
let one: TestPdp
let other: TestPdp
beforeAll(async () => {
  postgres = await startPostgres()
  const env = {
    PDP_INDEX_URL: postgres.url,
    PDP_PERSON_PER_MINUTE: '60000',
  }
  one = await startTestPdp({ openFga: inject('openFga'), env: { ...env, PDP_LOG_ORIGIN: 'one.invalid/log' } })
  other = await startTestPdp({
    openFga: inject('openFga'),
    env: { ...env, PDP_LOG_ORIGIN: 'other.invalid/log' },
    issuer: one.issuer,
  })
}, 120_000)
afterAll(async () => {
  await other?.stop()
  await one?.stop()
  await postgres?.stop()
})

const get = (pdp: TestPdp, path: string) => pdp.call('GET', path, { as: AUDITOR })
/** What is in neither log is asked about: it is denied, and recorded like anything else. */
async function aDenial(pdp: TestPdp): Promise<string> {
  const world = new World(pdp)
  const { headers } = await world.ask({ subject: 'A', action: 'read', trip: 'none' })
  return headers.get('x-evaluation-id') ?? ''
}

test('either finds, exports and tells of the decisions of both, each with its log', async () => {
  const asked: string[] = []
  for (let round = 0; round < 10; round += 1) for (const pdp of [one, other]) asked.push(await aDenial(pdp))
  for (const pdp of [one, other]) {
    await expect.poll(async () => (await get(pdp, '/v1/decisions?kind=evaluation')).body.total).toBe(20)
    const { body } = await get(pdp, '/v1/decisions?kind=evaluation&limit=20')
    const entries: readonly LoggedEntry[] = body.entries
    expect(entries.map(({ id }) => id).toSorted()).toEqual(asked.toSorted())
    expect(new Set(entries.map(({ origin }) => origin))).toEqual(new Set(['one.invalid/log', 'other.invalid/log']))
    const { text } = await get(pdp, '/v1/decisions/export?kind=evaluation')
    expect(text.trimEnd().split('\n')).toHaveLength(20)
  }
})

test('a proof is given by the PDP whose log it is about, and the other one names it', async () => {
  const id = await aDenial(one)
  await expect.poll(async () => (await get(other, `/v1/decisions/${id}`)).status).toBe(200)
  expect((await get(one, `/v1/decisions/${id}/proof`)).text).toContain('\none.invalid/log\n')
  expect((await get(other, `/v1/decisions/${id}/proof`)).body).toMatchObject({
    code: 'conflict',
    detail: expect.stringContaining('one.invalid/log'),
  })
})

test('without the index decisions go on, and reading is a fault of its own that ends with the outage', async () => {
  await postgres.kill('SIGKILL')
  const id = await aDenial(one)
  expect(await get(one, '/v1/decisions')).toMatchObject({ status: 503, body: { code: 'index_unavailable' } })
  await aDenial(one)
  await postgres.restart()
  expect((await get(one, `/v1/decisions/${id}`)).body.origin).toBe('one.invalid/log')
})

test('a PDP starts, decides and says what is missing while the index is away, and reads as soon as it is back', async () => {
  await postgres.kill('SIGKILL')
  await one.restart()
  const id = await aDenial(one)
  expect((await one.call('GET', '/readyz')).body).toEqual({ status: 'ready', missing: ['index'] })
  const read = await get(one, `/v1/decisions/${id}`)
  expect(read).toMatchObject({ status: 503, body: { code: 'index_unavailable' } })
  expect(read.headers.get('retry-after')).toBe('5')
  await postgres.restart()
  await expect.poll(async () => (await get(one, `/v1/decisions/${id}`)).status).toBe(200)
  expect((await one.call('GET', '/readyz')).body).toEqual({ status: 'ready', missing: [] })
})
