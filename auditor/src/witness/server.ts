/**
 * HTTP server of a witness: `POST /add-checkpoint`, and for monitors `GET /<SHA-256 of the origin>/checkpoint`. Callers are not authenticated: only the
 * log's signature on the checkpoint counts.
 *
 * @see {@link https://c2sp.org/tlog-witness tlog-witness}
 *
 * @module
 */
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Listener, type ListenerOptions, serve } from '@mandate/service'
import { addCheckpoint, type WitnessOptions } from './witness.ts'

/** Enough for 63 hashes and a note with 100 signatures. */
export const MAX_BODY_BYTES = 64 * 1024

/** Starts listening. Rejects when the address cannot be bound. */
export function serveWitness(options: WitnessOptions, listener: ListenerOptions): Promise<Listener> {
  const origins = new Map([...options.logs.keys()].map((origin) => [hash('sha256', origin, 'hex'), origin]))
  const bounds = { requestWithinMs: 10_000, maxConnections: 256 }
  return serve(
    (req, res) => {
      handle(req, res, options, origins).catch(() => {
        if (!res.headersSent) res.statusCode = 500
        res.end()
      })
    },
    { ...bounds, ...listener },
  )
}

async function handle(
  req: IncomingMessage,
  res: ServerResponse,
  options: WitnessOptions,
  origins: ReadonlyMap<string, string>,
): Promise<void> {
  res.setHeader('x-content-type-options', 'nosniff')
  const [path = ''] = (req.url ?? '').split('?')
  if (path === '/add-checkpoint') {
    if (req.method !== 'POST') return end(res.setHeader('allow', 'POST'), 405, 'The method must be POST.\n')
    const body = await bodyOf(req)
    if (body === undefined) return end(res, 413, 'The request is too large.\n')
    const { status, body: text, type } = await addCheckpoint(options, body)
    return end(res, status, text, type)
  }
  const origin = origins.get(/^\/([0-9a-f]{64})\/checkpoint$/u.exec(path)?.[1] ?? '')
  const newest = origin === undefined || req.method !== 'GET' ? undefined : options.store.newest(origin)
  return newest ? end(res.setHeader('cache-control', 'max-age=1'), 200, newest.note) : end(res, 404, 'Not found.\n')
}

function end(res: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  res.writeHead(status, { 'content-type': type }).end(body)
}

async function bodyOf(req: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
