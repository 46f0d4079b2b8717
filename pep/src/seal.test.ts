import express, { type Express, type RequestHandler, Router } from 'express'
import { expect, test } from 'vitest'
import { createPep } from './pep.ts'

const pep = createPep({
  issuer: 'http://127.0.0.1:9/realms/test',
  audience: 'trips',
  pdpUrl: 'http://127.0.0.1:9',
  credentials: { clientId: 'trips', clientSecret: 'secret' },
})
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

test('an app whose routes all have a guard is sealed, nested routers included', () => {
  const app = appWith((it) => {
    const router = Router()
    router.get('/:id', enforce(), handler)
    router.post('/:id/dry-run', pep.dryRun({ action: 'execute', resources: () => [] }))
    it.use('/workflows', Router().use(router))
    it.get('/templates', open(), handler)
    it.get('/workflows', filter(), handler)
  })
  expect(() => pep.seal(app)).not.toThrow()
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
  expect(() => pep.seal(app)).toThrow(
    new TypeError(
      [
        'the app cannot be sealed:',
        'DELETE /workflows/:id/items/:item: neither enforce() nor open()',
        'GET /health: neither enforce() nor open()',
        'ALL /everything: neither enforce() nor open()',
        'PUT /mixed: neither enforce() nor open()',
        'USE /admin: neither enforce() nor open() stands before it',
        'USE /app: a mounted app cannot be looked into; mount a Router',
        "USE /files: static files have no guard; serve them from a route with open('why')",
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
  expect(() => pep.seal(appWith(build))).toThrow(objection)
})

test('enforce() needs authenticate() before it, open() does not', () => {
  const app = express()
  app.get('/free', open(), handler)
  app.get('/early', enforce(), handler)
  app.use(pep.authenticate())
  app.get('/late', enforce(), handler)
  expect(() => pep.seal(app)).toThrow('GET /early: enforce() without authenticate() before it')
  expect(() => pep.seal(app)).not.toThrow('/late')
})

test('authenticate() may stand on the route itself', () => {
  const app = express()
  app.get('/x', pep.authenticate(), enforce(), handler)
  expect(() => pep.seal(app)).not.toThrow()
})

test('nothing can be added to a sealed app', () => {
  const app = appWith((it) => it.get('/x', enforce(), handler))
  pep.seal(app)
  expect(() => app.get('/later', handler)).toThrow(TypeError)
  expect(() => app.use(handler)).toThrow(TypeError)
})

test('an empty app is a mistake', () => {
  expect(() => pep.seal(express())).toThrow('the app has no routes')
})

test.for([
  ['open without a reason', () => pep.open(' '), /open: .*why/su],
  ['enforce with a misspelt option', () => pep.enforce({ action: 'read', ressource: () => [] } as never), /resource/u],
  [
    'createPep with nothing right',
    () => createPep({ issuer: 'x', audience: 'a b', pdpUrl: 'ftp://x' } as never),
    /issuer[\s\S]*audience[\s\S]*pdpUrl[\s\S]*credentials/u,
  ],
] as const)('misuse is a TypeError that names every bad field: %s', ([, misuse, message]) => {
  expect(misuse).toThrow(TypeError)
  expect(misuse).toThrow(message)
})
