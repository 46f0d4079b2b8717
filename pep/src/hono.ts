/**
 * The enforcement point for Hono 4: guards are the first handler of a route, and an application with a route that has none does not start.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, Env, ErrorHandler, Hono, MiddlewareHandler } from 'hono'
import type { Authz } from './authz.ts'
import * as carried from './authz.ts'
import type { Caller } from './caller.ts'
import { type Core, createLimitedCore, type PepQuestions } from './core.ts'
import { type Guard, marked } from './guard.ts'
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
import { refusalOfError } from './handler-error.ts'
import { assertGuardedHono } from './hono-seal.ts'
import { distinctHeaders, hasCredentials, type RequestHeaders } from './identify.ts'
import type { LimitedPepOptions } from './limits.ts'
import type { Refusal } from './refusal.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** The caller, from the verified token, and what was decided. Absent on a route that is open. */
    authz?: Authz
  }
}

/** The caller of a guarded route. @throws Fault `unauthenticated` on a route without one. */
export const authzOf = (c: Context): Authz => carried.authzOf({ authz: c.get('authz') })
/** The permit of `enforce`. @throws Fault `internal` when no `enforce` ran on this route. */
export const permitOf = (c: Context): ReturnType<typeof carried.permitOf> => carried.permitOf({ authz: authzOf(c) })
/** The outcomes of `enforceEach`, in the order asked. @throws Fault `internal` when no `enforceEach` ran on this route. */
export const itemsOf = (c: Context): ReturnType<typeof carried.itemsOf> => carried.itemsOf({ authz: authzOf(c) })
/** The result of `filter`. @throws Fault `internal` when no `filter` ran on this route. */
export const foundOf = (c: Context): ReturnType<typeof carried.foundOf> => carried.foundOf({ authz: authzOf(c) })
/** The verified access token of the request, for a token exchange. Never store or log it. @throws Fault `unauthenticated` */
export const accessTokenOf = (c: Context): string => carried.accessTokenOf({ authz: authzOf(c) })

/** Makes a guard from its options, or from the path of its route and its options: then `c.req.param()` knows the path's parameters. */
export interface HonoGuardMaker<Kind extends 'enforce' | 'enforceEach' | 'filter'> {
  // biome-ignore lint/suspicious/noExplicitAny: a guard fits an application with any variables
  (options: HonoGuardOptions<Context<any>>[Kind]): MiddlewareHandler<any>
  <Path extends string>(
    path: Path,
    // biome-ignore lint/suspicious/noExplicitAny: a guard fits an application with any variables
    options: HonoGuardOptions<Context<any, Path>>[Kind],
    // biome-ignore lint/suspicious/noExplicitAny: a guard fits an application with any variables
  ): MiddlewareHandler<any, Path>
}

/** Options of each kind of guard. `C` is the context with the route's types. */
export interface HonoGuardOptions<C> {
  readonly enforce: EnforceRule<C>
  readonly enforceEach: EnforceEachRule<C>
  readonly filter: FilterRule<C>
}

/** The enforcement point of one Hono service. */
export interface HonoPep extends PepQuestions<Context> {
  /** Handler that asks one question. The next handler runs on a permit only. */
  readonly enforce: HonoGuardMaker<'enforce'>
  /** Handler that asks one batch. The next handler always runs, and must do only what `itemsOf(c)` permits. */
  readonly enforceEach: HonoGuardMaker<'enforceEach'>
  /** Handler that asks one search. The next handler always runs, and must show only what `foundOf(c)` names. */
  readonly filter: HonoGuardMaker<'filter'>
  /** A complete route: asks one batch and answers with its decisions. */
  readonly dryRun: HonoGuardMaker<'enforceEach'>
  /** Guard of a public route. @param why - The reason, for readers of the code; must not be empty. */
  // biome-ignore lint/suspicious/noExplicitAny: a guard fits an application with any variables
  readonly open: (why: string) => MiddlewareHandler<any>
  /**
   * Checks that every route has a guard, freezes the routes, and makes errors and unknown routes problems (RFC 9457). Call it last, before `serve`.
   *
   * @throws TypeError naming every route without a guard.
   */
  readonly assertGuarded: <E extends Env>(app: Hono<E>) => void
}

/** @throws TypeError naming every bad option. */
export function createPep(options: LimitedPepOptions): HonoPep {
  const core = createLimitedCore(options)
  const callerOf: CallerOf = (c) => core.callers(c, headersOf(c))
  const maker = <Kind extends 'enforce' | 'enforceEach' | 'filter'>(
    kind: Kind | 'dryRun',
    workOf: (rule: HonoGuardOptions<Context>[Kind]) => GuardWork<Context>,
  ): HonoGuardMaker<Kind> =>
    ((first: unknown, second?: unknown) => {
      const [path, rule] = typeof first === 'string' ? [first, second] : [undefined, first]
      checkGuard(kind, rule)
      return marked(kind, guardHandler(core, callerOf, workOf(rule as HonoGuardOptions<Context>[Kind])), path)
    }) as HonoGuardMaker<Kind>
  return {
    ...core.questions<Context>((c) => ({ authz: authzOf(c), key: c })),
    enforce: maker<'enforce'>('enforce', (rule) => enforceWork(core.deps, rule)),
    enforceEach: maker<'enforceEach'>('enforceEach', (rule) => enforceEachWork(core.deps, rule)),
    filter: maker<'filter'>('filter', (rule) => {
      if (core.deps.decider.search === undefined) throw new TypeError('filter: the decider has no search')
      return filterWork(core.deps, rule)
    }),
    dryRun: maker<'enforceEach'>('dryRun', (rule) => dryRunWork(core.deps, rule)),
    open: (why) => {
      checkGuard('open', why)
      return marked<MiddlewareHandler>('open' satisfies Guard, async (c, next) => {
        await admit(c, callerOf(c))
        return await next()
      })
    },
    assertGuarded: (app) => {
      app.onError(errorHandler(core, callerOf) as never)
      app.notFound((c) => errorHandler(core, callerOf)(new UnknownRoute(), c as unknown as Context))
      assertGuardedHono(app as unknown as Hono, core.options.logger)
    },
  }
}

type CallerOf = (c: Context) => Caller

/** Node's own headers where there are any: WHATWG `Headers` join two of one name. */
function headersOf(c: Context): RequestHeaders {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingMessage }
  return incoming === undefined ? c.req.raw.headers : distinctHeaders(incoming)
}

function guardHandler(core: Core, callerOf: CallerOf, work: GuardWork<Context>): MiddlewareHandler {
  return async (c, next) => {
    const caller = callerOf(c)
    c.header('X-Request-ID', caller.arrival.requestId)
    const request = { request: c, key: c, gone: () => c.req.raw.signal }
    const verdict = await judge(core.deps, work, request, {
      authz: async () => {
        await admit(c, caller)
        return await identify(c, caller)
      },
      hasCredentials: hasCredentials(headersOf(c)),
    })
    if (verdict.kind === 'refuse') return send(c, verdict.refusal)
    if (verdict.kind === 'gone') return c.body(null, 499 as never)
    if (verdict.kind === 'answer') return c.json(verdict.body)
    for (const [name, value] of Object.entries(verdict.headers)) c.header(name, value)
    c.set('authz', verdict.authz)
    return await next()
  }
}

/** Address and end of the response are known on Node's server only. */
async function admit(c: Context, caller: Caller): Promise<void> {
  const { incoming, outgoing } = (c.env ?? {}) as Partial<NodeBindings>
  await caller.admit(incoming?.socket.remoteAddress, outgoing)
}

async function identify(c: Context, { identified }: Caller): Promise<Authz> {
  const known = c.get('authz')
  if (known) return known
  const { authz, attached } = await identified()
  for (const [name, value] of Object.entries(attached)) c.set(name, value)
  return authz
}

class UnknownRoute extends Error {
  override readonly name = 'UnknownRoute'
}

function errorHandler(core: Core, callerOf: CallerOf): ErrorHandler {
  return (error, c) => {
    const options = {
      logger: core.options.logger,
      challenge: core.deps.challenge,
      hasCredentials: hasCredentials(headersOf(c)),
      requestId: callerOf(c).arrival.requestId,
    }
    return send(c, refusalOfError(error, httpErrorOf(error), options))
  }
}

/** Hono's `HTTPException`, whose message its thrower wrote for the client, and a body that is no JSON. */
function httpErrorOf(error: Error) {
  if (error instanceof UnknownRoute) return { status: 404 }
  if (error instanceof SyntaxError && error.message.includes('JSON'))
    return { status: 400, detail: 'The body cannot be read: send UTF-8 JSON.' }
  if (!('getResponse' in error && 'status' in error && typeof error.status === 'number')) return undefined
  return { status: error.status, ...(error.message === '' ? {} : { detail: error.message }) }
}

function send(c: Context, { status, headers, problem }: Refusal): Response {
  return c.body(JSON.stringify(problem), status as never, { ...headers })
}

/** What `@hono/node-server` puts into `c.env`. */
export interface NodeBindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}
