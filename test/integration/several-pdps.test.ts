/**
 * Two PDPs on one PostgreSQL database are one system: what one of them counts, claims or has in progress holds on the other.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type Several, startSeveral } from '../fixtures/several.ts'
import { World } from '../fixtures/world.ts'

let several: Several
let one: TestPdp
let two: TestPdp
let world: World
/** The PDP that the world calls. */
let at: TestPdp

/** Calls another PDP for a while. */
async function via<T>(pdp: TestPdp, task: () => Promise<T>): Promise<T> {
  at = pdp
  try {
    return await task()
  } finally {
    at = one
  }
}

beforeAll(async () => {
  several = await startSeveral()
  // At the same time: both claim the store of OpenFGA, and write the model of the policies.
  ;[one, two] = await Promise.all([several.start('one'), several.start('two')])
  at = one
  world = new World({ call: (...of) => at.call(...of), now: Date.now, advance: () => undefined })
  await world.begin()
})
afterAll(() => several?.stop())

test('PDPs of one database share the store of OpenFGA, and one of another database is refused', async () => {
  const other = startTestPdp({
    openFga: { url: one.config.OPENFGA_URL, apiToken: String(one.config.OPENFGA_API_TOKEN) },
    env: { OPENFGA_STORE: one.config.OPENFGA_STORE },
  })
  await expect(other).rejects.toThrow(/OPENFGA_STORE.*PDP_STORE_URL/u)
  const third = await several.start('three')
  expect((await fetch(`${third.pdp.url}/readyz`)).status).toBe(200)
  await third.pdp.close()
})

test('a second PDP with the same log origin does not start', async () => {
  const refused = several.start('one')
  await expect(refused).rejects.toMatchObject({ name: 'ConfigError' })
  await expect(refused).rejects.toThrow(/PDP_LOG_ORIGIN.*test\.invalid\/one/u)
})

test('a grant of one PDP holds on the other, and so does its end', async () => {
  const asked = { subject: 'B', action: 'execute', item: 'flight' } as const
  const onTwo = () => via(two, async () => (await world.ask(asked)).body.context.reason)
  expect(await onTwo()).toBe('no_grant')
  await world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
  expect(await onTwo()).toBe('delegated')
  expect((await via(two, () => world.revoke('ab', 'A'))).status).toBe(200)
  expect((await world.ask(asked)).body.context.reason).toBe('grant_revoked')
})

test('a request that is sent to both PDPs at once with one Idempotency-Key is carried out once', async () => {
  const key = randomUUID()
  const body = {
    delegate: world.ref('C'),
    delegator_persona: 'traveler/family',
    scope: world.scope('T'),
    actions: ['read'],
  }
  const send = (pdp: TestPdp) =>
    pdp.call('POST', '/v1/grants', { as: world.as('A'), body, headers: { 'idempotency-key': key } })
  const answers = await Promise.all([send(one), send(two)])
  expect(answers.map(({ status }) => status)).toEqual([201, 201])
  expect(answers[0]?.body.id).toBe(answers[1]?.body.id)
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(1)
})

test('a person has at most ten personas, whichever PDPs they are asked of', async () => {
  const create = (n: number) =>
    (n % 2 === 0 ? one : two).call('POST', '/v1/personas', {
      as: world.as('D'),
      body: { title: 'traveler', circle: `c${n}` },
    })
  const answers = await Promise.all(Array.from({ length: 14 }, (_, n) => create(n)))
  const { body } = await one.call('GET', '/v1/personas', { as: world.as('D') })
  expect(body.items).toHaveLength(10)
  expect(answers.some(({ status }) => status === 409)).toBe(true)
})
