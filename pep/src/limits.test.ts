import { createServer } from 'node:http'
import express from 'express'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLimits, DEFAULT_LIMITS, type LimitOptions } from './limits.ts'
import { createPep } from './pep.ts'
import { problems } from './problem.ts'
import { listen, startTestIssuer, stop, type TestIssuer } from './testing.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

interface Limited {
  /** Statuses and codes of as many requests at once, as carlo at `desktop` unless claims differ. */
  readonly ask: (times: number, claims?: object) => Promise<readonly number[]>
  readonly url: string
  /** Lets the handlers that wait at `/slow` answer. */
  readonly letGo: () => void
}

async function limited(options: Partial<LimitOptions>): Promise<Limited> {
  const credentials = { clientId: 'trips', clientSecret: 'secret' }
  const pep = createPep({ issuer: issuer.issuer, audience: 'trips', pdpUrl: 'http://127.0.0.1:9', credentials })
  const limits = createLimits({ ...DEFAULT_LIMITS, ...options })
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>()
  const app = express()
  app.set('trust proxy', true)
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.get('/', pep.open('nothing to protect'), (_req, res) => void res.end())
  app.get('/slow', pep.open('nothing to protect'), async (_req, res) => {
    await released
    res.end()
  })
  app.use(problems())
  pep.assertGuarded(app)
  const server = createServer(app)
  const url = await listen(server)
  onTestFinished(async () => {
    letGo()
    await Promise.all([stop(server), pep.close()])
  })
  const ask: Limited['ask'] = async (times, claims = {}) => {
    const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'trips', ...claims })}` }
    return await Promise.all(Array.from({ length: times }, async () => (await fetch(url, { headers })).status))
  }
  return { ask, url, letGo }
}

const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length

/** Asks until somebody is told that it is too much: on a slow machine the first few may be so far apart that none is. */
async function untilSlowed(ask: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const statuses: number[] = []
  await expect.poll(async () => statuses.push(...(await ask())) > 0 && statuses.includes(429)).toBe(true)
  return statuses
}

test('a person has a rate and a burst; another person is not held back by it', async () => {
  const { ask } = await limited({ personPerMinute: 120, personBurst: 3 })
  const statuses = await untilSlowed(() => ask(20))
  expect(count(statuses, 200)).toBeGreaterThanOrEqual(5)
  expect(await ask(2, { sub: 'yannick' })).toEqual([200, 200])
})

test('a person who comes through an agent counts for both', async () => {
  const { ask } = await limited({ servicePerSecond: 3 })
  const agent = { azp: 'booking-agent' }
  const people = ['ada', 'bea', 'cem', 'dan', 'eva', 'fay']
  await untilSlowed(async () => (await Promise.all(people.map((sub) => ask(1, { ...agent, sub })))).flat())
  expect(await ask(3, { sub: 'ada' })).toEqual([200, 200, 200])
})

test('a service on its own has a rate', async () => {
  const { ask } = await limited({ servicePerSecond: 2 })
  await untilSlowed(() => ask(9, { azp: 'x', svc: 'x' }))
})

test('an address has a rate before anything is verified', async () => {
  const { url } = await limited({ addressPerSecond: 4 })
  const ask = () => Promise.all(Array.from({ length: 12 }, async () => (await fetch(url)).status))
  expect(new Set(await untilSlowed(ask))).toEqual(new Set([401, 429]))
})

test('all addresses of an IPv6 /64 count as one, and no others with it', async () => {
  const { url } = await limited({ addressPerSecond: 1 })
  const from = async (address: string) => (await fetch(url, { headers: { 'x-forwarded-for': address } })).status
  const addresses = Array.from({ length: 20 }, (_, number) => `2001:db8:1:2::${number.toString(16)}`)
  await untilSlowed(() => Promise.all(addresses.map(from)))
  expect(await from('2001:db8:1:3::1')).toBe(401)
  expect(await from('203.0.113.7')).toBe(401)
})

test('beyond the concurrency limit nobody waits: 429, and room again when one is done', async () => {
  const { ask, url, letGo } = await limited({ concurrent: 1 })
  const token = await issuer.sign({ aud: 'trips' })
  const headers = { authorization: `Bearer ${token}` }
  const slow = fetch(`${url}/slow`, { headers })
  await expect.poll(async () => (await ask(1))[0], { interval: 5 }).toBe(429)
  letGo()
  expect((await slow).status).toBe(200)
  await expect.poll(async () => (await ask(1))[0], { interval: 5 }).toBe(200)
})

test('what is too much says when to come again', async () => {
  const { url } = await limited({ addressPerSecond: 1 })
  const responses: Response[] = []
  await untilSlowed(async () => {
    responses.push(...(await Promise.all(Array.from({ length: 6 }, () => fetch(url)))))
    return responses.map(({ status }) => status)
  })
  const refused = responses.find(({ status }) => status === 429) ?? expect.unreachable('all were let in')
  expect(Number(refused.headers.get('retry-after'))).toBe(1)
  expect(refused.headers.get('content-type')).toMatch('application/problem+json')
  expect(await refused.json()).toMatchObject({ code: 'too_many_requests', status: 429 })
})
