/**
 * The enforcement point for Express: guards for the routes of a service, and questions for its handlers.
 *
 * @module
 */
import type { Request, RequestHandler } from 'express'
import { assertGuarded } from './assert-guarded.ts'
import { authenticateWith } from './authenticate.ts'
import { authzOf } from './authz.ts'
import { createCore, type PepQuestions } from './core.ts'
import {
  dryRunWith,
  type EnforceEachOptions,
  type EnforceOptions,
  enforceEachWith,
  enforceWith,
  type FilterOptions,
  filterWith,
} from './enforce.ts'
import { letThrough, marked } from './guard.ts'
import { checkGuard } from './guard-options.ts'
import type { PepOptions } from './options.ts'
import type { PathParams } from './path-params.ts'
import type { GuardedApp } from './router.ts'

type Params = Request['params']

/**
 * Makes a guard from its options, or from the path of its route and its options: then `req.params` has the path's parameters, and `assertGuarded`
 * checks that the route has this path.
 */
export interface GuardMaker<Kind extends 'enforce' | 'enforceEach' | 'filter'> {
  <P = Params>(options: GuardOptions<P>[Kind]): RequestHandler<P>
  <Path extends string>(path: Path, options: GuardOptions<PathParams<Path>>[Kind]): RequestHandler<PathParams<Path>>
}

/** Options of each kind of guard. `P` is the type of `req.params`. */
export interface GuardOptions<P> {
  readonly enforce: EnforceOptions<P>
  readonly enforceEach: EnforceEachOptions<P>
  readonly filter: FilterOptions<P>
}

/** The enforcement point of one service: guards for its routes, and decisions for anything else. */
export interface Pep extends PepQuestions<object> {
  /** Verifies the bearer token and sets `req.authz`. 401 without a good one, 503 while the issuer's keys cannot be had. */
  readonly authenticate: () => RequestHandler
  /** Guard that asks one question. The next handler runs on a permit only. */
  readonly enforce: GuardMaker<'enforce'>
  /** Guard that asks one batch. The next handler always runs, and must do only what `req.authz.items` permits. */
  readonly enforceEach: GuardMaker<'enforceEach'>
  /** Guard that asks one search. The next handler always runs, and must show only what `req.authz.found` names. */
  readonly filter: GuardMaker<'filter'>
  /** A complete route: asks one batch and answers with its decisions. No further handler runs. */
  readonly dryRun: GuardMaker<'enforceEach'>
  /** Guard of a public route: permits every request. @param why - The reason, for readers of the code; must not be empty. */
  readonly open: (why: string) => RequestHandler
  /**
   * Checks at boot that every route has a guard, and freezes the routes. Call it last.
   *
   * @throws TypeError naming every route without a guard.
   */
  readonly assertGuarded: (app: GuardedApp) => void
  /** @deprecated Since 0.2.0: the name of {@link assertGuarded} in 0.1. Goes with 1.0. */
  readonly seal: (app: GuardedApp) => void
}

/** @throws TypeError naming every bad option. */
export function createPep(options: PepOptions): Pep {
  const { deps, options: checked, questions } = createCore(options)
  const authenticate = marked('authenticate', authenticateWith(deps))
  const check = (app: GuardedApp): void => assertGuarded(app, checked.logger)
  return {
    ...questions((req) => ({ authz: authzOf(req), key: req })),
    authenticate: () => authenticate,
    enforce: maker('enforce', (rule) => enforceWith(deps, rule)),
    enforceEach: maker('enforceEach', (rule) => enforceEachWith(deps, rule)),
    filter: maker('filter', (rule) => {
      if (deps.decider.search === undefined) throw new TypeError('filter: the decider has no search')
      return filterWith(deps, rule)
    }),
    dryRun: maker<'enforceEach'>('dryRun', (rule) => dryRunWith(deps, rule)),
    open: (why) => {
      checkGuard('open', why)
      return marked('open', (req, _res, next) => {
        letThrough(req)
        next()
      })
    },
    assertGuarded: check,
    seal: check,
  }
}

/** Checks options when the route is defined, with or without a path before them. */
function maker<Kind extends 'enforce' | 'enforceEach' | 'filter'>(
  guard: Kind | 'dryRun',
  make: (options: GuardOptions<Params>[Kind]) => RequestHandler,
): GuardMaker<Kind> {
  const create = (first: unknown, second?: unknown): RequestHandler => {
    const [path, options] = typeof first === 'string' ? [first, second] : [undefined, first]
    checkGuard(guard, options)
    return marked(guard, make(options as GuardOptions<Params>[Kind]), path)
  }
  return create as GuardMaker<Kind>
}
