import { Fault } from '@mandate/protocol'
import express, { type RequestHandler } from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { limitConcurrency } from './concurrency-limit.ts'
import { serve } from './listener.ts'
import { answerProblems } from './problem.ts'
import { limitByAddress, RateLimit } from './rate-limit.ts'

/** As behind a proxy that says where a request came from. */
async function serving(limit: RequestHandler, handler: RequestHandler = (_req, res) => void res.end()) {
  const app = express().set('trust proxy', true)
  app.use(limit, handler, answerProblems({}))
  const listener = await serve(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(listener.close)
  return (address = '192.0.2.1', path = '/', signal = AbortSignal.timeout(60_000)) =>
    fetch(listener.url + path, { headers: { 'x-forwarded-for': address }, signal })
}

test('all addresses of an IPv6 /64 count as one, and no others with it', async () => {
  const ask = await serving(limitByAddress(1))
  const siteOf = (count: number) => `2001:db8:1:2::${count.toString(16)}`
  const answers = await Promise.all(Array.from({ length: 20 }, (_, count) => ask(siteOf(count))))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  for (const other of ['2001:db8:1:3::1', '203.0.113.7', '203.0.113.8']) expect((await ask(other)).status).toBe(200)
})

test('refuses what is too much at once and says what fits; another caller is not held back', async () => {
  const rate = new RateLimit({ perSecond: 5, burst: 12, unit: 'items' })
  await expect(rate.spend('ada', 13)).rejects.toMatchObject({ code: 'payload_too_large', members: { fits: 12 } })
  await rate.spend('ada', 12)
  await expect(rate.spend('ada', 12)).rejects.toMatchObject({
    code: 'too_many_requests',
    detail: expect.stringMatching(/^It counts as its 12 items; \d+ fit now\.$/u),
  })
  await rate.spend('bob', 12)
})

test('several that only the burst can hold wait for the burst, not for the rate', async () => {
  const rate = new RateLimit({ perSecond: 1, burst: 8 })
  await rate.spend('ada', 8)
  const refusal: unknown = await rate.spend('ada', 8).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Fault)
  expect((refusal as Fault).members?.['retry_after']).toBeGreaterThan(1)
})

test('a rate below one a second lets one through, and refuses the next for longer than a second', async () => {
  const rate = new RateLimit({ perSecond: 1 / 60 })
  await rate.spend('ada')
  await expect(rate.spend('ada')).rejects.toMatchObject({ members: { retry_after: expect.toSatisfy((s) => s > 1) } })
})

test('takes none of what cannot be had whole', async () => {
  const rate = new RateLimit({ perSecond: 1 / 60, burst: 10 })
  await rate.spend('ada', 6)
  await expect(rate.spend('ada', 6)).rejects.toMatchObject({ members: { fits: 4 } })
  await rate.spend('ada', 4)
})

test('above the concurrency limit: 429 with Retry-After, for its class alone, until a request ends or its client leaves', async () => {
  const held: (() => void)[] = []
  const classOf = ({ path }: { readonly path: string }) => (path.startsWith('/other') ? 'other' : 'main')
  const ask = await serving(limitConcurrency(1, classOf), ({ path }, res) => {
    if (path === '/slow') held.push(() => res.end())
    else res.end()
  })
  const leaving = new AbortController()
  const left = ask(undefined, '/slow', leaving.signal).catch(() => 'left')
  await expect.poll(() => held.length).toBe(1)
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await ask(undefined, '/other')).status).toBe(200)
  leaving.abort()
  expect(await left).toBe('left')
  await expect.poll(async () => (await ask()).status).toBe(200)
  const slow = ask(undefined, '/slow')
  await expect.poll(() => held.length).toBe(2)
  expect((await ask()).status).toBe(429)
  held[1]?.()
  expect((await slow).status).toBe(200)
  expect((await ask()).status).toBe(200)
})

test('a client that leaves before it is counted takes no place', async () => {
  const limit = limitConcurrency(1)
  const reached = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  // Such as a token that is verified first, while the client gives up.
  const verify: RequestHandler = (req, res, next) => {
    if (req.path !== '/leaves') return next()
    reached.resolve()
    res.once('close', () => {
      next()
      left.resolve()
    })
  }
  const ask = await serving(verify, (req, res, next) =>
    limit(req, res, (error) => (error === undefined ? res.end() : next(error))),
  )
  const abort = new AbortController()
  const gone = ask(undefined, '/leaves', abort.signal)
  await reached.promise
  abort.abort()
  await expect(gone).rejects.toThrow('abort')
  await left.promise
  expect((await ask()).status).toBe(200)
})
