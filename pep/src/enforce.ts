/**
 * Guards for Express that ask the PDP. Without a permit the request ends here: 403 for a denial, 401 for an actor that the PDP does not know
 * (rule A7), 503 when there is no decision.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import { type AskDeps, askEach, askFound, askOne } from './ask.ts'
import { type Authz, authzOf } from './authz.ts'
import type { Page } from './decider.ts'
import { letThrough } from './guard.ts'
import { checkedPersona, requireInPerson } from './identify.ts'
import { type DisclosedOutcome, disclosed, type Outcome, type Resource } from './outcome.ts'
import { answerDenial, sendRefusal } from './problem.ts'
import { type PepLogger, refusalOfFault } from './refusal.ts'

type MaybePromise<T> = T | Promise<T>

/** Options of every guard that asks the PDP. */
interface AskingOptions {
  /** Action of the domain's manifest, such as `execute`. */
  readonly action: string
  /** The persona to ask for instead of the header's, `title/circle`. */
  readonly persona?: (req: Request) => string | undefined
  /** `true` refuses agents and service accounts before the PDP is asked. @default the enforcement point's option */
  readonly inPersonOnly?: boolean
}

/** Which resource a route is about. */
export interface EnforceOptions extends AskingOptions {
  /** The resource, with attributes from the service's own records. May throw a Fault, such as `not_found`. */
  readonly resource: (req: Request) => MaybePromise<Resource>
  /** Called with a denial before it is answered, for the service's records; cannot change it. */
  readonly onDenial?: (req: Request, outcome: Outcome) => MaybePromise<void>
}

/** Which resources a route is about: one decision each, in one batch. */
export interface EnforceEachOptions extends AskingOptions {
  readonly resources: (req: Request) => MaybePromise<readonly Resource[]>
}

/** Which resources a list route may show: found by AuthZEN's resource search. */
export interface FilterOptions extends AskingOptions {
  /** The type of resource that is listed. */
  readonly type: string
  /** The requested page. Without it all results are collected, up to 1,000. */
  readonly page?: (req: Request) => Page
}

/** Body of a dry run's answer: the decisions that the action would get now. */
export interface DryRunAnswer {
  readonly dry_run: true
  readonly items: readonly DisclosedOutcome[]
}

export interface EnforceDeps extends AskDeps {
  readonly logger?: PepLogger | undefined
}

/** Asks about one resource. The next handler runs on a permit only, with the permit in `req.authz.outcome`. */
export function enforceWith(deps: EnforceDeps, options: EnforceOptions): RequestHandler {
  return guarded(deps, async (req, res) => {
    const authz = askingAs(req, options)
    const outcome = await askOne(deps, authz, {
      action: options.action,
      resource: await options.resource(req),
      request: req,
    })
    if (!outcome.decision) {
      await options.onDenial?.(req, outcome)
      answerDenial(res, outcome, authz)
      return 'answered'
    }
    if (outcome.evaluationId !== undefined) res.set('X-Evaluation-ID', outcome.evaluationId)
    req.authz = { ...authz, outcome }
    return 'go on'
  })
}

/** Asks about several resources in one batch. The handler always runs, and must do only what `req.authz.items` permits. */
export function enforceEachWith(deps: EnforceDeps, options: EnforceEachOptions): RequestHandler {
  return guarded(deps, async (req) => {
    const authz = askingAs(req, options)
    const resources = await options.resources(req)
    const asked = { action: options.action, resources, request: req, dry: false }
    req.authz = { ...authz, items: await askEach(deps, authz, asked) }
    return 'go on'
  })
}

/** Searches what the subject may see. The next handler always runs, and must show only what `req.authz.found` names. */
export function filterWith(deps: EnforceDeps, { action, type, page, ...options }: FilterOptions): RequestHandler {
  return guarded(deps, async (req, res) => {
    const authz = askingAs(req, { action, ...options })
    const { signal } = untilGone(res)
    const question = { action, type, signal, ...(page === undefined ? {} : { page: page(req) }) }
    const answer = await askFound(deps, authz, question).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    // The caller has disconnected: there is no response to send and no failure to log.
    if (answer === undefined) return 'answered'
    const { evaluationId, ...found } = answer
    if (evaluationId !== undefined) res.set('X-Evaluation-ID', evaluationId)
    req.authz = { ...authz, found }
    return 'go on'
  })
}

/** Asks as {@link enforceEachWith} does and answers with the decisions. No further handler runs. */
export function dryRunWith(deps: EnforceDeps, options: EnforceEachOptions): RequestHandler {
  return guarded(deps, async (req, res) => {
    const authz = askingAs(req, options)
    const resources = await options.resources(req)
    const outcomes = await askEach(deps, authz, { action: options.action, resources, request: req, dry: true })
    const answer: DryRunAnswer = { dry_run: true, items: outcomes.map((outcome) => disclosed(outcome, authz)) }
    letThrough(req)
    res.json(answer)
    return 'answered'
  })
}

/** A signal that is aborted when the connection closes before the response is complete. */
function untilGone(res: Response): AbortController {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone
}

/** Runs a guard's work; faults become problems here, so that a service without an error mapper leaks nothing. */
function guarded(
  { logger }: EnforceDeps,
  work: (req: Request, res: Response) => Promise<'go on' | 'answered'>,
): RequestHandler {
  return async (req, res, next) => {
    try {
      if ((await work(req, res)) === 'answered') return
    } catch (error) {
      if (!(error instanceof Fault)) return next(error)
      return sendRefusal(res, refusalOfFault(error, logger))
    }
    letThrough(req)
    return next()
  }
}

function askingAs(req: Request, { persona, inPersonOnly }: AskingOptions): Authz {
  const authz = authzOf(req)
  requireInPerson(inPersonOnly, authz.inPerson)
  const asked = persona?.(req)
  return asked === undefined ? authz : { ...authz, persona: checkedPersona(asked, 'A persona must be title/circle.') }
}
