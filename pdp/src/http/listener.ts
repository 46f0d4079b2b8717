/**
 * The listener: TLS or not, slow clients cut off, nobody cut off in the middle.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type RequestTimeouts, requestTimeouts } from '@mandate/protocol'
import type { Config } from '../config.ts'

type ListenOptions = Pick<
  Config,
  'PDP_HOST' | 'PDP_PORT' | 'PDP_TLS_CERT_FILE' | 'PDP_TLS_KEY_FILE' | 'PDP_TLS_CLIENT_CA_FILE'
>

/** Slow clients are cut off: the TLS handshake and the headers within 10 s each, a request within 15 s. */
const REQUEST_TIMEOUTS: RequestTimeouts = { headersWithinMs: 10_000, requestWithinMs: 15_000 }

export function listen(config: ListenOptions, app: RequestListener, patience = REQUEST_TIMEOUTS): Promise<Server> {
  const timeouts = { ...requestTimeouts(patience), keepAliveTimeout: 65_000, maxHeaderSize: 16_384 }
  const tls = tlsOf(config, patience)
  const server = tls ? createTlsServer({ ...timeouts, ...tls }, app) : createHttpServer(timeouts, app)
  countRequests(server)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.PDP_PORT, config.PDP_HOST, () => resolve(server))
  })
}

function tlsOf(
  { PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key, PDP_TLS_CLIENT_CA_FILE: ca }: ListenOptions,
  { headersWithinMs: handshakeTimeout }: RequestTimeouts,
) {
  if (!(cert && key)) return undefined
  const clients = ca === undefined ? {} : { ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true }
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...clients,
    minVersion: 'TLSv1.2',
    handshakeTimeout,
  } as const
}

export function addressOf(config: ListenOptions, server: Server): string {
  const { port } = server.address() as AddressInfo
  const host = config.PDP_HOST.includes(':') ? `[${config.PDP_HOST}]` : config.PDP_HOST
  return `${config.PDP_TLS_CERT_FILE ? 'https' : 'http'}://${host}:${port}`
}

/** How often connections are looked for that have become idle, in milliseconds. */
const IDLE_EVERY = 50

/** How many requests each server is answering. */
const underWay = new WeakMap<Server, number>()

function countRequests(server: Server): void {
  const count = (by: 1 | -1): void => void underWay.set(server, (underWay.get(server) ?? 0) + by)
  server.on('request', (_req, res) => {
    count(1)
    res.once('close', () => count(-1))
  })
}

/**
 * What is in flight is answered; a client that keeps asking over its open connection is told to end it with the next answer. When nothing is,
 * connections are cut: Node does not count one as idle that never sent a request.
 */
export function stopServer(server: Server): Promise<void> {
  server.prependListener('request', (_req, res) => res.setHeader('connection', 'close'))
  const timer = setInterval(() => {
    if (underWay.get(server)) server.closeIdleConnections()
    else server.closeAllConnections()
  }, IDLE_EVERY)
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(timer)
      resolve()
    })
  })
}
