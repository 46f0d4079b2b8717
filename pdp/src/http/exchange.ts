/**
 * State of one HTTP exchange: request id, address, principal, arrival time. Begun before anything else, and found by the response. Steps that
 * authenticate callers.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault, isRequestId, refuse } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Span } from '../ports/span.ts'
import { type RemoteParent, traced } from '../ports/tracing.ts'
import type { Correlation } from '../ports/workload.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { requestIds } from '../runtime/request-ids.ts'
import type { Callers } from './caller.ts'
import type { Step } from './step.ts'

/** State of an exchange, available to every handler. */
export interface Exchange extends Correlation {
  readonly requestId: string
  /** The request id if it may be stored; `undefined` for an id that might contain personal data, which is only echoed. */
  keptId: string | undefined
  /** W3C trace id from `traceparent`; absent when it equals a person's sub. */
  trace: string | undefined
  /** Arrival, by `performance.now()` in milliseconds. */
  readonly arrived: number
  /** Path of the request, without its query. */
  readonly path: string
  /** Address of the client, as far as trusted proxies tell it. */
  readonly address: string
  /** Headers of the response, whatever it will be: names and values in turn. */
  readonly headers: readonly string[]
  principal: Principal | undefined
  /** The caller's span, where its trace may be stored. */
  parent: RemoteParent | undefined
  /** The request's span; `undefined` where it is not sampled. */
  span: Span | undefined
  /** Id of the entry of a single evaluation. */
  evaluation: string | undefined
}

export interface ExchangeOptions {
  /** Whether a text is the sub of a known person. */
  readonly isSub: (text: string) => Awaitable<boolean>
  readonly addressOf: (req: IncomingMessage) => string
  /** Headers of every response: names and values in turn. */
  readonly headers: readonly string[]
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const exchanges = new WeakMap<ServerResponse, Exchange>()

/** @throws Fault `internal` before the exchange has begun. */
export function exchangeOf(res: ServerResponse): Exchange {
  const exchange = exchanges.get(res)
  if (exchange) return exchange
  throw new Fault('internal', 'no exchange has begun for this response')
}

/** Sets the exchange of a response. */
export function setExchange(res: ServerResponse, exchange: Exchange): void {
  exchanges.set(res, exchange)
}

/** Begins an exchange on a path. Echoes the request id (AuthZEN 1.0, section 10.1.3), or generates one. */
export type BeginExchange = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void> | undefined

export function createExchanges({ isSub, addressOf, headers }: ExchangeOptions): BeginExchange {
  return (req, res, path) => {
    const sent = textOf(req.headers['x-request-id'])
    const requestId = sent || requestIds.create()
    // Stored before anything that can fail: the error handler needs it.
    const exchange: Exchange = {
      requestId,
      keptId: sent ? undefined : requestId,
      trace: undefined,
      arrived: performance.now(),
      path,
      address: addressOf(req),
      headers: [...headers, 'x-request-id', requestId],
      principal: undefined,
      parent: undefined,
      span: undefined,
      evaluation: undefined,
    }
    setExchange(res, exchange)
    const parent = parentOf(textOf(req.headers['traceparent']))
    return sent || parent ? keepIds(exchange, sent, parent, isSub) : undefined
  }
}

/** Keeps the ids that the caller sent, where they may be stored. */
async function keepIds(
  exchange: Exchange,
  sent: string | undefined,
  parent: RemoteParent | undefined,
  isSub: ExchangeOptions['isSub'],
): Promise<void> {
  if (sent && isRequestId(sent) && !(await isSub(sent))) exchange.keptId = sent
  if (parent === undefined || (await isSub(parent.traceId))) return
  exchange.trace = parent.traceId
  exchange.parent = parent
}

/** Reads `traceparent`. `tracestate` is not read: any text of the caller could be in it. */
function parentOf(header: string | undefined): RemoteParent | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 }
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header

/** Begins the exchange of a request to Express. */
export function beginExchange(begin: BeginExchange): RequestHandler {
  return async (req, res, next) => {
    const begun = begin(req, res, req.path)
    setHeaders(res, exchangeOf(res).headers)
    await begun
    next()
  }
}

/** Sets headers that a response does not have yet. */
export function setHeaders(res: ServerResponse, headers: readonly string[]): void {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (!res.hasHeader(name)) res.setHeader(name, headers[at + 1] ?? '')
  }
}

/** Authenticates the caller, and measures the time of it where it succeeds. */
export function authenticated(callers: Pick<Callers, 'identify'>, metrics: Pick<Metrics, 'authenticated'>): Step {
  return (req, res) => {
    const exchange = exchangeOf(res)
    const begin = performance.now()
    const { keptId, trace } = exchange
    const origin = { ...(keptId ? { request_id: keptId } : {}), ...(trace ? { trace } : {}) }
    const identified = traced(exchange.span, 'authenticate', () => callers.identify(authorizationsOf(req), origin))
    const take = (principal: Principal): void => {
      exchange.principal = principal
      metrics.authenticated(performance.now() - begin)
    }
    if (identified instanceof Promise) return identified.then(take)
    take(identified)
    return undefined
  }
}

const AUTHORIZATION = 'authorization'

/** The `Authorization` headers of a request: Node's own `headers` has only the first, and `headersDistinct` copies all headers. */
export function authorizationsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  const found: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION)
      found.push(rawHeaders[at + 1] ?? '')
  }
  return found
}

/** Rejects API keys, which may use only AuthZEN. */
export const rejectApiKeys: RequestHandler = (_req, res, next) => {
  if (principalOf(res).onlyAsks)
    throw refuse('forbidden', 'An API key may only be used for AuthZEN evaluations and searches.')
  next()
}

const READING = ['GET', 'HEAD']

/** Rejects requests that change state with a token of read-only scope. */
export const requireWriteScope: RequestHandler = (req, res, next) => {
  if (principalOf(res).onlyReads && !READING.includes(req.method))
    throw refuse('forbidden', 'The scope of this token permits reading only.')
  next()
}

/**
 * Returns the account for rate limits. An agent with a person's token has an account of its own, so that it cannot use up the requests that the
 * person needs to revoke its grant.
 */
export const accountOf = ({ name, actor }: Pick<Principal, 'name' | 'actor'>): string =>
  actor === undefined ? name : `${name} ${actor}`

/** Returns the principal of an authenticated exchange. @throws Fault `internal` on a route without {@link authenticated}. */
export function principalOf(res: ServerResponse): Principal {
  const { principal } = exchangeOf(res)
  if (principal) return principal
  throw new Fault('internal', 'a route that needs a caller is not behind authentication')
}
