/**
 * The enforcement point: guards for the routes of an Express service, and `decide` for any other, over one verified identity and one decider.
 *
 * @module
 */
import { identityAgent } from '@mandate/service'
import type { RequestHandler } from 'express'
import { assertGuarded } from './assert-guarded.ts'
import { authenticateWith } from './authenticate.ts'
import { createAuthzenDecider } from './authzen-decider.ts'
import { type DecideDeps, type Decided, type DecideRequest, decideWith } from './decide.ts'
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
import { createGrantMaker } from './keycloak.ts'
import { type CheckedPepOptions, checkPepOptions, type PepOptions } from './options.ts'
import { createRecognise } from './recognise.ts'
import type { GuardedApp } from './router.ts'
import { createTokenVerifier } from './token.ts'
import { createTransport, endpointsOf } from './transport.ts'

/** The enforcement point of one service: guards for its routes, and decisions for anything else. */
export interface Pep {
  /** Verifies the bearer token and sets `req.authz`. 401 without a good one, 503 while the issuer's keys cannot be had. */
  readonly authenticate: () => RequestHandler
  /** Guard that asks one question. The next handler runs on a permit only. */
  readonly enforce: (options: EnforceOptions) => RequestHandler
  /** Guard that asks one batch. The next handler always runs, and must do only what `req.authz.items` permits. */
  readonly enforceEach: (options: EnforceEachOptions) => RequestHandler
  /** Guard that asks one search. The next handler always runs, and must show only what `req.authz.found` names. */
  readonly filter: (options: FilterOptions) => RequestHandler
  /** A complete route: asks one batch and answers with its decisions. No further handler runs. */
  readonly dryRun: (options: EnforceEachOptions) => RequestHandler
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
  /** Does the same without Express: identifies the caller and asks one question. @returns A permit, or the response to refuse with. */
  readonly decide: (request: DecideRequest) => Promise<Decided>
  /** Closes the connections to the PDP and the identity provider when requests in flight are answered. */
  readonly close: () => Promise<void>
}

/** @throws TypeError naming every bad option. */
export function createPep(options: PepOptions): Pep {
  const checked = checkPepOptions(options)
  const { deps, close } = dependencies(checked)
  const authenticate = marked('authenticate', authenticateWith(deps))
  const check = (app: GuardedApp): void => assertGuarded(app, checked.logger)
  return {
    authenticate: () => authenticate,
    enforce: (enforceOptions) => {
      checkGuard('enforce', enforceOptions)
      return marked('enforce', enforceWith(deps, enforceOptions))
    },
    enforceEach: (eachOptions) => {
      checkGuard('enforceEach', eachOptions)
      return marked('enforceEach', enforceEachWith(deps, eachOptions))
    },
    filter: (filterOptions) => {
      checkGuard('filter', filterOptions)
      if (deps.decider.search === undefined) throw new TypeError('filter: the decider has no search')
      return marked('filter', filterWith(deps, filterOptions))
    },
    dryRun: (eachOptions) => {
      checkGuard('dryRun', eachOptions)
      return marked('dryRun', dryRunWith(deps, eachOptions))
    },
    open: (why) => {
      checkGuard('open', why)
      return marked('open', (req, _res, next) => {
        letThrough(req)
        next()
      })
    },
    assertGuarded: check,
    seal: check,
    decide: (request) => decideWith(deps, request),
    close,
  }
}

function dependencies(checked: CheckedPepOptions): { readonly deps: DecideDeps; readonly close: Pep['close'] } {
  const { issuer, audience, identityUrl, timeoutMs, interactiveClients, inPersonOnly, obligations, logger, tls } =
    checked
  const decider = checked.decider ?? createAuthzenDecider(createTransport(checked))
  const { jwksUri } = endpointsOf(identityUrl ?? issuer)
  const keyAgent = identityAgent(tls)
  const verifier = createTokenVerifier({ issuer, audience, jwksUri, jwksTimeoutMs: timeoutMs, dispatcher: keyAgent })
  const makeGrant = createGrantMaker({ issuer, audience, keyOf: verifier.keyOf })
  const recognise = createRecognise({ verifier, makeGrant, now: Date.now })
  return {
    deps: { decider, obligations, timeoutMs, recognise, interactiveClients, inPersonOnly, realm: audience, logger },
    close: async () => {
      await Promise.all([decider.close(), keyAgent.close()])
    },
  }
}
