/**
 * An MCP server over Streamable HTTP whose tools are decided. Stateless: each request carries its token and is decided separately. Revision 2026-07-28,
 * and 2025-11-25 and older by its `initialize` handshake, at the same address; the official SDK speaks both.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http Streamable HTTP}
 * @module
 */
import { type Authz, authzOf, type PepQuestions, type RequestHeaders } from '@mandate/pep'
import { Fault, refuse } from '@mandate/protocol'
import { toWebRequest } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  INVALID_REQUEST,
  isJsonContentType,
  isLegacyRequest,
  METHOD_NOT_FOUND,
  originValidationResponse,
  ProtocolError,
  ProtocolErrorCode,
  readRequestBody,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Request as ExpressRequest, RequestHandler } from 'express'
import { type CallDeps, callTool } from './call-tool.ts'
import { listTools } from './list-tools.ts'
import { checkTools, type MaybePromise, type Tool, type ToolCall } from './tool.ts'

/** Options of {@link createToolServer}. `C` is what `context` returns, `R` the framework's request. */
export interface ToolServerOptions<C, R> {
  readonly name: string
  readonly version: string
  /** How to use the server, for the language model. */
  readonly instructions?: string
  /** The service's enforcement point. */
  readonly pep: Pick<PepQuestions<R>, 'decide' | 'decideActions'>
  readonly tools: readonly Tool<C>[]
  /** Runs once a request, before anything else of it; its result is the `context` of all tools. A Fault refuses the request. */
  readonly context?: (req: R, authz: Authz) => MaybePromise<C>
  /** Hosts of web pages that may call this server from a browser. @default none: a request with an `Origin` is refused */
  readonly allowedOrigins?: readonly string[]
  /** How long a client may go on showing a list of tools, in milliseconds (`ttlMs`). @default 0: it asks each time */
  readonly listTtlMs?: number
}

/** An incoming request of a framework other than Express. */
export interface ToolRequest<R> {
  /** The framework's own request, which `context` and the enforcement point get. */
  readonly req: R
  /** The caller, from the framework's authentication by the enforcement point. */
  readonly authz: Authz
  /** The body, where the framework parsed it already. */
  readonly parsedBody?: unknown
}

/** Mount behind `pep.authenticate()`; the route's own guard is `pep.open('each call of a tool is decided')`. */
export interface ToolServer<R> {
  /** Route handler for Express, for every method, behind `express.json()` or without it. A Fault goes to the service's error handler. */
  readonly handler: RequestHandler
  /** Answers a WHATWG request. @throws Fault for the framework's error handler: a refusal of the enforcement point, a batch. */
  readonly fetch: (request: Request, from: ToolRequest<R>) => Promise<Response>
  /** Ends requests under way. */
  readonly close: () => Promise<void>
}

/** One request: what its handlers need, and what refused it. */
interface Exchange<C> {
  readonly call: ToolCall<C>
  readonly deps: CallDeps
  readonly decideActions: Parameters<typeof listTools>[2]
  /** An error that is no answer to the language model: it is thrown to the framework in place of the SDK's response. */
  error?: unknown
}

/** Longest body that is read here, in bytes. */
const MAX_BODY_BYTES = 262_144
/** Nothing in the discovery is about a caller. */
const DISCOVERY_TTL_MS = 3_600_000

/** @throws TypeError naming every mistake in the definitions of tools. */
export function createToolServer<C = undefined, R extends object = ExpressRequest>(
  options: ToolServerOptions<C, R>,
): ToolServer<R> {
  const serverOf = serverFactory(options)
  const exchanges = new WeakMap<Request, Exchange<C>>()
  const modern = createMcpHandler(({ requestInfo }) => serverOf(known(requestInfo && exchanges.get(requestInfo))), {
    legacy: 'reject',
  })
  const serve = async (request: Request, from: ToolRequest<R>, headers: RequestHeaders): Promise<Response> => {
    const refused = refusedUnread(request, options.allowedOrigins)
    if (refused) return refused
    const body = from.parsedBody === undefined ? await bodyOf(request) : from.parsedBody
    const unserved = refusedMessage(body)
    if (unserved) return unserved
    const exchange = await exchangeOf(options, from, headers)
    exchanges.set(request, exchange)
    const isLegacy = isJsonContentType(request.headers.get('content-type')) && (await isLegacyRequest(request, body))
    const response = await (isLegacy
      ? serveLegacy(serverOf(exchange), request, body)
      : modern.fetch(request, { parsedBody: body }))
    if (exchange.error !== undefined) throw exchange.error
    return response
  }
  return {
    fetch: (request, from) => serve(request, from, request.headers),
    handler: async (req, res) => {
      const from = { req: req as object as R, authz: authzOf(req), parsedBody: req.body ?? null }
      const gone = new AbortController()
      res.once('close', () => gone.abort())
      const request = await toWebRequest(req, from.parsedBody, { signal: gone.signal }).catch(refuseUnreadable)
      const response = await serve(request, from, req.headersDistinct)
      res.status(response.status)
      for (const [name, value] of response.headers) res.set(name, value)
      res.end(await response.text())
    },
    close: modern.close,
  }
}

/**
 * The standard `Request` has no form for some requests that HTTP allows: with a whole URL as its target, a malformed `Host`, or the method TRACE.
 *
 * @throws Fault `invalid_request` for those.
 */
function refuseUnreadable(error: unknown): never {
  if (!(error instanceof TypeError)) throw error
  throw refuse('invalid_request', 'The method, the target or the Host header of the request cannot be used here.')
}

async function exchangeOf<C, R>(
  { pep, context }: ToolServerOptions<C, R>,
  { req, authz }: ToolRequest<R>,
  headers: RequestHeaders,
): Promise<Exchange<C>> {
  return {
    call: { authz, context: (await context?.(req, authz)) as C },
    deps: { decide: pep.decide, headers },
    decideActions: (question) => pep.decideActions(req, question),
  }
}

/** Makes the server of one exchange. It keeps no state. */
function serverFactory<C, R>({ name, version, instructions, tools, listTtlMs }: ToolServerOptions<C, R>) {
  const checked = checkTools(tools)
  const options = {
    capabilities: { tools: {} },
    ...(instructions === undefined ? {} : { instructions }),
    cacheHints: {
      'tools/list': { ttlMs: listTtlMs ?? 0, cacheScope: 'private' },
      'server/discover': { ttlMs: DISCOVERY_TTL_MS, cacheScope: 'public' },
    },
  } as const
  return (exchange: Exchange<C>): Server => {
    const { call, deps, decideActions } = exchange
    const server = new Server({ name, version }, options)
    server.setRequestHandler('tools/list', () =>
      keepError(exchange, async () => ({ tools: await listTools(checked.values(), call, decideActions) })),
    )
    server.setRequestHandler('tools/call', ({ params }) =>
      keepError(exchange, () => callTool(checked.get(params.name), params.arguments, call, deps)),
    )
    return server
  }
}

/** The SDK would send an error's message to the client; only a {@link ProtocolError} is meant for it. */
async function keepError<T>(exchange: Exchange<unknown>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (ProtocolError.isInstance(error)) throw error
    exchange.error = error
    throw new ProtocolError(ProtocolErrorCode.InternalError, 'the request failed')
  }
}

/** Answers a request of revision 2025-11-25 or older with one JSON response: no session, no stream. */
async function serveLegacy(server: Server, request: Request, parsedBody: unknown): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  try {
    return await transport.handleRequest(request, { parsedBody })
  } finally {
    await server.close()
  }
}

/** Refuses web pages, against DNS rebinding, and the methods of sessions and streams. */
function refusedUnread(request: Request, allowedOrigins: readonly string[] = []): Response | undefined {
  const refused = originValidationResponse(request, [...allowedOrigins])
  if (refused || request.method === 'POST') return refused
  return errorResponse(405, { code: INVALID_REQUEST, message: 'sessions and streams are not supported' }, null, {
    Allow: 'POST',
  })
}

/**
 * Refuses what this server does not do: batches, so that limits and decisions count one message a request, and subscriptions, whose streams would
 * outlive the token.
 *
 * @throws Fault `invalid_request`.
 */
function refusedMessage(body: unknown): Response | undefined {
  if (Array.isArray(body))
    throw refuse('invalid_request', 'Send one JSON-RPC message per request: batches are not supported.')
  const { method, id } = (body ?? {}) as { readonly method?: unknown; readonly id?: unknown }
  if (method !== 'subscriptions/listen') return undefined
  return errorResponse(404, { code: METHOD_NOT_FOUND, message: 'Method not found' }, id)
}

function errorResponse(
  status: number,
  error: { readonly code: number; readonly message: string },
  id: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const known = typeof id === 'string' || typeof id === 'number' ? id : null
  return Response.json({ jsonrpc: '2.0', error, id: known }, { status, headers })
}

/** @throws Fault `payload_too_large`, `invalid_request`. */
async function bodyOf(request: Request): Promise<unknown> {
  const read = await readRequestBody(request, MAX_BODY_BYTES)
  if (read.tooLarge) throw new Fault('payload_too_large', 'the body of an MCP request is too long')
  try {
    return JSON.parse(read.text)
  } catch {
    throw refuse('invalid_request', 'The body is not JSON.')
  }
}

function known<C>(exchange: Exchange<C> | undefined): Exchange<C> {
  if (exchange) return exchange
  throw new TypeError('the SDK made a server for a request that it was not given')
}
