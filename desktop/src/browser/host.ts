/**
 * Development host: runs the same core, page and channel in a normal browser, on 127.0.0.1. For development and tests only; not packaged, since other
 * programs of the user can read a browser's data.
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
import { type Access, createAccess } from './access.ts'
import { createDownloads, type Downloads } from './downloads.ts'
import { createPages, type Pages } from './pages.ts'

/** What the development host serves, and how it makes the core. It binds to loopback only. */
export interface BrowserHostOptions {
  /** The built page. */
  readonly pageDir: string
  /** Folder for the core's files and for pending downloads. */
  readonly dataDir: string
  readonly createCore: (host: Host) => Core | Promise<Core>
  /** Whether an address is on the allow-list. */
  readonly mayOpen: (url: URL) => boolean
}

/** The running development host. Every request needs the cookie that a link of {@link BrowserHost.link} sets. */
export interface BrowserHost {
  readonly origin: string
  /** Makes an address that admits one browser, once. */
  readonly link: () => string
  /** Stops the host and closes the core. */
  readonly close: () => Promise<void>
}

/** The largest call is far smaller. */
const MAX_BODY_BYTES = 262_144

interface HostParts {
  readonly files: PageFiles
  readonly access: Access
  readonly pages: Pages
  readonly downloads: Downloads
  readonly core: Core
  /** Files that the running call writes. */
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
  const access = createAccess(origin)
  const parts: HostParts = { files, access, pages, downloads, core, chosen }
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
  return { origin, link: () => origin + access.link(), close }
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

async function answer(parts: HostParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { access, files, pages, downloads } = parts
  for (const [name, value] of Object.entries(pageHeaders('own-host'))) res.setHeader(name, value)
  if (!access.admits(req)) return refuse(res, 403, 'The request comes from another page.')
  const asked = req.url?.startsWith('/') ? URL.parse(`http://127.0.0.1${req.url}`) : null
  if (asked === null) return refuse(res, 400, 'This host has no such address.')
  const { pathname, searchParams } = asked
  const cookie = req.method === 'GET' ? access.redeemLink(pathname) : undefined
  if (cookie !== undefined) return void res.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
  if (!access.knows(req))
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

async function call(parts: HostParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { core, pages, downloads, chosen } = parts
  if (req.headers['content-type'] !== 'application/json') return refuse(res, 415, 'JSON only.')
  const body = await bodyOf(req)
  if (body === undefined) return refuse(res, 413, 'The request is too large.')
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
