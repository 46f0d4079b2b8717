/**
 * HTTP listener: TLS, client certificates, bounded waits for slow clients, bounded connections, and a graceful stop.
 *
 * @module
 */
import { once as nextEvent } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type SecureContextOptions, Server as TlsServer } from 'node:tls'
import { requestTimeouts } from '@mandate/protocol'
import { once } from './once.ts'
import { closeStalledReaders, UnfinishedResponses } from './unfinished-responses.ts'

/** Certificate and private key of a listener, PEM. */
export interface Tls {
  /** With its chain. */
  readonly cert: string
  readonly key: string
  /** mTLS: the authority whose client certificates are accepted. Without it no client certificate is asked for. */
  readonly clientCa?: string | undefined
}

/** What one client may take of a listener: times in milliseconds. */
export interface ListenerBounds {
  /** From the first byte of a connection, or of the next request on it, to the end of the headers; likewise for the TLS handshake. @default 10000 */
  readonly headersWithinMs?: number
  /** From the first byte of a request to the end of its body. @default 30000 */
  readonly requestWithinMs?: number
  /** How long a connection without a request stays open after a response. @default 15000 */
  readonly keepAliveMs?: number
  /** How long a response waits for a client that reads nothing of it. @default 60000 */
  readonly stalledReaderMs?: number
  /** Request line and headers together, in bytes; above it the answer is 431. @default 16384 */
  readonly maxHeaderBytes?: number
  /** Connections at the same time; one more is closed unanswered. @default 4096 */
  readonly maxConnections?: number
  /** How long `close` waits for responses under way before it drops them. @default 10000 */
  readonly stopWithinMs?: number
}

/** Where a listener listens, by which protocol, and within which bounds. */
export interface ListenerOptions extends ListenerBounds {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** `true`: a worker of a cluster has the port for itself, instead of sharing it with the other workers. @default false */
  readonly exclusive?: boolean
  /** Without it the listener speaks plain HTTP. */
  readonly tls?: Tls | undefined
}

/** A listener that accepts requests. */
export interface Listener {
  /** Base URL, with the port that was really taken. */
  readonly url: string
  /**
   * Stops listening, lets requests under way finish for up to `stopWithinMs`, then drops them. Never rejects; later calls return the same promise.
   * Streams that never end by themselves are ended by their owner first.
   */
  readonly close: () => Promise<void>
}

/** A {@link Listener} that can ask its clients to leave before it closes, and get another certificate. */
export interface DrainableListener extends Listener {
  /**
   * Goes on accepting and answering, and from now on has every client close its connection after the response. A client that connects again through a
   * load balancer then reaches another server.
   */
  readonly drain: () => void
  /**
   * Has new connections use another certificate, key and client authority; open connections go on with theirs. Whether client certificates are asked for
   * stays as it was at the start.
   *
   * @throws the error of OpenSSL when the certificate and key cannot be used, which changes nothing; TypeError for a listener of plain HTTP.
   */
  readonly replaceTls: (tls: Tls) => void
}

const DEFAULT_BOUNDS = {
  headersWithinMs: 10_000,
  requestWithinMs: 30_000,
  keepAliveMs: 15_000,
  stalledReaderMs: 60_000,
  maxHeaderBytes: 16_384,
  maxConnections: 4_096,
  stopWithinMs: 10_000,
} as const satisfies Required<ListenerBounds>

/** Node closes an idle connection this much later than it tells the client, in milliseconds. */
const KEEP_ALIVE_BUFFER_MS = 1_000

/**
 * Starts an HTTP listener for an Express app or any other request listener. A client that ends its half of the connection counts as gone, as
 * Node has it: its request is aborted and the connection closed.
 *
 * @throws the system's error when the address cannot be taken, or the certificate and key cannot be used.
 */
export async function serve(app: RequestListener, options: ListenerOptions): Promise<DrainableListener> {
  const { host, port, tls, exclusive = false } = options
  const bounds = { ...DEFAULT_BOUNDS, ...withoutUndefined(options) }
  const server = createListener(app, bounds, tls)
  server.maxConnections = bounds.maxConnections
  const unfinished = new UnfinishedResponses(server)
  closeStalledReaders(server, unfinished, bounds.stalledReaderMs)
  server.listen({ port, host, exclusive })
  await nextEvent(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  let isDraining = false
  const drain = (): void => {
    if (!isDraining) endConnections(server, unfinished)
    isDraining = true
  }
  return {
    url: `${tls ? 'https' : 'http'}://${hostInUrl(host)}:${taken}`,
    drain,
    replaceTls: (next) => {
      if (!(server instanceof TlsServer)) throw new TypeError('the listener speaks plain HTTP')
      server.setSecureContext(contextOf(next))
    },
    close: once(() => {
      drain()
      return stop(server, unfinished, bounds.stopWithinMs)
    }),
  }
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** An option that is passed on as `undefined` means its default. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function createListener(app: RequestListener, bounds: Required<ListenerBounds>, tls: Tls | undefined): Server {
  const options: ServerOptions = {
    ...requestTimeouts(bounds),
    keepAliveTimeout: bounds.keepAliveMs,
    keepAliveTimeoutBuffer: Math.min(KEEP_ALIVE_BUFFER_MS, bounds.keepAliveMs),
    maxHeaderSize: bounds.maxHeaderBytes,
  }
  if (!tls) return createServer(options, app)
  const clients = tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }
  const handshakeTimeout = bounds.headersWithinMs
  return createTlsServer({ ...options, ...contextOf(tls), ...clients, handshakeTimeout }, app)
}

/** What a handshake needs. */
const contextOf = ({ cert, key, clientCa }: Tls): SecureContextOptions => ({
  cert,
  key,
  ...(clientCa === undefined ? {} : { ca: clientCa }),
  minVersion: 'TLSv1.2',
})

/** Answers requests under way, and those that arrive later, with `Connection: close`. */
function endConnections(server: Server, unfinished: UnfinishedResponses): void {
  for (const res of unfinished) if (!res.headersSent) res.setHeader('connection', 'close')
  server.prependListener('request', (_req, res) => res.setHeader('connection', 'close'))
}

/** Once no response is under way all connections are closed: Node does not count a connection as idle that never sent a request. */
async function stop(server: Server, unfinished: UnfinishedResponses, withinMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  const closeUnused = (): void => {
    if (unfinished.size === 0) server.closeAllConnections()
    else server.closeIdleConnections()
  }
  // After the turn in which Node itself ends the connection of a finished response.
  unfinished.onFinished(() => setImmediate(closeUnused))
  closeUnused()
  const force = setTimeout(() => server.closeAllConnections(), withinMs)
  await closed
  clearTimeout(force)
}
