/**
 * A listener that no client can hold on to: TLS where it is given a certificate, bounded waits for slow clients, and an end that lets
 * requests under way finish.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { requestTimeouts } from '@mandate/protocol'
import type { Express } from 'express'

/** PEM: the certificate with its chain, and its private key. */
export interface Tls {
  readonly cert: string
  readonly key: string
  /** mTLS: only who shows a certificate of this authority is let in. */
  readonly clientCa?: string | undefined
}

export interface ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Without it the listener speaks plain HTTP. */
  readonly tls?: Tls | undefined
  /** From the first byte of a connection, or of the next request on it, to the end of the headers, in milliseconds. @default 10000 */
  readonly headersWithinMs?: number
  /** To the end of the body. @default 30000 */
  readonly requestWithinMs?: number
}

export interface Listener {
  /** With the port that was really taken. */
  readonly url: string
  /** Stops listening, lets requests under way finish for up to ten seconds, then drops them. */
  readonly close: () => Promise<void>
}

const GRACE_MS = 10_000
/** How often connections are looked for that have become idle, in milliseconds. */
const IDLE_EVERY_MS = 50
const KEEP_ALIVE_MS = 15_000
const MAX_HEADER_BYTES = 16_384
const MAX_CONNECTIONS = 4_096

/** @throws the system's error when the port cannot be taken. */
export async function serve(app: Express, options: ListenerOptions): Promise<Listener> {
  const { host, port, tls } = options
  const server = createListener(app, options)
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  const taken = address !== null && typeof address === 'object' ? address.port : port
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${taken}`
  return { url, close: () => closeGracefully(server) }
}

function createListener(
  app: Express,
  { tls, headersWithinMs = 10_000, requestWithinMs = 30_000 }: ListenerOptions,
): Server {
  const bounds = {
    ...requestTimeouts({ headersWithinMs, requestWithinMs }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  if (!tls) return createServer(bounds, app)
  const { cert, key, clientCa } = tls
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }
  const options = {
    ...bounds,
    cert,
    key,
    ...clients,
    minVersion: 'TLSv1.2',
    handshakeTimeout: headersWithinMs,
  } as const
  return createTlsServer(options, app)
}

/** What is in flight is answered; a client that keeps asking over its open connection is told to end it with the next answer. */
async function closeGracefully(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS)
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS)
  server.prependListener('request', (_req, res) => res.setHeader('connection', 'close'))
  await new Promise((resolve) => server.close(resolve))
  clearInterval(idle)
  clearTimeout(timer)
}

/** What is wrong with a certificate and its key, in words for a configuration's reader; nothing of either is in them. */
export function tlsObjection({
  cert,
  key,
}: { readonly [Name in 'cert' | 'key']: string | undefined }): string | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    return 'the TLS certificate and its key go together: give both or neither'
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
    return undefined
  } catch {
    return 'the TLS certificate and its key are not PEM, or do not belong together'
  }
}
