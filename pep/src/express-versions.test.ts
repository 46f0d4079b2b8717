/**
 * The guards on both versions of Express that are in use: the same service, the same answers.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ErrorRequestHandler, Response } from 'express'
import express5 from 'express'
import express4 from 'express4'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { foundOf, itemsOf, permitOf } from './authz.ts'
import { createPep, type Pep } from './pep.ts'
import { problems } from './problem.ts'
import { createLimits, DEFAULT_LIMITS } from './service.ts'
import { answering, listen, startTestIssuer, startTestPdp, stop, type TestIssuer, type TestPdp } from './testing.ts'

type Express = typeof express5
type Handler = ErrorRequestHandler
const SECRET = { secret: 'of a middleware' }
/** As compression and the like do. */
function whenHeadIsWritten(res: Response, listener: () => void): Response {
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response
  return Object.assign(res, {
    writeHead: () => {
      listener()
      return writeHead(res.statusCode)
    },
  })
}

/** What middleware answers by itself, by path. */
const answers = new Map<string, (res: Response) => unknown>([
  ['/chatty', (res) => res.json(SECRET)],
  ['/passes-on', (res) => res.json(SECRET)],
  ['/skips', (res) => res.json(SECRET)],
  [
    '/hints',
    (res) => {
      res.writeEarlyHints({ link: '</secret>; rel=preload; as=style' })
      res.writeProcessing()
      return res.json(SECRET)
    },
  ],
  ['/reason', (res) => Object.assign(res, { statusMessage: 'secret' }).end('secret')],
  [
    '/string',
    (res) =>
      Object.assign(res, { statusCode: 404 })
        .writeHead('200' as never)
        .end('secret'),
  ],
  ['/string-code', (res) => Object.assign(res, { statusCode: '200' }).end('secret')],
  [
    '/listening',
    (res) =>
      whenHeadIsWritten(res, () => Object.assign(res, { statusCode: 200 }))
        .status(404)
        .end('secret'),
  ],
  ['/wrapping-number', (res) => res.writeHead(2 ** 32 + 200).end('secret')],
])
const deny = answering(() => ({ decision: false, context: { reason: 'no_grant' } }))
const note = (id: string) => ({ type: 'note', id })

describe.for<readonly [string, Express]>([
  ['Express 5', express5],
  ['Express 4', express4],
])('%s', ([version, express]) => {
  let issuer: TestIssuer
  let pdp: TestPdp
  let pep: Pep
  let server: Server
  let url: string
  let logged: unknown[]
  const log = (...line: readonly unknown[]) => void logged.push(line)
  const logger = { warn: log, error: log }

  beforeEach(async () => {
    logged = []
    issuer = await startTestIssuer()
    pdp = await startTestPdp()
    const credentials = { clientId: 'notes', clientSecret: 'secret' }
    pep = createPep({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials, logger })
    server = createServer(service())
    url = await listen(server)
  })
  afterEach(async () => {
    await Promise.all([stop(server), pep.close(), pdp.close(), issuer.close()])
  })

  function service() {
    const app = express()
    const limits = createLimits({ ...DEFAULT_LIMITS, personBurst: 1, personPerMinute: 60 * 20 })
    app.get('/livez', pep.open('says only that the process runs'), (_req, res) => void res.json({ status: 'ok' }))
    app.get('/passes-on', pep.open('the route decides nothing'), (_req, _res, next) => next())
    app.get('/skips', pep.open('the route decides nothing'), (_req, _res, next) => next('route'))
    app.get('/fails', pep.open('the route decides nothing'), () => expect.fail('a handler of the service failed'))
    app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller, express.json())
    const router = express.Router()
    const one = pep.enforce({ action: 'read', resource: (req) => note(String(req.params['id'])) })
    router.get('/:id', one, (req, res) => void res.json({ id: permitOf(req).resource.id }))
    router.post(
      '/',
      pep.enforceEach({ action: 'print', resources: () => ['a', 'b'].map(note) }),
      (req, res) => void res.json(itemsOf(req).map(({ decision }) => decision)),
    )
    router.get('/', pep.filter({ action: 'read', type: 'note' }), (req, res) => void res.json(foundOf(req)))
    router.post('/dry-run', pep.dryRun({ action: 'print', resources: () => [note('a')] }))
    app.use('/notes', router)
    app.use((req, res, next) => answers.get(req.path)?.(res) ?? next())
    app.use(((_error, _req, res, next) =>
      res.req.path === '/fails' ? void res.json(SECRET) : next(_error)) as Handler)
    app.use(problems(logger))
    pep.assertGuarded(app)
    return app
  }

  /** All bytes of the answer, informational ones too. */
  async function rawAnswer(method = '', path = ''): Promise<string> {
    const authorization = `Bearer ${await issuer.sign({ aud: 'notes' })}`
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`,
    )
    return await text(socket)
  }

  async function call(method: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    const authorization = `Bearer ${await issuer.sign({ aud: 'notes' })}`
    const response = await fetch(url + path, { method, headers: { authorization, ...headers } })
    return { status: response.status, text: await response.text() }
  }

  test('permits, denials and batches', async () => {
    expect(await call('GET', '/notes/n1')).toEqual({ status: 200, text: '{"id":"n1"}' })
    expect(await call('HEAD', '/notes/n1')).toMatchObject({ status: 200 })
    expect(await call('POST', '/notes')).toEqual({ status: 200, text: '[true,true]' })
    expect(await call('POST', '/notes/dry-run')).toMatchObject({ status: 200 })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    pdp.answerWith(deny)
    expect(await call('GET', '/notes/n1')).toMatchObject({ status: 403, text: expect.stringContaining('no_grant') })
    expect(await call('HEAD', '/notes/n1')).toMatchObject({ status: 403 })
  })

  test('without a token, an answer or a result: 401 and 503', async () => {
    expect(await call('GET', '/notes/n1', { authorization: 'Bearer x' })).toMatchObject({ status: 401 })
    pdp.answerWith((_, res) => void res.destroy())
    expect(await call('GET', '/notes/n1')).toMatchObject({ status: 503 })
    expect(await call('GET', '/notes')).toMatchObject({ status: 503 })
  })

  test('who asks too much gets 429, not an unhandled rejection', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => call('GET', '/notes/n1')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
  })

  test.for([
    ['a router’s own reply to OPTIONS', 'OPTIONS', '/notes/n1'],
    ['middleware that answers by itself', 'GET', '/chatty'],
    ['middleware behind a route that passes the request on', 'GET', '/passes-on'],
    ['middleware behind a route that is skipped', 'GET', '/skips'],
    ['an error handler', 'GET', '/fails'],
    ['early hints, and 102', 'GET', '/hints'],
    ['a status text', 'GET', '/reason'],
    ['a status as a string', 'GET', '/string'],
    ['a status code as a string', 'GET', '/string-code'],
    ['a status that Node makes 200 of', 'GET', '/wrapping-number'],
    ['a status that is changed when the head is written', 'GET', '/listening'],
  ])('nothing below 400 leaves a guarded app unless the guard of its route let it: %s', async ([, method, path]) => {
    const raw = await rawAnswer(method, path)
    expect(raw).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/u)
    expect(raw).toContain('"code":"not_found"')
    expect(raw).not.toContain('secret')
  })

  test('what answers without a guard is told to the operators, with its place and what to do', async () => {
    await call('GET', '/chatty')
    const where = expect.stringContaining('express-versions.test.ts')
    const told = [{ code: 'unguarded_answer', where }, expect.stringContaining('a route of its own with a guard')]
    const unguarded = () => logged.filter((line) => JSON.stringify(line).includes('unguarded_answer'))
    expect(unguarded()).toEqual([told])
    await call('GET', '/chatty')
    expect(unguarded()).toHaveLength(1)
  })

  test('what has no guard is named, and nothing can be added afterwards', () => {
    const app = express()
    app.use(express.json(), pep.authenticate())
    app.get('/good', pep.open('nothing to protect here'), (_req, res) => void res.end())
    pep.assertGuarded(app)
    expect(() => app.get('/later', (_req, res) => void res.end())).toThrow(TypeError)
    const other = express()
    other.get('/bare', (_req, res) => void res.end())
    other.get('/early', pep.enforce({ action: 'read', resource: () => note('x') }), (_req, res) => void res.end())
    other.use('/admin', (_req, res) => void res.end())
    expect(() => pep.assertGuarded(other)).toThrow(
      /GET \/bare: neither[\s\S]*GET \/early: enforce\(\) without authenticate\(\)[\s\S]*USE \/admin: a handler with no guard/u,
    )
    expect(() => pep.assertGuarded(express())).toThrow('the app has no routes')
    expect(version).toContain('Express')
  })
})
