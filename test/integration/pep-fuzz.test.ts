/**
 * A sealed app under ten thousand requests that nobody should send: routes and verbs that are not there, other spellings of those that are,
 * methods in headers, everything twice. Whatever is answered below 400 has a permit in the log of a real PDP, under the id that came with it.
 *
 * `MANDATE_FUZZ_SEED` draws other requests.
 *
 * @module
 */
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  authzOf,
  createPdpAdmin,
  createPep,
  disclosed,
  foundOf,
  itemsOf,
  type Pep,
  permitOf,
  problems,
} from '@mandate/pep'
import express, { type Express, type RequestHandler, Router } from 'express'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'

const REQUESTS = 10_000
const CONNECTIONS = 16
const OWNER: TokenClaims = { sub: 'sub-of-olive', azp: 'desktop' }
const STRANGER: TokenClaims = { sub: 'sub-of-sam', azp: 'desktop' }
const seed = Number(process.env['MANDATE_FUZZ_SEED'] ?? 7)

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
}
interface Answer extends Omit<Sent, 'headers'> {
  readonly status: number
  readonly requestId: string
  readonly evaluationId: string | undefined
  readonly body: string
}

let tpdp: TestPdp
let pep: Pep
let server: Server
let tokens: { readonly owner: string; readonly stranger: string }
/** Evaluation ids by which protected handlers ran. */
const ran: string[] = []
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

/** Takes the method from wherever a client puts it, as method-override does: the guards must see what the handlers see. */
const methodOverride: RequestHandler = (req, _res, next) => {
  const { _method } = req.query
  const wanted = req.get('X-HTTP-Method-Override') ?? (typeof _method === 'string' ? _method : undefined)
  // Not HEAD: what asked for a body would wait for one.
  if (wanted !== undefined && wanted !== 'HEAD' && /^[A-Z]{3,8}$/u.test(wanted)) req.method = wanted
  next()
}

function service(it: Pep): Express {
  const workflow = (action: string) =>
    it.enforce({ action, resource: (req) => ({ type: 'workflow', id: String(req.params['id']) }) })
  const done: RequestHandler = (req, res) => {
    ran.push(permitOf(req).evaluationId ?? 'none')
    res.json({ secret: 'only behind a permit' })
  }
  const each = { action: 'read', resources: () => ['w1', 'w2', 'w3'].map((id) => ({ type: 'workflow', id })) }
  const app = express()
  app.get('/livez', it.open('says only that the process runs'), (_req, res) => void res.send('ok'))
  app.use(methodOverride, it.authenticate())
  const router = Router()
  router.get('/', it.filter({ action: 'read', type: 'workflow' }), (req, res) => void res.json(foundOf(req)))
  router.route('/:id').get(workflow('read'), done).patch(workflow('update'), done)
  router.post('/:id/execute', workflow('execute'), done)
  router.post('/each', it.enforceEach(each), (req, res) => {
    res.json({ items: itemsOf(req).map((item) => disclosed(item, authzOf(req))) })
  })
  router.post('/dry-run', it.dryRun(each))
  app.use('/workflows', router)
  app.use(problems())
  it.assertGuarded(app)
  return app
}

beforeAll(async () => {
  const env = { PDP_PERSON_PER_MINUTE: '1000000', PDP_SERVICE_PER_SECOND: '100000', PDP_ADDRESS_PER_SECOND: '100000' }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  const shared = {
    issuer: tpdp.issuer.issuer,
    pdpUrl: tpdp.pdp.url,
    credentials: { clientId: 'trips', clientSecret: 'secret' },
    timeoutMs: 10_000,
  }
  pep = createPep({ ...shared, audience: 'trips' })
  server = createServer(service(pep))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const persona = { title: 'traveler', circle: 'family' }
  for (const as of [OWNER, STRANGER])
    expect((await tpdp.call('POST', '/v1/personas', { as, body: persona })).status).toBe(201)
  const admin = createPdpAdmin(shared)
  for (const id of ['w1', 'w2'])
    await admin.register({ type: 'workflow', id, owner: `user:${OWNER.sub}`, owner_persona: 'traveler/family' })
  await admin.close()
  const lasting = { aud: 'trips', lifetime: 840 }
  const [owner, stranger] = await Promise.all([OWNER, STRANGER].map((as) => tpdp.issuer.token({ ...as, ...lasting })))
  tokens = { owner: owner ?? '', stranger: stranger ?? '' }
})
afterAll(async () => {
  agent.destroy()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
  await pep?.close()
  await tpdp?.stop()
})

/** Numbers from a seed (mulberry32), so that what was found can be found again. */
function numbers(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const METHODS = ['GET', 'POST', 'PATCH', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH', 'QUERY']
const PATHS = ['/workflows/w1', '/workflows/w1/execute', '/workflows', '/workflows/each', '/workflows/dry-run']
const OTHER_PATHS = [
  '/',
  '/workflows/w9',
  '/workflows/w1/items',
  '/admin',
  '/livez',
  '/workflow/w1',
  '/*',
  '/w1/workflows',
]
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path,
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replaceAll('w1', 'w1%2Fexecute'),
  (path) => path.replaceAll('w1', '%77%31'),
  (path) => path.replaceAll('w1', 'w1%00'),
  (path) => path.replaceAll('w1', 'w1%E0%A4%A'),
  (path) => path.replaceAll('w1', 'w1;admin=true'),
  (path) => path.replaceAll('w1', 'w1#reader'),
  (path) => path.replaceAll('w1', '../workflows/w1'),
  (path) => path.replaceAll('w1', '.%2e/w1'),
  (path) => path.replaceAll('/', '%2f'),
  (path) => path.toUpperCase(),
  (path) => `http://127.0.0.1${path}`,
]
const QUERIES = [
  '',
  '',
  '',
  '?id=w1&id=w2',
  '?_method=PATCH',
  '?_method=GET&_method=DELETE',
  '?id[$ne]=x',
  '?subject=user:ada',
  '?__proto__[x]=1',
]

function draw(next: () => number): Sent {
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T
  const spelt = one(SPELLINGS)(one(next() < 0.75 ? PATHS : OTHER_PATHS))
  const who = next()
  const bearer = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`]
  const headers = [
    ...(who < 0.6 ? bearer(tokens.owner) : []),
    ...(who >= 0.6 && who < 0.8 ? bearer(tokens.stranger) : []),
    ...(who >= 0.8 && who < 0.9 ? [...bearer(tokens.stranger), ...bearer(tokens.owner)] : []),
    ...(next() < 0.9 ? ['Mandate-Persona', 'traveler/family'] : []),
    ...(next() < 0.1 ? ['X-HTTP-Method-Override', one(METHODS)] : []),
    ...(next() < 0.1
      ? one([
          ['X-Original-URL', '/livez'],
          ['X-Rewrite-URL', '/livez'],
          ['X-Forwarded-Prefix', '/livez'],
        ])
      : []),
  ]
  return { method: next() < 0.5 ? one(METHODS.slice(0, 3)) : one(METHODS), path: spelt + one(QUERIES), headers }
}

function send(sent: Sent): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  const headers = ['Host', 'trips.invalid', ...sent.headers]
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port, agent, method: sent.method, path: sent.path }
    const req = request({ ...target, headers }, (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk) => {
        body += String(chunk)
      })
      const { method, path } = sent
      const header = (name: string) => res.headers[name]?.toString()
      const requestId = header('x-request-id') ?? 'none'
      const evaluationId = header('x-evaluation-id')
      res.on('end', () => resolve({ method, path, status: res.statusCode ?? 0, requestId, evaluationId, body }))
    })
    req.setTimeout(20_000, () => req.destroy(new Error(`no end to ${sent.method} ${sent.path}`)))
    req.on('error', reject).end()
  })
}

/** Every entry of a kind, in the order of the log. */
async function entriesOf(kind: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const entries: Record<string, unknown>[] = []
  let cursor = ''
  do {
    const path = `/v1/decisions?kind=${kind}&limit=200${cursor && `&cursor=${cursor}`}`
    const page = await tpdp.call('GET', path, { as: AUDITOR })
    expect(page.status, page.text).toBe(200)
    entries.push(...page.body.entries)
    cursor = page.body.next_cursor ?? ''
  } while (cursor)
  return entries
}

test('ten thousand requests: nothing is answered below 400 without a permit in the log', {
  timeout: 300_000,
}, async () => {
  const next = numbers(seed)
  const todo = Array.from({ length: REQUESTS }, () => draw(next))
  const answers: Answer[] = []
  const worker = async () => {
    for (let sent = todo.pop(); sent; sent = todo.pop()) answers.push(await send(sent))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  expect(answers).toHaveLength(REQUESTS)
  const evaluations = await entriesOf('evaluation')
  const permits = new Set(evaluations.filter(({ decision }) => decision === true).map(({ id }) => id))
  // A search is one entry a page; what it lets through is a list of what it found, and nothing else.
  const searches = await entriesOf('search')
  const found = new Set(searches.map(({ id }) => id))
  // HEAD shows no items: it is known by the request that was asked about.
  const asked = new Set([...evaluations, ...searches].map(({ request_id }) => request_id))
  const isFounded = ({ evaluationId, requestId, method, path, body }: Answer) => {
    const isList = method === 'HEAD' ? body === '' : body.startsWith('{"ids":')
    if (evaluationId !== undefined) return permits.has(evaluationId) || (isList && found.has(evaluationId))
    if (/livez/iu.test(path) && (body === 'ok' || method === 'HEAD')) return true
    const items = parsedItems(body)
    return items ? items.every((one) => !one.decision || permits.has(one.evaluation_id)) : asked.has(requestId)
  }
  expect(answers.filter((answer) => answer.status < 400 && !isFounded(answer)).slice(0, 5), `seed ${seed}`).toEqual([])
  // Handlers ran by permits of the owner, each by one of its own.
  expect(ran.filter((id) => !permits.has(id))).toEqual([])
  expect(new Set(ran).size).toBe(ran.length)
  expect(ran.length).toBeGreaterThan(REQUESTS / 50)
  expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  const seen = new Set(answers.map(({ status }) => status))
  for (const status of [200, 400, 401, 403, 404]) expect(seen).toContain(status)
})

/** Of a batch's answer; `undefined` for any other. */
function parsedItems(
  body: string,
): readonly { readonly decision: boolean; readonly evaluation_id?: string }[] | undefined {
  try {
    return JSON.parse(body).items
  } catch {
    return undefined
  }
}
