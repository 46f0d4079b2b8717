/**
 * Where each framework could answer without a guard, and does not: hooks, handlers of unknown routes, routes behind routes, routes that come late.
 *
 * @module
 */
import { createServer } from 'node:http'
import { Controller, Get, Module, Param } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createPep as createFastifyPep } from './fastify.ts'
import { createPep as createHonoPep } from './hono.ts'
import { createPep as createNestPep } from './nest.ts'
import { createPep as createExpressPep } from './pep.ts'
import { listen, startTestIssuer, startTestPdp, stop, type TestIssuer, type TestPdp } from './testing.ts'

const SECRET = { secret: 'of nobody in particular' }
const WHY = 'nothing is decided here'
const note = () => ({ type: 'note', id: 'n1' })
let issuer: TestIssuer
let pdp: TestPdp
let warned: string[]
let token: string

beforeAll(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  token = await issuer.sign({ aud: 'notes' })
})
afterAll(async () => {
  await Promise.all([issuer.close(), pdp.close()])
})

function optionsOf() {
  warned = []
  const log = (fields: object) => void warned.push(String((fields as { readonly code?: unknown }).code))
  return {
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials: { apiKey: 'key' },
    logger: { warn: log, error: log },
  }
}

/** A Fastify application with what `build` adds, by `inject`, which goes past the server. */
async function fastify(build: (app: FastifyInstance, pep: ReturnType<typeof createFastifyPep>) => void) {
  const pep = createFastifyPep(optionsOf())
  const app = Fastify()
  onTestFinished(async () => {
    await Promise.all([app.close(), pep.close()])
  })
  pep.protect(app)
  app.get('/open', { preHandler: pep.open(WHY) }, async () => SECRET)
  build(app, pep)
  const ask = async (url: string) => {
    const { statusCode, body } = await app.inject({ url, headers: { authorization: `Bearer ${token}` } })
    return { status: statusCode, isSecret: body.includes(SECRET.secret) }
  }
  return { app, ask }
}

test('Fastify: what a hook or a handler of unknown routes answers becomes 404, also without the server', async () => {
  const { ask } = await fastify((app) => {
    app.addHook('preValidation', async (req, reply) => (req.url === '/hook' ? reply.send(SECRET) : undefined))
    app.register(async (child) => child.setNotFoundHandler(async () => SECRET), { prefix: '/child' })
    app.addHook('onRequest', async (req, reply) => {
      if (req.url === '/raw') reply.hijack().raw.end(JSON.stringify(SECRET))
    })
  })
  expect(await ask('/open')).toEqual({ status: 200, isSecret: true })
  for (const path of ['/hook', '/child/x', '/raw', '/none'])
    expect(await ask(path), path).toEqual({ status: 404, isSecret: false })
  expect(warned).toContain('unguarded_answer')
})

test('Fastify: a guard in a hook for all routes is a mistake, and lets nothing through', async () => {
  const { ask } = await fastify((app, pep) => {
    app.addHook('preHandler', pep.open(WHY))
  })
  expect(await ask('/open')).toEqual({ status: 500, isSecret: false })
  expect(await ask('/none')).toMatchObject({ isSecret: false })
})

test.for<readonly [string, (app: FastifyInstance, pep: ReturnType<typeof createFastifyPep>) => void, RegExp]>([
  [
    'without a guard',
    (app) => void app.get('/bare', async () => SECRET),
    /GET \/bare: its first preHandler is no guard/u,
  ],
  [
    'in a plugin',
    (app) => void app.register(async (child) => void child.get('/bare', async () => SECRET), { prefix: '/child' }),
    /GET \/child\/bare/u,
  ],
  [
    'with another handler first',
    (app, pep) => void app.get('/late', { preHandler: [async () => undefined, pep.open(WHY)] }, async () => SECRET),
    /GET \/late: another preHandler stands before its guard/u,
  ],
  [
    'with the guard of another path',
    (app, pep) => {
      const preHandler = pep.enforce('/notes/:id', { action: 'read', resource: note })
      app.get('/pages/:id', { preHandler }, async () => SECRET)
    },
    /made for another path, \/notes\/:id/u,
  ],
])('Fastify does not start with a route %s', async ([, build, message]) => {
  const { app } = await fastify(build)
  await expect(app.ready()).rejects.toThrow(message)
})

test('Fastify: protect() comes before the routes', async () => {
  const pep = createFastifyPep(optionsOf())
  const app = Fastify()
  app.get('/early', async () => SECRET)
  expect(() => pep.protect(app)).toThrow('protect() comes first')
  await pep.close()
})

type HonoPep = ReturnType<typeof createHonoPep>

function hono(build: (app: Hono, pep: HonoPep) => void, after: (app: Hono) => void = () => undefined) {
  const pep = createHonoPep(optionsOf())
  onTestFinished(() => pep.close())
  const app = new Hono()
  build(app, pep)
  pep.assertGuarded(app)
  after(app)
  const ask = async (path: string, method = 'GET') => {
    const response = await app.request(path, { method, headers: { authorization: `Bearer ${token}` } })
    return { status: response.status, isSecret: (await response.text()).includes(SECRET.secret) }
  }
  return { app, pep, ask }
}

test('Hono: what middleware, a mounted application or a handler of unknown routes answers becomes 404', async () => {
  const { ask } = hono(
    (app, pep) => {
      app.use('*', async (c, next) => (c.req.path === '/chatty' ? c.json(SECRET) : await next()))
      app.get('/open', pep.open(WHY), (c) => c.json(SECRET))
      app.get('/passes-on', pep.open(WHY), async (_c, next) => await next())
      app.mount('/mounted', () => Response.json(SECRET))
      app.use('*', async (c) => c.json(SECRET))
    },
    (app) => app.notFound((c) => c.json(SECRET)),
  )
  expect(await ask('/open')).toEqual({ status: 200, isSecret: true })
  expect(await ask('/open', 'HEAD')).toEqual({ status: 200, isSecret: false })
  for (const path of ['/chatty', '/passes-on', '/mounted/x', '/none'])
    expect(await ask(path), path).toEqual({ status: 404, isSecret: false })
  expect(warned).toContain('unguarded_answer')
})

test('Hono: routes of a sub-application are looked at, with its own handler of errors too', async () => {
  const { ask } = hono((app, pep) => {
    const sub = new Hono()
    sub.onError((_error, c) => c.json({}, 500))
    sub.get('/:id', pep.enforce('/:id', { action: 'read', resource: note }), (c) => c.json(SECRET))
    app.route('/notes', sub)
  })
  expect(await ask('/notes/n1')).toEqual({ status: 200, isSecret: true })
  expect(() =>
    hono((app) =>
      app.route(
        '/sub',
        new Hono().get('/bare', (c) => c.json(SECRET)),
      ),
    ),
  ).toThrow('GET /sub/bare: neither enforce() nor open()')
})

test.for<readonly [string, (app: Hono, pep: HonoPep) => void, string]>([
  ['without a guard', (app) => void app.get('/bare', (c) => c.json(SECRET)), 'GET /bare: neither'],
  ['of a fixed path in use()', (app) => void app.use('/admin', (c) => Promise.resolve(c.json(SECRET))), 'ALL /admin'],
  ['with no handler behind its guard', (app, pep) => void app.use('/x/*', pep.open(WHY)), 'open() with no handler'],
  [
    'with another handler first',
    (app, pep) =>
      void app.get(
        '/late',
        async (_c, next) => await next(),
        pep.open(WHY),
        (c) => c.json(SECRET),
      ),
    'GET /late: another handler stands before its guard',
  ],
  [
    'with the guard of another path',
    (app, pep) =>
      void app.get('/pages/:id', pep.enforce('/notes/:id', { action: 'read', resource: note }) as never, (c) =>
        c.json(SECRET),
      ),
    'made for another path, /notes/:id',
  ],
  ['at all missing', () => undefined, 'the app has no routes'],
])('Hono does not start with a route %s', ([, build, message]) => {
  expect(() => hono(build)).toThrow(message)
})

test('Hono: nothing can be added afterwards', () => {
  const { app, pep } = hono((it, guards) => void it.get('/open', guards.open(WHY), (c) => c.json(SECRET)))
  expect(() => app.get('/later', (c) => c.json(SECRET))).toThrow('has frozen the routes')
  expect(() => pep.assertGuarded(app)).toThrow('assertGuarded() was called on this app before')
})

test('NestJS: what is routed past the controllers becomes 404', async () => {
  const pep = createNestPep(optionsOf())
  class Notes {
    show(id: string): object {
      return { ...SECRET, id }
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Notes.prototype, 'show') as PropertyDescriptor
  for (const decorate of [Get('notes/:id'), pep.enforce({ action: 'read', resource: note })])
    decorate(Notes.prototype, 'show', descriptor)
  Param('id')(Notes.prototype, 'show', 0)
  Controller()(Notes)
  class App {}
  Module({ imports: [pep.module()], controllers: [Notes] })(App)
  const app = await NestFactory.create(App, new ExpressAdapter(), { logger: false })
  const adapter = app.getHttpAdapter().getInstance() as express.Express
  adapter.get('/direct', (_req, res) => void res.json(SECRET))
  await app.listen(0, '127.0.0.1')
  onTestFinished(async () => {
    await Promise.all([app.close(), pep.close()])
  })
  const url = await app.getUrl()
  const ask = async (path: string) =>
    (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).status
  expect([await ask('/notes/n1'), await ask('/direct'), await ask('/none')]).toEqual([200, 404, 404])
})

test('Express: a guard that was made for a path stands on that path', async () => {
  const pep = createExpressPep(optionsOf())
  onTestFinished(() => pep.close())
  const app = express()
  app.use(pep.authenticate())
  const guard = pep.enforce('/notes/:id', { action: 'read', resource: (req) => ({ type: 'note', id: req.params.id }) })
  app.get('/pages/:id', guard, (_req, res) => void res.json(SECRET))
  expect(() => pep.assertGuarded(app)).toThrow('GET /pages/:id: its guard was made for another path, /notes/:id')
  const right = express()
  right.use(pep.authenticate())
  const router = express.Router()
  router.get(
    '/:id',
    pep.enforce('/:id', { action: 'read', resource: (req) => ({ type: 'note', id: req.params.id }) }),
    (req, res) => {
      res.json({ id: req.params.id.toUpperCase() })
    },
  )
  right.use('/notes', router)
  pep.assertGuarded(right)
  const server = createServer(right)
  const url = await listen(server)
  onTestFinished(() => stop(server))
  const response = await fetch(`${url}/notes/n1`, { headers: { authorization: `Bearer ${token}` } })
  expect(await response.json()).toEqual({ id: 'N1' })
})
