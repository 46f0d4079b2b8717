/**
 * Runs before a guarded app: an answer below 400 is sent only if the guard of the current route permitted it. Routes are
 * checked at boot; this covers answers that come from no route, such as middleware's, or a router's own reply to OPTIONS.
 *
 * Not held: bytes that a handler writes to the socket itself.
 *
 * @module
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { problemOf } from '@mandate/protocol'
import { beginVisit, wasLetThrough } from './guard.ts'
import type { PepLogger } from './refusal.ts'

const BODY = Buffer.from(JSON.stringify(problemOf('not_found')))
/** Answers of their own before the final one (1xx). Not `writeContinue`: 100 has no headers. */
const INFORMATIONAL = ['writeEarlyHints', 'writeProcessing', 'writeInformation']
const WHAT_TO_DO =
  'an answer without a guard became 404: what answers needs a route of its own with a guard, such as ' +
  "app.get(path, pep.open('why'), handler); a Router is mounted as it is, not called by a function"

type LastResort = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

/** @param logger - Gets one line for each place in the service's code that answers without a guard. */
export function lastResort(logger: PepLogger): LastResort {
  const tell = tellOnce(logger)
  return (req, res, next) => {
    hold(res, () => !(res.headersSent || wasLetThrough(req)), tell)
    next()
  }
}

/** Holds every answer of one server, before its framework sees the request. */
export interface ServerSeal {
  /** Holds the answer to one request, for a framework that is called without its server, as in tests. A second call does nothing. */
  readonly hold: (req: IncomingMessage, res: ServerResponse) => void
}

/**
 * For frameworks that answer on Node's response: holds answers at the server itself, so that no hook, middleware or not-found handler can answer below
 * 400 before a guard let the request through.
 *
 * @param logger - As {@link lastResort}'s.
 */
export function sealServer(server: Pick<Server, 'prependListener'>, logger: PepLogger): ServerSeal {
  const tell = tellOnce(logger)
  const known = new WeakSet<object>()
  const holdOne: ServerSeal['hold'] = (req, res) => {
    if (known.has(res)) return
    known.add(res)
    beginVisit(req)
    hold(res, () => !(res.headersSent || wasLetThrough(req)), tell)
  }
  server.prependListener('request', holdOne)
  return { hold: holdOne }
}

/** @param isUnguarded - Nothing was sent yet, and no guard let anything through. */
function hold(res: ServerResponse, isUnguarded: () => boolean, tell: () => void): void {
  const { writeHead, end } = res
  let replaced = false
  const replace = () => {
    replaced = true
    tell()
    for (const name of res.getHeaderNames()) if (name !== 'x-request-id') res.removeHeader(name)
    const headers = { 'content-type': 'application/problem+json; charset=utf-8', 'content-length': BODY.length }
    Reflect.apply(writeHead, res, [404, 'Not Found', headers])
    end.call(res, BODY, 'utf8')
    return res
  }
  const held =
    <F extends (...args: never[]) => unknown>(write: F) =>
    (...args: Parameters<F>): unknown => {
      // The header is written first: listeners of it may still change the status.
      if (!replaced && isUnguarded()) res.writeHead(res.statusCode)
      return replaced ? res : write.apply(res, args)
    }
  const heldHead = (status: unknown, ...more: unknown[]): unknown => {
    if (replaced) return res
    const read = statusOf(status)
    return read < 400 && isUnguarded() ? replace() : Reflect.apply(writeHead, res, [read, ...more])
  }
  Object.assign(res, {
    writeHead: heldHead,
    write: held(res.write),
    end: held(end),
    flushHeaders: held(res.flushHeaders),
    ...informational(res, () => !(replaced || isUnguarded()), tell),
  })
}

/** A 1xx that no guard let through is not sent; the final answer is still to come. */
function informational(res: ServerResponse, mayWrite: () => boolean, tell: () => void): object {
  const methods = INFORMATIONAL.map((name) => [name, Reflect.get(res, name)] as const)
  return Object.fromEntries(
    methods
      .filter(([, write]) => typeof write === 'function')
      .map(([name, write]) => [
        name,
        (...args: unknown[]) => (mayWrite() ? Reflect.apply(write, res, args) : void tell()),
      ]),
  )
}

/** The number that Node makes of a status. */
const statusOf = (status: unknown): number => Number(status) | 0

/** Most places that are logged, which bounds the set of known places. */
const MAX_TOLD = 100

function tellOnce(logger: PepLogger): () => void {
  const told = new Set<string>()
  return () => {
    const where = placeInService(new Error('unguarded').stack ?? '')
    if (told.has(where) || told.size >= MAX_TOLD) return
    told.add(where)
    logger.warn({ code: 'unguarded_answer', where }, WHAT_TO_DO)
  }
}

const HERE = fileURLToPath(import.meta.url)

/** The first frame that is neither a library's nor this module's. */
function placeInService(stack: string): string {
  const frames = stack.split('\n').slice(1)
  const own = frames.find((frame) => !/node_modules|node:/u.test(frame) && !frame.includes(HERE))
  return own?.trim() ?? 'a library: middleware, or a router that answers OPTIONS'
}
