/**
 * A core over a fake issuer and one small server that stands for every service, with a keystore that really seals.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type CoreOptions, createCore } from './core.ts'
import type { Core, Host, Keystore } from './host.ts'
import { type FakeIssuer, startFakeIssuer } from './issuer.fixture.ts'

/** No look but the first, in milliseconds. */
const NEVER_MS = 600_000

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export interface FakeServices {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Answers the request, or leaves it to the next. Newest first. */
  readonly on: (path: string, answer: (req: IncomingMessage, res: ServerResponse) => void) => void
  readonly stop: () => Promise<void>
}

/** Requests without a handler get an empty list. */
export async function startFakeServices(): Promise<FakeServices> {
  const asked: Asked[] = []
  const routes = new Map<string, (req: IncomingMessage, res: ServerResponse) => void>()
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://any')
    asked.push({ method: req.method ?? '', path: pathname, headers: req.headers })
    const route = routes.get(pathname)
    if (route) return route(req, res)
    // A tail that says nothing.
    if (pathname === '/v1/decisions/stream') return void res.writeHead(200).write(': here\n\n')
    return answerJson(res, 200, { items: [] })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the services have no port')
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(stop)
  return { url: `http://127.0.0.1:${address.port}`, asked, on: (path, answer) => void routes.set(path, answer), stop }
}

export function answerJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  res.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(body))
}

/** AES-256-GCM under a key of its own. */
export function fakeKeystore(): Keystore {
  const key = randomBytes(32)
  return {
    isSafe: async () => true,
    seal: async (text) => {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open: async (sealed) => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(-16))
      return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-core-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface World {
  readonly issuer: FakeIssuer
  readonly services: FakeServices
  readonly host: Host
  readonly options: CoreOptions
  /** Another start of the app, on the same folder. */
  readonly start: (more?: Partial<CoreOptions>) => Core
  readonly core: Core
  readonly events: readonly (readonly [string, unknown])[]
}

/** A core without a session. Polls once at sign-in and not periodically. */
export async function aWorld(host: Partial<Host> = {}): Promise<World> {
  const issuer = await startFakeIssuer()
  onTestFinished(issuer.stop)
  const services = await startFakeServices()
  const { url } = services
  const whole: Host = {
    kind: 'browser',
    dataDir: temporaryFolder(),
    keystore: fakeKeystore(),
    openExternal: issuer.browser,
    chooseFile: async () => undefined,
    ...host,
  }
  const options: CoreOptions = {
    config: {
      issuer: issuer.issuer,
      clientId: 'desktop',
      services: { pdp: url, trips: url },
      agents: [{ id: 'agent', title: 'Agent', url }],
      people: [],
      logKeys: [],
    },
    host: whole,
    timings: { pollMs: NEVER_MS, retryMs: NEVER_MS, callMs: 20_000 },
  }
  const start = (more: Partial<CoreOptions> = {}): Core => {
    const core = createCore({ ...options, ...more })
    onTestFinished(() => core.close())
    return core
  }
  const core = start()
  const events: (readonly [string, unknown])[] = []
  core.listen((name, event) => events.push([name, event]))
  return { issuer, services, host: whole, options, start, core, events }
}

export const PERSONA = {
  id: 'p1',
  holder: 'user:alice-sub',
  title: 'traveler',
  circle: 'family',
  domain: 'travel',
  status: 'active',
  valid_from: '2020-01-01T00:00:00Z',
  valid_till: '2100-01-01T00:00:00Z',
  created_at: '2020-01-01T00:00:00Z',
}

/** A signed-in core of a person with a persona, with helpers for tests. */
export async function aSignedInWorld() {
  const world = await aWorld()
  world.services.on('/v1/personas', (_req, res) => answerJson(res, 200, { items: [PERSONA] }))
  await world.core.call('session.signIn', undefined)
  return {
    ...world,
    call: (name: string, input?: unknown) => world.core.call(name, input),
    asked: (path: string) => world.services.asked.filter((one) => one.path === path),
    /** The next start of the app: two at once would use each other’s refresh tokens up. */
    restart: async (timings: object = {}) => {
      await world.core.close()
      return world.start({ timings: { pollMs: NEVER_MS, ...timings } })
    },
  }
}
