/**
 * Every service as a target: the PDP, the services with the PEP before it, the auditor with its console, the embedded issuer, the playground.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OPERATIONS } from '@mandate/pdp'
import { startPlayground } from '@mandate/playground'
import {
  type EmbeddedIssuer,
  freePort,
  loadSecrets,
  type Service,
  spawnService,
  startEmbeddedIssuer,
} from '@mandate/stack'
import { PATHS, REALM_PATH } from '../../issuer/src/realm.ts'
import { preparePage } from '../../stack/src/page.ts'
import { serviceSettings } from '../../stack/src/settings.ts'
import { startIssuer, type TestIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { API_EXAMPLES } from '../support/api-examples.ts'
import { httpTarget, type Route } from './http-target.ts'
import type { Target } from './target.ts'

const TRAVEL = new URL('../../pdp/policies/travel/', import.meta.url).pathname
/** Rates that no fuzzer reaches: a 429 would hide what is behind it. */
const LIMITS = ['PERSON_PER_MINUTE', 'PERSON_BURST', 'SERVICE_PER_SECOND', 'ADDRESS_PER_SECOND', 'CONCURRENT']
const PREFIXES = { pdp: 'PDP_', trips: 'TRIPS_', care: 'CARE_', agent: 'AGENT_', auditor: 'AUDITOR_' } as const
/** Settings that a service does not have. */
const LACKS: Readonly<Record<string, readonly string[]>> = {
  auditor: ['PERSON_PER_MINUTE', 'PERSON_BURST', 'SERVICE_PER_SECOND'],
}
const NAMES = ['pdp', 'trips', 'care', 'agent', 'auditor'] as const
const SECRET = 'a secret of the fuzzer, long enough for its purpose'
/** Seconds. A PDP takes no older tokens. */
const LIFETIME = 890

export interface FuzzedServices {
  readonly targets: readonly Target[]
  /** Makes tokens anew, which live for a quarter of an hour. */
  refresh(): Promise<void>
  stop(): Promise<void>
}

export async function startServices(folder: string): Promise<FuzzedServices> {
  await using starting = new AsyncDisposableStack()
  const issuer = await startIssuer()
  starting.defer(() => issuer.stop())
  const ports = Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await freePort()] as const)))
  const settings = serviceSettings({
    stateDir: folder,
    ports: ports as Record<(typeof NAMES)[number], number>,
    issuer: issuer.issuer,
    openFga: undefined,
    clientSecrets: { trips: SECRET, care: SECRET, 'booking-agent': SECRET, auditor: SECRET, console: SECRET },
    logLevel: 'fatal',
  })
  preparePage()
  const realm = await startEmbeddedIssuer({
    dataDir: join(folder, 'issuer'),
    secrets: loadSecrets(folder),
    logLevel: 'fatal',
  })
  starting.defer(() => realm.stop())
  const services = new Map<string, Service>()
  for (const name of NAMES) {
    const { entry, env, url } = settings[name]
    mkdirSync(join(folder, settings[name].name), { recursive: true, mode: 0o700 })
    const limits = LIMITS.filter((limit) => !LACKS[name]?.includes(limit))
    const unlimited = Object.fromEntries(
      limits.map((limit) => [`${PREFIXES[name]}${limit}`, limit === 'CONCURRENT' ? '1000' : '60000']),
    )
    const logFile = join(folder, `${name}.log`)
    const service = await spawnService({
      name,
      entry,
      env: { ...env, ...unlimited, ...(name === 'auditor' ? auditorAt(realm) : {}) },
      readyUrl: `${url}/readyz`,
      logFile,
    })
    starting.defer(() => service.stop())
    services.set(name, service)
  }
  // The page is not what is fuzzed: a small one stands for it.
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>a page</title>')
  const playground = await startPlayground({ folder: TRAVEL, buildPage: async () => folder, limitMs: 900 })
  starting.defer(() => playground.close())
  // Of each audience: most requests have the token that their service takes.
  const tokens = new Map(AUDIENCES.map((audience) => [audience, [] as string[]]))
  const tokensFor = (audience: string): readonly string[] => tokens.get(audience) ?? []
  const words = await furnish(settings.pdp.url, issuer)
  const shared = { words, weight: 10 }
  const of = (
    name: (typeof NAMES)[number],
    routes: readonly Route[],
    weight: number,
    allowed: readonly number[] = [],
  ): Target =>
    httpTarget({
      ...shared,
      tokens: tokensFor(AUDIENCE_OF[name]),
      name,
      weight,
      url: settings[name].url,
      routes,
      allowed,
      pid: () => services.get(name)?.pid() ?? 0,
    })
  const targets = [
    of('pdp', pdpRoutes(), 30),
    of('trips', TRIPS_ROUTES, 14),
    of('care', CARE_ROUTES, 8),
    // 502: trips refused a request of the agent, which the agent tells with that status.
    of('agent', AGENT_ROUTES, 8),
    of('auditor', AUDITOR_ROUTES, 8),
    httpTarget({
      ...shared,
      tokens: tokensFor('pdp'),
      name: 'issuer',
      weight: 8,
      url: new URL(realm.issuer).origin,
      routes: ISSUER_ROUTES,
      pid: realm.pid as () => number,
    }),
    httpTarget({
      ...shared,
      tokens: tokensFor('pdp'),
      name: 'playground',
      weight: 2,
      url: new URL(playground.url).origin,
      routes: PLAYGROUND_ROUTES,
    }),
  ]
  const refresh = async (): Promise<void> => {
    for (const [audience, held] of tokens) {
      const made = await Promise.all(claimsFor(audience).map((one) => issuer.token({ ...one, lifetime: LIFETIME })))
      held.splice(0, held.length, ...made)
    }
  }
  await refresh()
  const running = starting.move()
  return { targets, refresh, stop: () => running.disposeAsync() }
}

/** People sign in to the auditor, which the issuer of the other services has no pages for. */
const auditorAt = ({ issuer, clientSecrets }: EmbeddedIssuer): Readonly<Record<string, string>> => ({
  AUDITOR_ISSUER: issuer,
  AUDITOR_CLIENT_SECRET: clientSecrets.auditor,
  AUDITOR_CONSOLE_CLIENT_SECRET: clientSecrets.console,
})

const PEOPLE = ['ada', 'ben', 'cleo', 'dan']

const AUDIENCES = ['pdp', 'trips', 'care', 'booking-agent']
const AUDIENCE_OF = { pdp: 'pdp', trips: 'trips', care: 'care', agent: 'booking-agent', auditor: 'pdp' } as const

/** Mostly callers of one service, and one of another. */
function claimsFor(aud: string): readonly TokenClaims[] {
  return [
    ...PEOPLE.map((sub) => ({ sub, azp: 'desktop', aud })),
    { sub: 'staff', azp: 'desktop', aud, roles: ['operator', 'auditor', 'persona-admin'] },
    { sub: 'service-account-trips', azp: 'trips', svc: 'trips', aud },
    { sub: 'service-account-booking-agent', azp: 'booking-agent', svc: 'booking-agent', aud },
    { sub: 'ada', azp: 'booking-agent', aud },
    { sub: 'ada', azp: 'desktop', aud: aud === 'pdp' ? 'trips' : 'pdp' },
  ]
}

/** Makes people, personas, a trip and a grant. @returns Texts that mean something to the services. */
async function furnish(url: string, issuer: TestIssuer): Promise<readonly string[]> {
  const call = async (
    method: string,
    path: string,
    as: TokenClaims,
    body: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const authorization = `Bearer ${await issuer.token(as)}`
    const headers = { authorization, 'content-type': 'application/json' }
    const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
    if (response.status >= 300) throw new Error(`set-up failed: ${response.status} ${await response.text()}`)
    return (await response.json()) as Readonly<Record<string, unknown>>
  }
  const trips = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
  const ids: string[] = []
  for (const sub of PEOPLE) {
    const persona = await call('POST', '/v1/personas', { sub, azp: 'desktop' }, { title: 'traveler', circle: 'family' })
    ids.push(String(persona['id']))
  }
  const trip = randomUUID()
  await call('PUT', `/v1/resources/workflow/${trip}`, trips, { owner: 'user:ada', owner_persona: 'traveler/family' })
  await call('PUT', `/v1/resources/workflow_item/${trip}-hotel`, trips, { parent: `workflow:${trip}` })
  const ada = { sub: 'ada', azp: 'desktop' }
  const given = {
    delegate: 'user:ben',
    delegator_persona: 'traveler/family',
    actions: ['read'],
    scope: `workflow:${trip}`,
  }
  const grant = await call('POST', '/v1/grants', ada, given)
  return [
    ...PEOPLE.flatMap((sub) => [sub, `user:${sub}`]),
    ...ids,
    ...[trip, `${trip}-hotel`, `workflow:${trip}`, String(grant['id']), 'booking-agent', 'agent:booking-agent'],
    ...[
      'traveler/family',
      'traveler',
      'family',
      'workflow',
      'workflow_item',
      'user',
      'agent',
      'read',
      'execute',
      'all:travel',
    ],
    ...[
      'milan',
      'active',
      'revoked',
      'grant',
      'subject',
      'resource',
      'action',
      'properties',
      'id',
      'type',
      'name',
      'me',
    ],
  ]
}

function pdpRoutes(): readonly Route[] {
  const described = OPERATIONS.map(({ id, method, path, body }) => {
    const route = {
      method: method.toUpperCase(),
      path: path.replaceAll(
        /\{(?<name>\w+)\}/gu,
        (_all, name: string) => `:${name.toLowerCase().replaceAll(/[^a-z]/gu, 'x')}`,
      ),
    }
    const example = API_EXAMPLES[id]?.request
    if (body?.form) return { ...route, form: { logout_token: 'a.b.c' } }
    return example === undefined ? route : { ...route, body: example }
  })
  return [
    ...described,
    ...['/livez', '/readyz', '/metrics', '/openapi.json', '/nowhere'].map((path) => ({ method: 'GET', path })),
  ]
}

const get = (...paths: readonly string[]): readonly Route[] => paths.map((path) => ({ method: 'GET', path }))
const post = (path: string, body?: unknown): Route => ({
  method: 'POST',
  path,
  ...(body === undefined ? {} : { body }),
})

const TRIPS_ROUTES: readonly Route[] = [
  ...get(
    '/templates',
    '/workflows',
    '/labels',
    '/workflows/:id',
    '/workflows/:id/items/:item',
    '/livez',
    '/readyz',
    '/nowhere',
  ),
  post('/workflows', { template: 'milan', starts_at: '2027-06-01T10:00:00Z' }),
  post('/workflows/:id/dry-run'),
  post('/workflows/:id/execute'),
  post('/workflows/:id/transfer', { owner: 'ben', owner_persona: 'traveler/family' }),
  post('/workflows/:id/items/:item/execute'),
  { method: 'PATCH', path: '/workflows/:id/items/:item', body: { starts_at: '2027-06-01T10:00:00Z' } },
]
const CARE_ROUTES: readonly Route[] = [
  ...get('/plans', '/labels', '/plans/:id', '/livez', '/nowhere'),
  post('/plans', { title: 'a plan' }),
  post('/plans/:id/dry-run'),
  post('/plans/:id/execute'),
  post('/plans/:id/tasks/:item/execute'),
]
const AGENT_ROUTES: readonly Route[] = [
  ...get(
    '/runs',
    '/runs/:id',
    '/runs/:id/events',
    '/mcp/workflows/:id',
    '/.well-known/oauth-protected-resource',
    '/livez',
  ),
  post('/runs', { workflow: 'a trip' }),
  post('/runs/:id/resume'),
  post('/mcp/workflows/:id', {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'read_trip', arguments: {} },
  }),
]
const AUDITOR_ROUTES: readonly Route[] = [
  ...get(
    '/',
    '/decisions/:id',
    '/logged-out',
    '/sign-in',
    '/callback',
    '/console',
    '/console/sign-in',
    '/console/callback',
    '/icon.svg',
  ),
  ...[
    'domains',
    'decisions',
    'export',
    'stream',
    'decisions/:id',
    'decisions/:id/proof',
    'decisions/:id/replay',
    'session',
    'overview',
    'logs',
  ].map((path) => ({ method: 'GET', path: `/api/${path}` })),
  ...[
    'agents',
    'personas',
    'keys',
    'policies',
    'policies/texts',
    'policies/comparison',
    'holds',
    'lookups',
    'session',
    'health',
  ].map((path) => ({
    method: 'GET',
    path: `/console/api/${path}`,
  })),
  post('/sign-out'),
  post('/console/api/agents', { id: 'an-agent' }),
  post('/console/api/keys', { name: 'a key', types: ['workflow'] }),
  post('/console/api/policies/activate', { version: 'x' }),
  { method: 'PATCH', path: '/console/api/personas/:id', body: { status: 'active' } },
]
const CLIENT = { client_id: 'trips', client_secret: 'wrong' }
const ISSUER_ROUTES: readonly Route[] = [
  ...Object.values(PATHS).flatMap((path) => [
    { method: 'GET', path: `${REALM_PATH}${path}` },
    {
      method: 'POST',
      path: `${REALM_PATH}${path}`,
      form: { ...CLIENT, grant_type: 'client_credentials', scope: 'openid pdp', token: 'x' },
    },
  ]),
  ...get(`${REALM_PATH}/.well-known/openid-configuration`, '/livez', '/readyz', '/nowhere'),
  { method: 'POST', path: `${REALM_PATH}/sign-in/:id/password`, form: { username: 'ada', password: 'wrong' } },
  { method: 'POST', path: `${REALM_PATH}/sign-in/:id/code`, form: { code: '000000' } },
]
const PLAYGROUND_ROUTES: readonly Route[] = [
  ...get('/playground', '/playground/api/pack', '/playground/index.html', '/nowhere'),
  ...['check', 'case', 'ask'].map((name) =>
    post(`/playground/api/${name}`, { texts: { model: 'model', manifest: 'name: x', cases: '', facts: '' } }),
  ),
]
