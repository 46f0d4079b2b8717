import express, { type Express, type RequestHandler, Router } from 'express'
import { expect, test } from 'vitest'
import { createPep } from './pep.ts'
import { createServiceTokens } from './service-tokens.ts'

const options = {
  issuer: 'http://127.0.0.1:9/realms/test',
  audience: 'trips',
  pdpUrl: 'http://127.0.0.1:9',
  credentials: { clientId: 'trips', clientSecret: 'secret' },
}
const pep = createPep(options)
const handler: RequestHandler = (_req, res) => void res.end()
const filter = () => pep.filter({ action: 'read', type: 'workflow' })
const enforce = () => pep.enforce({ action: 'read', resource: () => ({ type: 'workflow', id: 'x' }) })
const open = () => pep.open('nothing to protect here')

function appWith(build: (app: Express) => void): Express {
  const app = express()
  app.use(express.json(), pep.authenticate())
  build(app)
  return app
}

test('an app whose routes all have a guard passes, nested routers included', () => {
  const app = appWith((it) => {
    const router = Router()
    router.get('/:id', enforce(), handler)
    router.post('/:id/dry-run', pep.dryRun({ action: 'execute', resources: () => [] }))
    it.use('/workflows', Router().use(router))
    it.get('/templates', open(), handler)
    it.get('/workflows', filter(), handler)
  })
  expect(() => pep.assertGuarded(app)).not.toThrow()
})

test('every unguarded route is named at once', () => {
  const app = appWith((it) => {
    const inner = Router()
    inner.delete('/:item', handler)
    inner.get('/', enforce(), handler)
    it.use('/workflows/:id/items', inner)
    it.get('/health', handler)
    it.all('/everything', handler)
    it.route('/mixed').get(enforce(), handler).put(handler)
    it.use('/admin', handler)
    it.use('/app', express().get('/hidden', handler))
    it.use('/files', express.static('.'))
  })
  expect(() => pep.assertGuarded(app)).toThrow(
    new TypeError(
      [
        'the app has routes without a valid guard:',
        'DELETE /workflows/:id/items/:item: neither enforce() nor open()',
        'GET /health: neither enforce() nor open()',
        'ALL /everything: neither enforce() nor open()',
        'PUT /mixed: neither enforce() nor open()',
        'USE /admin: a handler with no guard; put it on a route: app.all(path, enforce(…), handler), or mount the Router that it calls',
        'USE /app: a mounted app cannot be looked into; mount a Router',
        "USE /files: static files have no guard; serve them from a route: app.get('/files/{*path}', open('why'), express.static(folder))",
      ].join('\n  '),
    ),
  )
})

test.for<readonly [string, (app: Express) => void, string]>([
  [
    'a guard behind another handler guards nothing',
    (it) => it.get('/x', handler, enforce()),
    'GET /x: another handler stands before its guard; put the guard first',
  ],
  ['a guard alone is no route', (it) => it.get('/x', enforce()), 'GET /x: enforce() with no handler behind it'],
  [
    'a look-alike is no guard',
    (it) => it.get('/x', Object.assign(handler.bind(null), { guard: 'open' }), handler),
    'GET /x: neither',
  ],
])('%s', ([, build, objection]) => {
  expect(() => pep.assertGuarded(appWith(build))).toThrow(objection)
})

test.for<readonly [string, (app: Express) => void, readonly string[]]>([
  [
    'authenticate() is no guard of the handler behind it',
    (it) => it.use('/admin', pep.authenticate(), handler),
    ['USE /admin: a handler with no guard; put it on a route'],
  ],
  [
    'a guard in use() would let through what comes later, and does not stand before a handler of the same path',
    (it) => it.use('/admin', enforce(), handler),
    ['USE /admin: enforce() in use() lets through whatever comes later', 'USE /admin: a handler with no guard'],
  ],
  ['nor at the root', (it) => it.use(open()), ['USE /: open() in use() lets through whatever comes later']],
  [
    'a function around a Router hides its routes',
    (it) => {
      const inner = Router().get('/', handler)
      it.use('/wrapped', (req, res, next) => inner(req, res, next))
    },
    ['USE /wrapped: a handler with no guard', 'or mount the Router that it calls'],
  ],
])('in use(): %s', ([, build, objections]) => {
  const check = () => pep.assertGuarded(appWith((it) => build(it.get('/x', enforce(), handler))))
  for (const objection of objections) expect(check).toThrow(objection)
})

test('authenticate() on a path identifies for the Router on that path', () => {
  const app = express()
  app.use('/notes', pep.authenticate(), Router().get('/:id', enforce(), handler))
  expect(() => pep.assertGuarded(app)).not.toThrow()
  const other = express()
  other.use('/notes', pep.authenticate())
  other.use('/trips', Router().get('/:id', enforce(), handler))
  expect(() => pep.assertGuarded(other)).toThrow('GET /trips/:id: enforce() without authenticate() before it')
})

test('enforce() needs authenticate() before it, open() does not', () => {
  const app = express()
  app.get('/free', open(), handler)
  app.get('/early', enforce(), handler)
  app.use(pep.authenticate())
  app.get('/late', enforce(), handler)
  expect(() => pep.assertGuarded(app)).toThrow('GET /early: enforce() without authenticate() before it')
  expect(() => pep.assertGuarded(app)).not.toThrow('/late')
})

test('authenticate() may stand on the route itself', () => {
  const app = express()
  app.get('/x', pep.authenticate(), enforce(), handler)
  expect(() => pep.assertGuarded(app)).not.toThrow()
})

test('nothing can be added afterwards, and the error says what to do', () => {
  const router = Router().get('/:id', enforce(), handler)
  const app = appWith((it) => it.use('/x', router))
  pep.assertGuarded(app)
  const late = new TypeError(
    'assertGuarded() has frozen the routes: what is added now would not be checked. Add routes, middleware and param() before it',
  )
  const attempts = [
    () => app.get('/later', handler),
    () => app.use(handler),
    () => app.param('id', (_req, res) => void res.end()),
    () => router.param('id', (_req, res) => void res.end()),
    () => router.get('/later', handler),
  ]
  for (const attempt of attempts) expect(attempt).toThrow(late)
  expect(() => pep.assertGuarded(app)).toThrow('assertGuarded() was called on this app before')
})

test('an empty app is a mistake', () => {
  expect(() => pep.assertGuarded(express())).toThrow('the app has no routes')
})

test.for(['GET', 'ownerID', 'can_read_todos', 'document.read', 'todo:create', 'urn:example:action/read'])(
  'an action is any name that a manifest can declare: %s',
  (action) => {
    expect(() => pep.enforce({ action, resource: () => ({ type: 'note', id: 'n1' }) })).not.toThrow()
    expect(() => pep.filter({ action, type: 'workflowItem' })).not.toThrow()
    for (const wrong of ['', `${action} `, `2${action}`])
      expect(() => pep.enforce({ action: wrong, resource: () => ({ type: 'note', id: 'n1' }) })).toThrow(/action/u)
  },
)

test('hosts that are listed are called in plain HTTP', () => {
  const listed = { ...options, pdpUrl: 'http://pdp:8181', identityUrl: 'http://kc', plainHttpHosts: ['pdp', 'kc'] }
  expect(() => createPep(listed)).not.toThrow()
})

test.for([
  ['open without a reason', () => pep.open(' '), /open: .*why/su],
  ['enforce with a misspelt option', () => pep.enforce({ action: 'read', ressource: () => [] } as never), /resource/u],
  [
    'createPep with plain HTTP off loopback',
    () => createPep({ ...options, issuer: 'http://id/realms/x', identityUrl: 'http://kc', pdpUrl: 'http://pdp' }),
    /plain HTTP to id[\s\S]*issuer[\s\S]*plain HTTP to kc[\s\S]*identityUrl[\s\S]*plain HTTP to pdp[\s\S]*pdpUrl/u,
  ],
  [
    'createServiceTokens with plain HTTP off loopback',
    () => createServiceTokens({ issuer: 'http://id/realms/x', credentials: options.credentials }),
    /plain HTTP to id/u,
  ],
  [
    'createPep with nothing right',
    () => createPep({ issuer: 'x', audience: 'a b', pdpUrl: 'ftp://x' } as never),
    /issuer[\s\S]*audience[\s\S]*pdpUrl[\s\S]*credentials/u,
  ],
] as const)('misuse is a TypeError that names every bad field: %s', ([, misuse, message]) => {
  expect(misuse).toThrow(TypeError)
  expect(misuse).toThrow(message)
})

test('seal, the name of version 0.1, is the same check', () => {
  expect(pep.seal).toBe(pep.assertGuarded)
})
