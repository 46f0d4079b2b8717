/**
 * The enforcement point for NestJS 12, on Express or Fastify: guards are decorators of route methods, and an application with a route that has none
 * does not start.
 *
 * @module
 */
import 'reflect-metadata'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type ArgumentsHost,
  type CanActivate,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  Module,
  type OnModuleInit,
  SetMetadata,
} from '@nestjs/common'
import {
  APP_FILTER,
  APP_GUARD,
  DiscoveryModule,
  DiscoveryService,
  HttpAdapterHost,
  MetadataScanner,
} from '@nestjs/core'
import { type Authz, authzOf } from './authz.ts'
import { type Caller, identifyOn } from './caller.ts'
import { type Core, createLimitedCore, type LimitedCore, type PepQuestions } from './core.ts'
import { letThrough } from './guard.ts'
import { checkGuard } from './guard-options.ts'
import {
  type DryRunAnswer,
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
import type { Refusal } from './refusal.ts'

export { accessTokenOf, authzOf, foundOf, itemsOf, permitOf } from './authz.ts'

/** What guards read of a request, on either platform. */
export interface NestRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly ip?: string
  /** The caller, from the verified token, and what was decided. Absent on a route that is open. */
  authz?: Authz | null
}

/** The enforcement point of one Nest service. `R` is the request that rules get, such as Express's. */
export interface NestPep extends PepQuestions<object> {
  /**
   * The module to import into the application's: it guards every route, identifies callers, and makes errors problems (RFC 9457). The application's `init` and
   * `listen` reject with a TypeError that names every route method without a guard.
   */
  readonly module: () => DynamicModule
  /** Decorator of a route method: asks one question. The method runs on a permit only. */
  readonly enforce: <R = NestRequest>(options: EnforceRule<R>) => MethodDecorator
  /** Decorator of a route method: asks one batch. The method always runs, and must do only what `itemsOf(req)` permits. */
  readonly enforceEach: <R = NestRequest>(options: EnforceEachRule<R>) => MethodDecorator
  /** Decorator of a route method: asks one search. The method always runs, and must show only what `foundOf(req)` names. */
  readonly filter: <R = NestRequest>(options: FilterRule<R>) => MethodDecorator
  /** Decorator of a route method that never runs: the batch's decisions are the answer. */
  readonly dryRun: <R = NestRequest>(options: EnforceEachRule<R>) => MethodDecorator
  /** Decorator of a public route method. @param why - The reason, for readers of the code; must not be empty. */
  readonly open: (why: string) => MethodDecorator
}

/** A route method's guard: what is asked, or `open`. */
type Rule = GuardWork<unknown> | 'open'

const RULE = Symbol('guard')
/** As Nest's own decorators mark route methods. */
const PATH = 'path'

/** @throws TypeError naming every bad option. */
export function createPep(options: LimitedPepOptions): NestPep {
  const core = createLimitedCore(options)
  const decorator = (kind: Parameters<typeof checkGuard>[0], rule: unknown, work: () => Rule): MethodDecorator => {
    checkGuard(kind, rule)
    return SetMetadata(RULE, work())
  }
  return {
    ...core.questions((request) => ({ authz: authzOf(request), key: rawOf(request) })),
    module: () => moduleOf(core),
    enforce: (rule) => decorator('enforce', rule, () => enforceWork(core.deps, rule) as Rule),
    enforceEach: (rule) => decorator('enforceEach', rule, () => enforceEachWork(core.deps, rule) as Rule),
    filter: (rule) => {
      if (core.deps.decider.search === undefined) throw new TypeError('filter: the decider has no search')
      return decorator('filter', rule, () => filterWork(core.deps, rule) as Rule)
    },
    dryRun: (rule) => decorator('dryRun', rule, () => dryRunWork(core.deps, rule) as Rule),
    open: (why) => decorator('open', why, () => 'open'),
  }
}

class PepModule {}
Module({})(PepModule)

function moduleOf(core: LimitedCore): DynamicModule {
  const callerOf: CallerOf = (request) => core.callers(rawOf(request), distinctHeaders(rawOf(request)))
  return {
    module: PepModule,
    global: true,
    imports: [DiscoveryModule],
    providers: [
      {
        provide: APP_GUARD,
        inject: [HttpAdapterHost],
        useFactory: (host: HttpAdapterHost) => new PepGuard(core, callerOf, host),
      },
      {
        provide: APP_FILTER,
        inject: [HttpAdapterHost],
        useFactory: (host: HttpAdapterHost) => new ProblemFilter(core, callerOf, host),
      },
      {
        provide: BootCheck,
        inject: [DiscoveryService, HttpAdapterHost],
        useFactory: (discovery: DiscoveryService, host: HttpAdapterHost) => new BootCheck(core, discovery, host),
      },
    ],
  }
}

type CallerOf = (request: object) => Caller

/** Node's own request: Express extends it, Fastify has it inside. */
function rawOf(request: object): IncomingMessage {
  return (request as { readonly raw?: IncomingMessage }).raw ?? (request as IncomingMessage)
}

const rawResponseOf = (response: object): ServerResponse =>
  (response as { readonly raw?: ServerResponse }).raw ?? (response as ServerResponse)

/** Carried to the filter, which writes it: a guard of Nest can only throw. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super('a guard refused the request')
    this.refusal = refusal
  }
}

/** The answer of a dry run, or `undefined` where the client has disconnected. */
class Answered extends Error {
  override readonly name = 'Answered'
  readonly body: DryRunAnswer | undefined

  constructor(body: DryRunAnswer | undefined) {
    super('a guard answered the request')
    this.body = body
  }
}

/** Before every route method: fails closed for a method without a rule, and for anything that is not HTTP. */
class PepGuard implements CanActivate {
  readonly #core: Core
  readonly #callerOf: CallerOf
  readonly #host: HttpAdapterHost

  constructor(core: Core, callerOf: CallerOf, host: HttpAdapterHost) {
    this.#core = core
    this.#callerOf = callerOf
    this.#host = host
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule: Rule | undefined = Reflect.getMetadata(RULE, context.getHandler())
    if (rule === undefined || context.getType() !== 'http') return false
    const request = context.switchToHttp().getRequest<NestRequest>()
    const raw = rawOf(request)
    const response = context.switchToHttp().getResponse<object>()
    await this.#callerOf(request).admit(request.ip, rawResponseOf(response))
    if (rule === 'open') {
      letThrough(raw)
      return true
    }
    const gone = () => untilGone(rawResponseOf(response))
    const verdict = await judge(
      this.#core.deps,
      rule,
      { request, key: raw, gone },
      {
        authz: () => identifyOn(request, this.#callerOf(request)),
        hasCredentials: hasCredentials(distinctHeaders(raw)),
      },
    )
    if (verdict.kind === 'refuse') throw new Refused(verdict.refusal)
    if (verdict.kind === 'gone') throw new Answered(undefined)
    letThrough(raw)
    if (verdict.kind === 'answer') throw new Answered(verdict.body)
    const headers = { 'X-Request-ID': this.#callerOf(request).arrival.requestId, ...verdict.headers }
    for (const [name, value] of Object.entries(headers)) this.#host.httpAdapter.setHeader(response, name, value)
    request.authz = verdict.authz
    return true
  }
}

/** Writes refusals, and everything that is thrown, as problems. */
class ProblemFilter implements ExceptionFilter {
  readonly #core: Core
  readonly #callerOf: CallerOf
  readonly #host: HttpAdapterHost

  constructor(core: Core, callerOf: CallerOf, host: HttpAdapterHost) {
    this.#core = core
    this.#callerOf = callerOf
    this.#host = host
  }

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error
    const [request, response] = [host.switchToHttp().getRequest<object>(), host.switchToHttp().getResponse<object>()]
    const { httpAdapter } = this.#host
    if (error instanceof Answered) {
      if (error.body !== undefined) httpAdapter.reply(response, error.body, 200)
      return
    }
    const refusal = this.#refusalOf(error, request)
    // Half a response must not look like a whole one.
    if (httpAdapter.isHeadersSent(response)) return void rawResponseOf(response).destroy()
    for (const [name, value] of Object.entries(refusal.headers)) httpAdapter.setHeader(response, name, value)
    httpAdapter.reply(response, JSON.stringify(refusal.problem), refusal.status)
  }

  #refusalOf(error: unknown, request: object): Refusal {
    const { requestId } = this.#callerOf(request).arrival
    if (error instanceof Refused) {
      const { refusal } = error
      return { ...refusal, headers: { ...refusal.headers, 'X-Request-ID': requestId } }
    }
    return refusalOfError(error, httpErrorOf(error), {
      logger: this.#core.options.logger,
      challenge: this.#core.deps.challenge,
      hasCredentials: hasCredentials(distinctHeaders(rawOf(request))),
      requestId,
    })
  }
}

/** Nest's exceptions, whose message their thrower wrote for the client, and Fastify's errors of the body. */
function httpErrorOf(error: unknown): HttpError | undefined {
  if (error instanceof HttpException) return { status: error.getStatus(), detail: error.message }
  const { statusCode, code } = (error ?? {}) as { readonly statusCode?: unknown; readonly code?: unknown }
  const isFastifys = typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_ERR_')
  return isFastifys ? { status: statusCode } : undefined
}

/** Looks at every route method when the application is initialised, and seals its server. */
class BootCheck implements OnModuleInit {
  readonly #core: Core
  readonly #discovery: DiscoveryService
  readonly #host: HttpAdapterHost

  constructor(core: Core, discovery: DiscoveryService, host: HttpAdapterHost) {
    this.#core = core
    this.#discovery = discovery
    this.#host = host
  }

  onModuleInit(): void {
    const objections = this.#discovery.getControllers().flatMap(({ metatype }) => objectionsTo(metatype))
    if (objections.length > 0)
      throw new TypeError(`the app has routes without a valid guard:\n  ${objections.join('\n  ')}`)
    sealServer(this.#host.httpAdapter.getHttpServer(), this.#core.options.logger)
  }
}

function objectionsTo(controller: unknown): readonly string[] {
  const { prototype, name } = controller as { readonly prototype: Record<string, object>; readonly name: string }
  const methods = new MetadataScanner().getAllMethodNames(prototype)
  return methods.flatMap((method) => {
    const handler = prototype[method]
    if (handler === undefined || Reflect.getMetadata(PATH, handler) === undefined) return []
    const isGuarded = Reflect.getMetadata(RULE, handler) !== undefined
    return isGuarded ? [] : [`${name}.${method}: neither @pep.enforce() nor @pep.open()`]
  })
}

function untilGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
