/**
 * The app in a normal browser: the same core, the same page, the same channel, on 127.0.0.1. For development and tests; it is in no package, since any
 * program of the same person can read what a browser holds.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { requestTimeouts } from '@mandate/protocol'
import type { Core, Host } from '../main/host.ts'
import { answerCall, forwardEvents } from '../shell/channel.ts'
import { type PageFiles, pageHeaders, readPage } from '../shell/page.ts'
import { createDownloads, type Downloads } from './downloads.ts'
import { createEntrance, type Entrance } from './entrance.ts'
import { createPages, type Pages } from './pages.ts'

export interface BrowserHostOptions {
  /** The built page. */
  readonly pageDir: string
  /** For the core's files and for downloads on their way. */
  readonly dataDir: string
  readonly createCore: (host: Host) => Core | Promise<Core>
  /** Of the allow-list. */
  readonly mayOpen: (url: URL) => boolean
}

export interface BrowserHost {
  readonly origin: string
  /** An address that lets one browser in, once. */
  readonly link: () => string
  /** Ends the core too. */
  readonly close: () => Promise<void>
}

/** One file at a time is more than anybody saves; the largest call is far smaller. */
const MAX_BODY_BYTES = 262_144

interface Parts {
  readonly files: PageFiles
  readonly entrance: Entrance
  readonly pages: Pages
  readonly downloads: Downloads
  readonly core: Core
  /** What the call that runs now has chosen to write. */
  readonly chosen: AsyncLocalStorage<string[]>
}

/** @throws Error when there is no built page, or no port. */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const { pageDir, dataDir, createCore } = options
  const files = readPage(pageDir)
  const pages = createPages()
  const downloads = createDownloads(join(dataDir, 'downloads'))
  const chosen = new AsyncLocalStorage<string[]>()
  const core = await createCore(hostOf(options, pages, downloads, chosen))
  const stopListening = forwardEvents(core, pages.toAll)
  const server = createServer(requestTimeouts())
  const origin = await listen(server)
  const entrance = createEntrance(origin)
  const parts: Parts = { files, entrance, pages, downloads, core, chosen }
  server.on('request', (req, res) => {
    answer(parts, req, res).catch(() => (res.headersSent ? res.destroy() : refuse(res, 500, 'Something went wrong.')))
  })
  const close = async (): Promise<void> => {
    stopListening()
    pages.close()
    await new Promise<void>((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
    await core.close()
    downloads.close()
  }
  return { origin, link: () => origin + entrance.link(), close }
}

function hostOf(
  { dataDir, mayOpen }: BrowserHostOptions,
  pages: Pages,
  downloads: Downloads,
  chosen: AsyncLocalStorage<string[]>,
): Host {
  return {
    kind: 'browser',
    dataDir,
    keystore: undefined,
    openExternal: async (url) => {
      if (!mayOpen(url)) throw new Error('this address is not opened')
      if (!pages.toCaller({ host: 'open', url: url.href })) throw new Error('no page is open')
    },
    chooseFile: async (suggestedName) => {
      const file = downloads.choose(suggestedName)
      chosen.getStore()?.push(file)
      return file
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the listener has no port')
  return `http://127.0.0.1:${address.port}`
}

async function answer(parts: Parts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { entrance, files, pages, downloads } = parts
  for (const [name, value] of Object.entries(pageHeaders('own-host'))) res.setHeader(name, value)
  if (!entrance.admits(req)) return refuse(res, 403, 'Asked by another page.')
  const asked = req.url?.startsWith('/') ? URL.parse(`http://127.0.0.1${req.url}`) : null
  if (asked === null) return refuse(res, 400, 'No address of this host.')
  const { pathname, searchParams } = asked
  const cookie = req.method === 'GET' ? entrance.enter(pathname) : undefined
  if (cookie !== undefined) return void res.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
  if (!entrance.knows(req))
    return refuse(res, 403, 'This address needs the link that the terminal shows, and each link works once.')
  if (req.method === 'POST')
    return pathname === '/call' ? await call(parts, req, res) : refuse(res, 404, 'Nothing here.')
  if (pathname === '/events') return pages.connect(searchParams.get('page') ?? '', res)
  const file = files.get(pathname)
  if (file) return void res.writeHead(200, { 'content-type': file.type }).end(file.bytes)
  const download = downloads.take(pathname)
  if (!download) return refuse(res, 404, 'Nothing here.')
  const disposition = `attachment; filename="${download.name}"`
  res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': disposition })
  res.end(download.bytes)
}

async function call(parts: Parts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { core, pages, downloads, chosen } = parts
  if (req.headers['content-type'] !== 'application/json') return refuse(res, 415, 'JSON only.')
  const body = await bodyOf(req)
  if (body === undefined) return refuse(res, 413, 'Too much.')
  const page = String(req.headers['x-mandate-page'] ?? '')
  const mine: string[] = []
  const told = await pages.calling(page, () => chosen.run(mine, () => answerCall(core, parsed(body))))
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told))
  pages.calling(page, () => {
    for (const address of downloads.writtenBy(mine)) pages.toCaller({ host: 'download', address })
  })
}

async function bodyOf(req: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_BODY_BYTES) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What is no JSON is no call. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function refuse(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${text}\n`)
}
