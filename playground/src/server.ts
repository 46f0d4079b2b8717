/**
 * HTTP server of the playground: its page, and plays of the pack that the page sends. Listens on loopback only, without a sign-in: it accepts requests
 * to its own address (against DNS rebinding) and, for plays, from its own page only. Never writes a file of the pack.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readPackSources, readTexts } from '@mandate/cases'
import { isLoopback } from '@mandate/protocol'
import { ConfigError, type Listener, securityHeaderList, serve } from '@mandate/service'
import { z } from 'zod'
import { askRequestSchema, caseRequestSchema, checkRequestSchema, type DiskPack, type Texts } from './api.ts'
import { createPlayEngine, type Play, type PlayEngine, PlayError } from './engine.ts'
import { type PageFiles, readPageFiles } from './page-files.ts'
import { failedPage, RELOAD, RELOAD_SCRIPT, waitingPage } from './waiting.ts'

/** Options of {@link startPlayground}. */
export interface PlaygroundOptions {
  /** The pack's folder, read again at each reset. */
  readonly folder: string
  /** Resolves to the folder of the built page; called when a browser first asks for it, and again after a failure. */
  readonly buildPage: () => Promise<string>
  /** @default a free port */
  readonly port?: number
  /** Address to listen on; one that is not loopback is refused. @default 127.0.0.1 */
  readonly host?: string
  /** Milliseconds that one play may take. @default 30000 */
  readonly limitMs?: number
}

/** A running playground. */
export interface Playground {
  /** Address of the page. */
  readonly url: string
  close(): Promise<void>
}

const PAGE = '/playground'
const API = `${PAGE}/api/`
/** How long a browser waits for the page to be built before it is told, in milliseconds. */
const BUILD_PATIENCE_MS = 1_000
/** A request has four texts of at most 200,000 characters. */
const MAX_BODY_BYTES = 2 * 2 ** 20

const HEADERS = securityHeaderList({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    fontSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  hsts: false,
})

const PLAYS = {
  check: checkRequestSchema.transform((body) => ({ kind: 'check', ...body }) as const),
  case: caseRequestSchema.transform((body) => ({ kind: 'case', ...body }) as const),
  ask: askRequestSchema.transform((body) => ({ kind: 'ask', ...body }) as const),
} satisfies Record<string, z.ZodType<Play>>

/**
 * Starts the playground.
 *
 * @throws ConfigError for an address that is not loopback; PolicyError when the pack cannot be read.
 */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { folder, host = '127.0.0.1', port = 0, limitMs } = options
  if (!isLoopback(host))
    throw new ConfigError([`the playground has no sign-in and listens on loopback only, not on ${host}`])
  const { core, packs } = await readPackSources(folder)
  const frame = { core, name: packs[0]?.name ?? '' }
  const engine = createPlayEngine({ frame, ...(limitMs === undefined ? {} : { limitMs }) })
  const handler = new Handler(options, engine)
  const listener = await serve((req, res) => void handler.answer(req, res), { host, port })
  handler.own = ownHosts(listener)
  return {
    url: `${listener.url}${PAGE}`,
    close: async () => {
      await engine.close()
      await listener.close()
    },
  }
}

/** Values of `Host` that mean this listener. */
function ownHosts({ url }: Listener): ReadonlySet<string> {
  const { host, port } = new URL(url)
  return new Set([host, `localhost:${port}`])
}

/** A request that is not answered with a result. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

class Handler {
  own: ReadonlySet<string> = new Set()
  readonly #options: PlaygroundOptions
  readonly #engine: PlayEngine
  #page: Promise<PageFiles> | undefined

  constructor(options: PlaygroundOptions, engine: PlayEngine) {
    this.#options = options
    this.#engine = engine
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for (let at = 0; at < HEADERS.length; at += 2) res.setHeader(HEADERS[at] ?? '', HEADERS[at + 1] ?? '')
    res.setHeader('cache-control', 'no-store')
    try {
      await this.#route(req, res)
    } catch (error) {
      if (res.headersSent) return void res.destroy()
      const status = error instanceof Refusal ? error.status : error instanceof PlayError ? 422 : 500
      // allowed: disclosure: listens on loopback only, and its reader is the developer who started it.
      sendJson(res, status, { message: error instanceof Error ? error.message : String(error) })
    }
  }

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method, headers } = req
    if (!this.own.has(headers.host ?? '')) throw new Refusal(421, 'this host has another name')
    const path = URL.parse(req.url ?? '', 'http://127.0.0.1')?.pathname ?? ''
    if (path.startsWith(API)) return this.#api(path.slice(API.length), req, res)
    if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'GET only')
    if (path === '/') return void res.writeHead(302, { location: PAGE }).end()
    // Asked for by pages without an icon of their own: those of a build under way.
    if (path === '/favicon.ico') return void res.writeHead(204).end()
    if (path === PAGE + RELOAD_SCRIPT) return void res.writeHead(200, { 'content-type': 'text/javascript' }).end(RELOAD)
    if (path === PAGE || path === `${PAGE}/`) return this.#openPage(res)
    const file = (await this.#files()).get(path)
    if (!file) throw new Refusal(404, 'nothing is at this address')
    res.writeHead(200, { 'content-type': file.type }).end(file.bytes)
  }

  /** Answers with the page; with one that says so while it is built, or could not be built. */
  async #openPage(res: ServerResponse): Promise<void> {
    const patience = setTimeout(() => send(200, waitingPage(PAGE)), BUILD_PATIENCE_MS)
    const send = (status: number, html: string | Uint8Array): void => {
      if (!res.headersSent) res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html)
    }
    try {
      const page = (await this.#files()).get(PAGE)
      send(page ? 200 : 500, page?.bytes ?? failedPage('The build has no index.html.'))
    } catch (error) {
      // allowed: disclosure: as in answer: the developer reads why the build of the page failed.
      send(500, failedPage(error instanceof Error ? error.message : String(error)))
    } finally {
      clearTimeout(patience)
    }
  }

  async #api(name: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method, headers } = req
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin') throw new Refusal(403, 'the request comes from another page')
    if (name === 'pack' && method === 'GET') return sendJson(res, 200, await readDiskPack(this.#options.folder))
    if (!Object.hasOwn(PLAYS, name)) throw new Refusal(404, 'nothing is at this address')
    if (method !== 'POST') throw new Refusal(405, 'POST only')
    if (!this.#isOwnOrigin(headers.origin)) throw new Refusal(403, 'the request comes from another page')
    if (headers['content-type'] !== 'application/json') throw new Refusal(415, 'JSON only')
    const play = PLAYS[name as keyof typeof PLAYS].safeParse(await bodyOf(req))
    if (!play.success) throw new Refusal(400, z.prettifyError(play.error))
    sendJson(res, 200, await this.#engine.run(play.data))
  }

  #isOwnOrigin(origin: string | undefined): boolean {
    return [...this.own].some((host) => origin === `http://${host}`)
  }

  /** Builds the page once; a failure is told and the build tried again by the next request. */
  #files(): Promise<PageFiles> {
    this.#page ??= this.#options
      .buildPage()
      .then((folder) => readPageFiles(folder, PAGE))
      .catch((error: unknown) => {
        this.#page = undefined
        throw error
      })
    return this.#page
  }
}

/** The pack's files as they are now. */
async function readDiskPack(folder: string): Promise<DiskPack> {
  const { packs } = await readPackSources(folder)
  const { cases = '', facts = '' } = await readTexts(folder)
  const [pack] = packs
  const texts: Texts = {
    'model.fga': pack?.model ?? '',
    'manifest.yaml': pack?.manifest ?? '',
    'cases.yaml': cases,
    'facts.yaml': facts,
  }
  return { name: pack?.name ?? '', texts }
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_BODY_BYTES) throw new Refusal(413, 'the request is too large')
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
