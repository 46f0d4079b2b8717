/**
 * The enforcement point: five functions for the routes of an Express 5 service, over one verified identity and one decider.
 *
 * @module
 */
import type { Express, RequestHandler } from 'express'
import { authenticateWith } from './authenticate.ts'
import { createAuthzenDecider } from './authzen-decider.ts'
import { dryRunWith, type EnforceEachOptions, type EnforceOptions, enforceEachWith, enforceWith } from './enforce.ts'
import { marked } from './guard.ts'
import { createGrantMaker } from './keycloak.ts'
import {
  type CheckedPepOptions,
  checkEnforceEachOptions,
  checkEnforceOptions,
  checkOpenReason,
  checkPepOptions,
  type PepOptions,
} from './options.ts'
import { sealApp } from './seal.ts'
import { createTokenVerifier } from './token.ts'
import { createTransport, endpointsOf } from './transport.ts'

export interface Pep {
  /** Verifies the bearer token and sets `req.authz`. 401 without a good one, 503 while the issuer's keys cannot be had. */
  readonly authenticate: () => RequestHandler
  /** One question; the handler behind it runs on a permit only. */
  readonly enforce: (options: EnforceOptions) => RequestHandler
  /** One batch; the handler behind it runs always and does what `req.authz.items` permits. */
  readonly enforceEach: (options: EnforceEachOptions) => RequestHandler
  /** One batch, answered as it is: a whole route, nothing is done. */
  readonly dryRun: (options: EnforceEachOptions) => RequestHandler
  /** Says that nothing needs to be decided on a route, and why. */
  readonly open: (why: string) => RequestHandler
  /** @throws TypeError naming every route without a guard. Call it last, at boot: it also freezes the routes. */
  readonly seal: (app: Pick<Express, 'router'>) => void
  /** Ends the connections to the PDP, after what is under way. */
  readonly close: () => Promise<void>
}

/** @throws TypeError naming every bad option. */
export function createPep(options: PepOptions): Pep {
  const checked = checkPepOptions(options)
  const decider = checked.decider ?? httpDecider(checked)
  const deps = { decider, realm: checked.audience, logger: checked.logger }
  const authenticate = authenticator(checked)
  return {
    authenticate: () => authenticate,
    enforce: (enforceOptions) => {
      checkEnforceOptions(enforceOptions)
      return marked('enforce', enforceWith(deps, enforceOptions))
    },
    enforceEach: (eachOptions) => {
      checkEnforceEachOptions('enforceEach', eachOptions)
      return marked('enforceEach', enforceEachWith(deps, eachOptions))
    },
    dryRun: (eachOptions) => {
      checkEnforceEachOptions('dryRun', eachOptions)
      return marked('dryRun', dryRunWith(deps, eachOptions))
    },
    open: (why) => {
      checkOpenReason(why)
      return marked('open', (_req, _res, next) => next())
    },
    seal: sealApp,
    close: () => decider.close(),
  }
}

function httpDecider(checked: CheckedPepOptions) {
  return createAuthzenDecider(createTransport(checked))
}

function authenticator(checked: CheckedPepOptions): RequestHandler {
  const { issuer, audience, interactiveClients, identityUrl, timeoutMs, logger } = checked
  const { jwksUri } = endpointsOf(identityUrl ?? issuer)
  const verifier = createTokenVerifier({ issuer, audience, jwksUri, jwksTimeoutMs: timeoutMs })
  const makeGrant = createGrantMaker({ issuer, audience, keyOf: verifier.keyOf })
  return marked('authenticate', authenticateWith({ verifier, makeGrant, interactiveClients, realm: audience, logger }))
}
