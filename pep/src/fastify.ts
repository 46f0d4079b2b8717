/**
 * The enforcement point for Fastify 5: guards are the first `preHandler` of a route, and an application with a route that has none does not start.
 *
 * @module
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { type Authz, authzOf } from './authz.ts'
import { type Caller, identifyOn } from './caller.ts'
import { type Core, createLimitedCore, type PepQuestions } from './core.ts'
import { type Guard, guardedPathOf, guardOf, letThrough, marked } from './guard.ts'
import { checkGuard } from './guard-options.ts'
import {
  dryRunWork,
  type EnforceEachRule,
  type EnforceRule,
  enforceEachWork,
  enforceWork,
  type FilterRule,
  filterWork,
  type GuardWork,
  judge,
} from './guarded-request.ts'
import { type HttpError, refusalOfError } from './handler-error.ts'
import { distinctHeaders, hasCredentials } from './identify.ts'
import { sealServer } from './last-resort.ts'
import type { LimitedPepOptions } from './limits.ts'
import type { PathParams } from './path-params.ts'
import type { Refusal } from './refusal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, from the verified token, and what was decided. `null` on a route that is open. */
    authz: Authz | null
  }
}

export { accessTokenOf, authzOf, foundOf, itemsOf, permitOf } from './authz.ts'

/** A `preHandler` that decides, for any route. */
export type FastifyGuard = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Makes a guard from its options, or from the path of its route and its options: then `req.params` has the path's parameters. */
export interface FastifyGuardMaker<Kind extends 'enforce' | 'enforceEach' | 'filter'> {
  (options: FastifyGuardOptions<FastifyRequest>[Kind]): FastifyGuard
  <Path extends string>(
    path: Path,
    options: FastifyGuardOptions<FastifyRequest<{ Params: PathParams<Path> }>>[Kind],
  ): FastifyGuard
}

/** Options of each kind of guard. `R` is the request with the route's types. */
export interface FastifyGuardOptions<R> {
  readonly enforce: EnforceRule<R>
  readonly enforceEach: EnforceEachRule<R>
  readonly filter: FilterRule<R>
}

/** The enforcement point of one Fastify service. */
export interface FastifyPep extends PepQuestions<FastifyRequest> {
  /**
   * Puts the application under the enforcement point: every route needs a guard, callers are identified, and errors become problems (RFC 9457). Call
   * it first, before any route.
   *
   * @throws TypeError when the application has routes already. Later `listen` and `ready` reject with a TypeError that names every route without a guard.
   */
  readonly protect: (app: FastifyInstance) => void
  /** `preHandler` that asks one question. The handler runs on a permit only. */
  readonly enforce: FastifyGuardMaker<'enforce'>
  /** `preHandler` that asks one batch. The handler always runs, and must do only what `itemsOf(req)` permits. */
  readonly enforceEach: FastifyGuardMaker<'enforceEach'>
  /** `preHandler` that asks one search. The handler always runs, and must show only what `foundOf(req)` names. */
  readonly filter: FastifyGuardMaker<'filter'>
  /** A complete handler: asks one batch and answers with its decisions. */
  readonly dryRun: FastifyGuardMaker<'enforceEach'>
  /** `preHandler` of a public route. @param why - The reason, for readers of the code; must not be empty. */
  readonly open: (why: string) => FastifyGuard
}

/** The guard of a route, in its `config`. */
const GUARD = Symbol('guard')

/** @throws TypeError naming every bad option. */
export function createPep(options: LimitedPepOptions): FastifyPep {
  const core = createLimitedCore(options)
  const callerOf = (request: FastifyRequest): Caller => core.callers(request.raw, distinctHeaders(request.raw))
  const maker = <Kind extends 'enforce' | 'enforceEach' | 'filter'>(
    kind: Kind | 'dryRun',
    workOf: (rule: FastifyGuardOptions<FastifyRequest>[Kind]) => GuardWork<FastifyRequest>,
  ): FastifyGuardMaker<Kind> =>
    ((first: unknown, second?: unknown) => {
      const [path, rule] = typeof first === 'string' ? [first, second] : [undefined, first]
      checkGuard(kind, rule)
      return guardHook(core, callerOf, kind, workOf(rule as FastifyGuardOptions<FastifyRequest>[Kind]), path)
    }) as FastifyGuardMaker<Kind>
  return {
    ...core.questions((request) => ({ authz: authzOf(request), key: request.raw })),
    protect: (app) => protect(app, core, callerOf),
    enforce: maker<'enforce'>('enforce', (rule) => enforceWork(core.deps, rule)),
    enforceEach: maker<'enforceEach'>('enforceEach', (rule) => enforceEachWork(core.deps, rule)),
    filter: maker<'filter'>('filter', (rule) => {
      if (core.deps.decider.search === undefined) throw new TypeError('filter: the decider has no search')
      return filterWork(core.deps, rule)
    }),
    dryRun: maker<'enforceEach'>('dryRun', (rule) => dryRunWork(core.deps, rule)),
    open: (why) => {
      checkGuard('open', why)
      const guard: FastifyGuard = async (request) => {
        checkPlace(request, guard)
        letThrough(request.raw)
      }
      return marked('open', guard)
    },
  }
}

function guardHook(
  core: Core,
  callerOf: (request: FastifyRequest) => Caller,
  kind: Guard,
  work: GuardWork<FastifyRequest>,
  path: string | undefined,
): FastifyGuard {
  const guard: FastifyGuard = async (request, reply) => {
    checkPlace(request, guard)
    const key = request.raw
    const gone = () => untilGone(reply)
    const verdict = await judge(
      core.deps,
      work,
      { request, key, gone },
      {
        authz: () => identifyOn(request, callerOf(request)),
        hasCredentials: hasCredentials(distinctHeaders(key)),
      },
    )
    if (verdict.kind === 'refuse') return send(reply, verdict.refusal)
    if (verdict.kind === 'gone') return reply.hijack()
    letThrough(key)
    if (verdict.kind === 'answer') return reply.send(verdict.body)
    reply.headers(verdict.headers)
    request.authz = verdict.authz
    return undefined
  }
  return marked(kind, guard, path)
}

/** In a hook for several routes a guard would let through whatever comes later. @throws TypeError */
function checkPlace(request: FastifyRequest, guard: FastifyGuard): void {
  if (guardAt(request) !== guard)
    throw new TypeError('a guard stands on a route: app.get(path, { preHandler: guard }, handler)')
}

/** What Fastify prints where there is no route. */
const EMPTY = '(empty tree)'

const guardAt = (request: FastifyRequest): unknown =>
  (request.routeOptions.config as { readonly [GUARD]?: unknown } | undefined)?.[GUARD]

function protect(app: FastifyInstance, core: Core, callerOf: (request: FastifyRequest) => Caller): void {
  const { logger } = core.options
  if (app.printRoutes().trim() !== EMPTY)
    throw new TypeError('protect() comes first: the application has routes already, which were not looked at')
  const objections: string[] = []
  const seal = sealServer(app.server, logger)
  app.decorateRequest('authz', null)
  app.addHook('onRoute', (route) => {
    const { guard, objection } = guardOfRoute(route)
    route.config = { ...route.config, [GUARD]: guard } as typeof route.config & object
    if (objection !== undefined) objections.push(`${[route.method].flat().join('|')} ${route.url}: ${objection}`)
  })
  app.addHook('onRequest', async (request, reply) => {
    seal.hold(request.raw, reply.raw)
    const { arrival, admit } = callerOf(request)
    reply.header('X-Request-ID', arrival.requestId)
    await admit(request.ip, reply.raw)
    const guard = guardOf(guardAt(request))
    // Before the body is read.
    if (guard !== undefined && guard !== 'open') await identifyOn(request, callerOf(request))
  })
  app.addHook('onReady', async () => {
    if (objections.length === 0) return
    throw new TypeError(`the app has routes without a valid guard:\n  ${objections.join('\n  ')}`)
  })
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): unknown =>
    send(
      reply,
      refusalOfError(error, httpErrorOf(error, request), {
        logger,
        challenge: core.deps.challenge,
        hasCredentials: hasCredentials(distinctHeaders(request.raw)),
        requestId: callerOf(request).arrival.requestId,
      }),
    )
  app.setErrorHandler(refuse)
  app.setNotFoundHandler((request, reply) => refuse({ statusCode: 404, code: 'FST_ERR_NOT_FOUND' }, request, reply))
}

function guardOfRoute({ preHandler, handler, url }: RouteOptions): {
  readonly guard?: unknown
  readonly objection?: string
} {
  const before = [preHandler ?? []].flat()
  const guard = guardOf(handler) === 'dryRun' ? handler : before[0]
  if (guardOf(guard) === undefined) {
    const later = before.some((each) => guardOf(each) !== undefined)
    return { objection: later ? 'another preHandler stands before its guard; put the guard first' : NO_GUARD }
  }
  const path = guardedPathOf(guard)
  return path === undefined || url.endsWith(path)
    ? { guard }
    : { guard, objection: `its guard was made for another path, ${path}` }
}

const NO_GUARD = 'its first preHandler is no guard, neither enforce() nor open()'

/** Errors of Fastify itself: about the body, its schema, its type or the URL. */
function httpErrorOf(error: unknown, request: FastifyRequest): HttpError | undefined {
  const { statusCode: status, code = '', validation, message } = error as Partial<FastifyError>
  if (typeof status !== 'number') return undefined
  if (validation !== undefined) return { status, detail: message }
  const isBody = error instanceof SyntaxError || code.startsWith('FST_ERR_CTP_')
  if (!isBody && !code.startsWith('FST_ERR_')) return undefined
  if (status === 413) return { status, detail: `The body may take ${request.routeOptions.bodyLimit} bytes.` }
  return isBody ? { status, detail: 'The body cannot be read: send UTF-8 JSON.' } : { status }
}

function send(reply: FastifyReply, { status, headers, problem }: Refusal): FastifyReply {
  return reply.code(status).headers(headers).send(JSON.stringify(problem))
}

function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}
