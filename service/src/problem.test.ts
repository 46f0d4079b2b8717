import { Fault, PROBLEMS } from '@mandate/protocol'
import express, { type Express } from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { serve } from './listener.ts'
import { answerProblems, type ProblemOptions, problemResponse, refuseUnknownRoute, withChallenge } from './problem.ts'
import { tooManyRequests } from './rate-limit.ts'
import { RawClient } from './raw-client.harness.ts'

const SECRET = 'token-in-a-property'

/** A service with what `build` adds, and all that it logs. */
async function serving(build: (app: Express) => void, options: ProblemOptions = {}) {
  const logged: unknown[] = []
  const app = express()
  build(app)
  app.use(refuseUnknownRoute)
  app.use(answerProblems({ logger: { error: (fields, message) => logged.push({ ...fields, message }) }, ...options }))
  const { url, close } = await serve(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(close)
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init)
    const problem = (await response.json()) as Readonly<Record<string, unknown>>
    return { status: response.status, headers: response.headers, problem }
  }
  return { url, ask, logged }
}

const thrown = (error: unknown) => (app: Express) => {
  app.get('/', () => {
    throw error
  })
}

test('a fault is its code, status, detail and members; the headers are those of a problem', async () => {
  const { ask, logged } = await serving(
    thrown(new Fault('conflict', 'internal words', { detail: 'Taken.', members: { at: 3 } })),
  )
  const { status, headers, problem } = await ask('/')
  expect(status).toBe(409)
  const { title } = PROBLEMS.conflict
  expect(problem).toEqual({
    type: 'urn:mandate:problem:conflict',
    title,
    status,
    code: 'conflict',
    detail: 'Taken.',
    at: 3,
  })
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(logged).toEqual([])
})

test.for([
  ['is not JSON', '{', {}, 400, 'invalid_request', 'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.'],
  [
    'is no gzip',
    'xxxx',
    { 'content-encoding': 'gzip' },
    400,
    'invalid_request',
    'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.',
  ],
  [
    'is no brotli',
    'xxxx',
    { 'content-encoding': 'br' },
    400,
    'invalid_request',
    'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.',
  ],
  [
    'has an encoding that is not known',
    '{}',
    { 'content-encoding': 'x' },
    400,
    'invalid_request',
    'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.',
  ],
  [
    'has a character set that is not known',
    '{}',
    { 'content-type': 'application/json; charset=x' },
    400,
    'invalid_request',
    'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.',
  ],
  ['is too large', `"${'x'.repeat(200)}"`, {}, 413, 'payload_too_large', 'The body may take 100 bytes.'],
] as const)('a body that %s', async ([, body, headers, status, code, detail]) => {
  const { ask, logged } = await serving((app) => void app.use(express.json({ limit: 100, strict: false })))
  const answer = await ask('/', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  expect(answer).toMatchObject({ status, problem: { code, detail } })
  expect(logged).toEqual([])
})

test.for([
  ['a route that is none', '/none', 404, 'not_found'],
  ['a file that is none', '/files/none', 404, 'not_found'],
  ['a file above the folder', '/files/..%2f..%2fpackage.json', 403, 'forbidden'],
  ['a parameter that cannot be decoded', '/named/%E0%A4%A', 400, 'invalid_request'],
] as const)('%s', async ([, path, status, code]) => {
  const { ask } = await serving((app) => {
    app.use('/files', express.static('.', { fallthrough: false }))
    app.get('/named/:name', (_req, res) => void res.end())
  })
  const answer = await ask(path)
  expect(answer).toMatchObject({ status, problem: { code } })
  expect(answer.problem).not.toHaveProperty('detail')
})

test.for([
  ['an error of ours', Object.assign(new TypeError('no such column'), { request: SECRET })],
  ['an error with a status that is not the caller’s', Object.assign(new TypeError('no such column'), { status: 502 })],
] as const)('%s is 500, and logged without the properties of the error', async ([, error]) => {
  const { ask, logged } = await serving(thrown(error))
  const { status, problem } = await ask('/')
  expect([status, problem['code']]).toEqual([500, 'internal'])
  expect(JSON.stringify(problem)).not.toContain('column')
  const err = { name: 'TypeError', message: 'no such column', stack: expect.stringContaining('problem.test.ts') }
  expect(logged).toEqual([{ code: 'internal', err, message: 'unexpected error' }])
  expect(JSON.stringify(logged)).not.toContain(SECRET)
})

test('what is thrown and is no Error is 500 too', async () => {
  expect((await (await serving(thrown('words'))).ask('/')).status).toBe(500)
})

test('an error after the headers ends the connection: half a response is no whole one', async () => {
  const { url, logged } = await serving((app) => {
    app.get('/', (_req, res) => {
      res.write('half')
      throw new TypeError('amid the body')
    })
  })
  const client = await RawClient.open(url)
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await client.closed).not.toMatch(/\r\n0\r\n/u)
  expect(logged).toHaveLength(1)
})

test('a challenge stands in a 401 alone, and a wait in Retry-After', async () => {
  const respond: ProblemOptions['respond'] = (fault) => withChallenge(problemResponse(fault), 'Bearer realm="x"')
  const asked = async (error: unknown) => (await (await serving(thrown(error), { respond })).ask('/')).headers
  expect((await asked(new Fault('unauthenticated', 'x'))).get('www-authenticate')).toBe('Bearer realm="x"')
  expect((await asked(new Fault('forbidden', 'x'))).get('www-authenticate')).toBeNull()
  expect((await asked(tooManyRequests('x', 2_400))).get('retry-after')).toBe('3')
})

test('what runs before the response may change the fault', async () => {
  const { ask } = await serving(thrown(new Fault('forbidden', 'x')), {
    before: async (fault, req) => new Fault('log_unavailable', `${fault.code} of ${req.path} is not recorded`),
  })
  expect((await ask('/')).problem['code']).toBe('log_unavailable')
})
