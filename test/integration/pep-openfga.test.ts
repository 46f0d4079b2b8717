/**
 * The enforcement point in front of a PDP that is not ours: OpenFGA's own AuthZEN endpoint, with a model of its own and a key of its own.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPep, foundOf, itemsOf, type Pep, problems } from '@mandate/pep'
import { freePort, type OpenFga, startOpenFga } from '@mandate/stack'
import express, { type Express } from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'

/** A note can be read by its owner and its readers, and printed by its owner if it is short. */
const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'note',
      relations: {
        owner: { this: {} },
        reader: { this: {} },
        read: {
          union: { child: [{ computedUserset: { relation: 'owner' } }, { computedUserset: { relation: 'reader' } }] },
        },
        print: { this: {} },
      },
      metadata: {
        relations: {
          owner: { directly_related_user_types: [{ type: 'user' }] },
          reader: { directly_related_user_types: [{ type: 'user' }] },
          print: { directly_related_user_types: [{ type: 'user', condition: 'short' }] },
        },
      },
    },
  ],
  conditions: {
    short: {
      name: 'short',
      expression: 'resource_pages <= 10.0',
      parameters: { resource_pages: { type_name: 'TYPE_NAME_DOUBLE' } },
    },
  },
}
const PAGES = { n1: 1, n2: 400, n3: 2 } as const
const TUPLES = [
  { user: 'user:carlo', relation: 'owner', object: 'note:n1' },
  { user: 'user:carlo', relation: 'reader', object: 'note:n2' },
  ...['n1', 'n2'].map((id) => ({
    user: 'user:carlo',
    relation: 'print',
    object: `note:${id}`,
    condition: { name: 'short', context: {} },
  })),
]

let openFga: OpenFga
let issuer: TestIssuer
let pep: Pep
let server: Server

beforeAll(async () => {
  const httpPort = await freePort()
  const settings = {
    OPENFGA_EXPERIMENTALS: 'authzen',
    OPENFGA_AUTHZEN_BASE_URL: `http://127.0.0.1:${httpPort}`,
  }
  openFga = await startOpenFga({ httpPort, settings, env: {} })
  issuer = await startIssuer()
  const store = await admin('/stores', { name: 'notes' })
  const { authorization_model_id } = await admin(`/stores/${store.id}/authorization-models`, MODEL)
  await admin(`/stores/${store.id}/write`, { writes: { tuple_keys: TUPLES }, authorization_model_id })
  pep = createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: `${openFga.url}/stores/${store.id}`,
    credentials: { apiKey: openFga.apiToken },
  })
  server = createServer(notes(pep))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
})
afterAll(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
  await Promise.all([pep?.close(), issuer?.stop(), openFga?.stop()])
})

async function admin(path: string, body: object) {
  const headers = { authorization: `Bearer ${openFga.apiToken}`, 'content-type': 'application/json' }
  const response = await fetch(openFga.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(response.ok, await response.clone().text()).toBe(true)
  return await response.json()
}

function notes(it: Pep): Express {
  const note = (id: keyof typeof PAGES) => ({ type: 'note', id, properties: { pages: PAGES[id] } })
  const all = { action: 'print', resources: () => (['n1', 'n2', 'n3'] as const).map(note) }
  const one = (action: string) =>
    it.enforce({ action, resource: (req) => ({ type: 'note', id: String(req.params['id']) }) })
  const app = express()
  app.use(it.authenticate())
  app.get('/notes', it.filter({ action: 'read', type: 'note' }), (req, res) => void res.json(foundOf(req).ids))
  app.get('/notes/:id', one('read'), (_req, res) => void res.json('shown'))
  app.delete('/notes/:id', one('shred'), (_req, res) => void res.json('shredded'))
  app.post('/print', it.enforceEach(all), (req, res) => void res.json(itemsOf(req).map(({ decision }) => decision)))
  app.post('/print/dry-run', it.dryRun(all))
  app.use(problems())
  it.assertGuarded(app)
  return app
}

async function call(method: string, path: string, sub = 'carlo') {
  const { port } = server.address() as AddressInfo
  const token = await issuer.token({ sub, azp: 'desktop', aud: 'notes' })
  const headers = { authorization: `Bearer ${token}`, 'mandate-persona': 'writer/home' }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
  return { status: response.status, body: await response.json() }
}

test('one question: what the model relates is permitted, anything else is a denial without a reason', async () => {
  expect(await call('GET', '/notes/n1')).toEqual({ status: 200, body: 'shown' })
  expect(await call('GET', '/notes/n3')).toMatchObject({ status: 403, body: { code: 'denied' } })
  expect(await call('GET', '/notes/n1', 'ada')).toMatchObject({ status: 403, body: { code: 'denied' } })
})

test('an action that the model does not know is no permit', async () => {
  const { status } = await call('DELETE', '/notes/n1')
  expect([403, 503]).toContain(status)
})

test('a batch: attributes reach its conditions, permits and denials are mixed', async () => {
  expect(await call('POST', '/print')).toEqual({ status: 200, body: [true, false, false] })
  expect(await call('POST', '/print/dry-run')).toMatchObject({
    status: 200,
    body: { dry_run: true, items: [{ decision: true }, { decision: false }, { decision: false }] },
  })
})

test('a search: a list shows what its reader may read', async () => {
  const { status, body } = await call('GET', '/notes')
  expect({ status, ids: body.sort() }).toEqual({ status: 200, ids: ['n1', 'n2'] })
  expect(await call('GET', '/notes', 'ada')).toEqual({ status: 200, body: [] })
})

test('with OpenFGA gone nothing is shown', async () => {
  await openFga.kill()
  expect(await call('GET', '/notes/n1')).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  expect(await call('GET', '/notes')).toMatchObject({ status: 503 })
})
