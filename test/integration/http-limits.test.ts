/**
 * How much one caller may ask, and what a caller is told when the identity provider has no keys.
 *
 * @module
 */
import { request } from 'node:http'
import { test as base, describe, expect, inject } from 'vitest'
import { type Answer, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'

const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }
const BODY = {
  subject: { type: 'user', id: 'somebody' },
  action: { name: 'read' },
  resource: { type: 'workflow', id: 'somewhere' },
}

/** A PDP with limits of its own. */
const test = base.extend<{ start: (env: Readonly<Record<string, string>>) => Promise<TestPdp> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern
  start: async ({}, use) => {
    const started: TestPdp[] = []
    await use(async (env) => {
      const tpdp = await startTestPdp({ openFga: inject('openFga'), env })
      started.push(tpdp)
      return tpdp
    })
    for (const tpdp of started) await tpdp.stop()
  },
})

const asking = (tpdp: TestPdp, count: number, as: Parameters<TestPdp['call']>[2]): Promise<readonly Answer[]> =>
  Promise.all(Array.from({ length: count }, () => tpdp.call('POST', '/access/v1/evaluation', { ...as, body: BODY })))
const count = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length

/** Asks until somebody is told to wait: on a slow machine the first few may be so far apart that nobody is. */
async function untilSlowed(ask: () => Promise<readonly Answer[]>): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  await expect.poll(async () => answers.push(...(await ask())) > 0 && count(answers, 429) > 0).toBe(true)
  return answers
}

function expectSlowed(answers: readonly Answer[]): void {
  const slowed = answers.find(({ status }) => status === 429)
  expect(slowed?.body.code).toBe('too_many_requests')
  expect(slowed?.headers.get('retry-after')).toBe('1')
  expect(slowed?.headers.get('x-request-id')).toBe(slowed?.body.request_id)
}

describe('429, with the time to wait', () => {
  test('a person: so many a minute, and a burst', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_PER_MINUTE: '60', PDP_PERSON_BURST: '5' })
    const alice = { as: { sub: 'alice', azp: 'desktop' } }
    const answers = await untilSlowed(() => asking(tpdp, 30, alice))
    // One of this second and five at once, and one more for each second that turned meanwhile.
    expect(answers.length - count(answers, 429)).toBeGreaterThanOrEqual(6)
    expectSlowed(answers)
    expect(count(await asking(tpdp, 1, { as: { sub: 'bob', azp: 'desktop' } }), 429)).toBe(0)
    expect(count(await asking(tpdp, 20, { as: TRIPS }), 429)).toBe(0)
    await expect.poll(async () => count(await asking(tpdp, 1, alice), 429)).toBe(0)
  })

  test('a service: so many a second; a refusal leaves an entry', async ({ start }) => {
    const tpdp = await start({ PDP_SERVICE_PER_SECOND: '5' })
    const answers = await untilSlowed(() => asking(tpdp, 40, { as: TRIPS }))
    expectSlowed(answers)
    const { body } = await tpdp.call('GET', '/v1/decisions?reason=too_many_requests', { as: AUDITOR })
    expect(body.total).toBe(count(answers, 429))
  })

  test('an address, whoever it claims to be', async ({ start }) => {
    const tpdp = await start({ PDP_ADDRESS_PER_SECOND: '5' })
    const answers = await untilSlowed(() => asking(tpdp, 40, { headers: { 'x-forwarded-for': '192.0.2.1' } }))
    expect(count(answers, 401)).toBeGreaterThanOrEqual(5)
    expect(count(answers, 429)).toBe(answers.length - count(answers, 401))
    expectSlowed(answers)
    expect((await tpdp.call('GET', '/livez')).status).toBe(200)
  })

  test('a batch counts as its decisions: what fits is said, and what does not is not begun', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_PER_MINUTE: '60', PDP_PERSON_BURST: '12' })
    const batch = (items: number) => {
      const evaluations = Array.from({ length: items }, () => ({}))
      const subject = { type: 'user', id: 'alice' }
      const as = { sub: 'alice', azp: 'desktop' }
      return tpdp.call('POST', '/access/v1/evaluations', { as, body: { ...BODY, subject, evaluations } })
    }
    expect(await batch(50)).toMatchObject({ status: 413, body: { code: 'payload_too_large', fits: 12 } })
    const { body } = await batch(8)
    expect(body.evaluations).toHaveLength(8)
    const refused = await batch(8)
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(refused.body.fits).toBeLessThan(8)
    const { body: log } = await tpdp.call('GET', '/v1/decisions?kind=evaluation', { as: AUDITOR })
    expect(log.total).toBe(8)
  })

  test('who asked too much can still administer', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_PER_MINUTE: '1', PDP_PERSON_BURST: '8' })
    const alice = { as: { sub: 'alice', azp: 'desktop' } }
    expect(count(await asking(tpdp, 20, alice), 429)).toBeGreaterThan(0)
    expect((await tpdp.call('GET', '/v1/grants', alice)).status).toBe(200)
  })

  test('one person has some of the places, not all', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_CONCURRENT: '1' })
    const answers = await asking(tpdp, 20, { as: { sub: 'alice', azp: 'desktop' } })
    expect(count(answers, 429)).toBeGreaterThan(0)
    expectSlowed(answers)
  })

  test('a person who administers slowly has some of the places, not all', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_CONCURRENT: '1' })
    const alice = { as: { sub: 'alice', azp: 'desktop' } }
    const authorization = `Bearer ${await tpdp.issuer.token(alice.as)}`
    const headers = { authorization, 'content-type': 'application/json', 'content-length': '2' }
    const unfinished = request(`${tpdp.pdp.url}/v1/grants`, { method: 'POST', headers })
    unfinished.once('error', () => undefined)
    unfinished.write('{')
    await expect.poll(async () => (await tpdp.call('GET', '/v1/grants', alice)).status).toBe(429)
    expect((await tpdp.call('GET', '/v1/grants', { as: { sub: 'bob', azp: 'desktop' } })).status).toBe(200)
    unfinished.destroy()
    await expect.poll(async () => (await tpdp.call('GET', '/v1/grants', alice)).status).toBe(200)
  })

  test('an agent with a person’s token uses up its own share, not what the person needs to revoke it', async ({
    start,
  }) => {
    const tpdp = await start({ PDP_PERSON_PER_MINUTE: '1', PDP_PERSON_BURST: '8' })
    const operator = { sub: 'staff-operator', azp: 'desktop', roles: ['operator'] }
    expect((await tpdp.call('POST', '/v1/agents', { as: operator, body: { id: 'robot' } })).status).toBe(201)
    const calls = Array.from({ length: 20 }, () =>
      tpdp.call('GET', '/v1/grants', { as: { sub: 'alice', azp: 'robot' } }),
    )
    const answers = await Promise.all(calls)
    expect([count(answers, 403) > 0, count(answers, 429) > 0]).toEqual([true, true])
    expect((await tpdp.call('GET', '/v1/grants', { as: { sub: 'alice', azp: 'desktop' } })).status).toBe(200)
  })

  test('a page of a search ends with its allowance, and the next one goes on', async ({ start }) => {
    const tpdp = await start({ PDP_PERSON_PER_MINUTE: '60', PDP_PERSON_BURST: '17' })
    const alice = { as: { sub: 'alice', azp: 'desktop' } }
    const persona = { title: 'traveler', circle: 'family' }
    expect((await tpdp.call('POST', '/v1/personas', { ...alice, body: persona })).status).toBe(201)
    const owner = { owner: 'user:alice', owner_persona: 'traveler/family' }
    for (let id = 0; id < 20; id += 1)
      await tpdp.call('PUT', `/v1/resources/workflow/w${id}`, { as: TRIPS, body: owner })
    const subject = { type: 'user', id: 'alice', properties: { persona: 'traveler/family' } }
    const question = { subject, action: { name: 'read' }, resource: { type: 'workflow' } }
    const { status, body } = await tpdp.call('POST', '/access/v1/search/resource', { ...alice, body: question })
    expect({ status, found: body.results.length }).toEqual({ status: 200, found: 16 })
    expect(body.page.next_token).not.toBe('')
  })

  test('all at once: so many under way', async ({ start }) => {
    const tpdp = await start({ PDP_CONCURRENT: '2' })
    const answers = await untilSlowed(() => asking(tpdp, 40, { as: TRIPS }))
    expectSlowed(answers)
    await expect.poll(async () => count(await asking(tpdp, 1, { as: TRIPS }), 200)).toBe(1)
  })
})

describe('the identity provider', () => {
  test('without its keys nobody is let in, and nobody is called a liar', async ({ start }) => {
    const tpdp = await start({ PDP_JWKS_URL: 'http://127.0.0.1:9/keys' })
    const [answer] = await asking(tpdp, 1, { as: TRIPS })
    expect(answer?.status).toBe(503)
    expect(answer?.body.code).toBe('identity_unavailable')
    expect(answer?.headers.get('retry-after')).toBe('1')
    expect(answer?.text).not.toContain('127.0.0.1')
  })

  test('known keys keep verifying when it is gone', async ({ start }) => {
    const tpdp = await start({})
    const [first, second] = [await tpdp.issuer.token(TRIPS), await tpdp.issuer.token(TRIPS)]
    expect(count(await asking(tpdp, 1, { as: first }), 200)).toBe(1)
    await tpdp.issuer.stop()
    expect(count(await asking(tpdp, 1, { as: second }), 200)).toBe(1)
  })
})
