/**
 * The guards' work, the same for every framework: what is asked of the PDP, and what becomes of the request. A framework's adapter makes a
 * {@link GuardedRequest} of its own request and carries out the {@link Verdict}.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type AskDeps, askEach, askFound, askOne } from './ask.ts'
import { type Authz, withDecision } from './authz.ts'
import type { Page } from './decider.ts'
import { checkedPersona, requireInPerson } from './identify.ts'
import { type DisclosedOutcome, disclosed, type Outcome, type Resource } from './outcome.ts'
import {
  type Challenge,
  challenged,
  ofRequest,
  type PepLogger,
  type Refusal,
  refusalOfDenial,
  refusalOfFault,
} from './refusal.ts'

type MaybePromise<T> = T | Promise<T>

/** Options of every guard that asks the PDP. */
export interface AskingOptions<R> {
  /** Action of the domain's manifest, such as `execute`. */
  readonly action: string
  /** The persona to ask for instead of the header's, `title/circle`. */
  readonly persona?: (req: R) => string | undefined
  /** `true` refuses agents and service accounts before the PDP is asked. @default the enforcement point's option */
  readonly inPersonOnly?: boolean
}

/** Which resource a route is about. `R` is the framework's request. */
export interface EnforceRule<R> extends AskingOptions<R> {
  /** The resource, with attributes from the service's own records. May throw a Fault, such as `not_found`. */
  readonly resource: (req: R) => MaybePromise<Resource>
  /** Called with a denial before it is answered, for the service's records; cannot change it. */
  readonly onDenial?: (req: R, outcome: Outcome) => MaybePromise<void>
}

/** Which resources a route is about: one decision each, in one batch. `R` is the framework's request. */
export interface EnforceEachRule<R> extends AskingOptions<R> {
  readonly resources: (req: R) => MaybePromise<readonly Resource[]>
}

/** Which resources a list route may show: found by AuthZEN's resource search. `R` is the framework's request. */
export interface FilterRule<R> extends AskingOptions<R> {
  /** The type of resource that is listed. */
  readonly type: string
  /** The requested page. Without it all results are collected, up to 1,000. */
  readonly page?: (req: R) => Page
}

/** Body of a dry run's answer: the decisions that the action would get now. */
export interface DryRunAnswer {
  readonly dry_run: true
  readonly items: readonly DisclosedOutcome[]
}

/** A request whose caller is known. */
export interface GuardedRequest<R> {
  /** The framework's own request, which the service's functions get. */
  readonly request: R
  /** Stands for the request: what one request asks at once is one call to the PDP. */
  readonly key: object
  readonly authz: Authz
  /** Aborted when the client has disconnected. */
  readonly gone: () => AbortSignal
}

type Headers = Readonly<Record<string, string>>

/** What becomes of a request. */
export type Verdict =
  | { readonly kind: 'pass'; readonly authz: Authz; readonly headers: Headers }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'answer'; readonly body: DryRunAnswer }
  /** The client has disconnected: nothing is answered, and nothing is logged. */
  | { readonly kind: 'gone' }

export interface GuardDeps extends AskDeps {
  readonly challenge: Challenge
  readonly logger?: PepLogger | undefined
}

/** One guard's work on one request. */
export type GuardWork<R> = (req: GuardedRequest<R>) => Promise<Verdict>

const pass = (authz: Authz, evaluationId?: string): Verdict => ({
  kind: 'pass',
  authz,
  headers: evaluationId === undefined ? {} : { 'X-Evaluation-ID': evaluationId },
})

/** Asks about one resource. Passes on a permit only, with the permit in `authz.outcome`. */
export function enforceWork<R>(deps: GuardDeps, options: EnforceRule<R>): GuardWork<R> {
  return async (req) => {
    const authz = askingAs(req, options)
    const resource = await options.resource(req.request)
    const outcome = await askOne(deps, authz, { action: options.action, resource, request: req.key })
    if (outcome.decision) return pass(withDecision(authz, { outcome }), outcome.evaluationId)
    await options.onDenial?.(req.request, outcome)
    return { kind: 'refuse', refusal: refusalOfDenial(outcome, authz) }
  }
}

/** Asks about several resources in one batch. Always passes: the handler must do only what `authz.items` permits. */
export function enforceEachWork<R>(deps: GuardDeps, options: EnforceEachRule<R>): GuardWork<R> {
  return async (req) => {
    const authz = askingAs(req, options)
    const resources = await options.resources(req.request)
    const asked = { action: options.action, resources, request: req.key, dry: false }
    return pass(withDecision(authz, { items: await askEach(deps, authz, asked) }))
  }
}

/** Searches what the subject may see. Always passes: the handler must show only what `authz.found` names. */
export function filterWork<R>(deps: GuardDeps, { action, type, page, ...options }: FilterRule<R>): GuardWork<R> {
  return async (req) => {
    const authz = askingAs(req, options)
    const signal = req.gone()
    const question = { action, type, signal, ...(page === undefined ? {} : { page: page(req.request) }) }
    const answer = await askFound(deps, authz, question).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    if (answer === undefined) return { kind: 'gone' }
    const { evaluationId, ...found } = answer
    return pass(withDecision(authz, { found }), evaluationId)
  }
}

/** Asks as {@link enforceEachWork} does and answers with the decisions. */
export function dryRunWork<R>(deps: GuardDeps, options: EnforceEachRule<R>): GuardWork<R> {
  return async (req) => {
    const authz = askingAs(req, options)
    const resources = await options.resources(req.request)
    const outcomes = await askEach(deps, authz, { action: options.action, resources, request: req.key, dry: true })
    return { kind: 'answer', body: { dry_run: true, items: outcomes.map((outcome) => disclosed(outcome, authz)) } }
  }
}

/**
 * Runs a guard's work; faults become refusals here, so that a service without an error handler leaks nothing.
 *
 * @param identify - Finds out who asks. @throws what is no Fault: a mistake of the service.
 */
export async function judge<R>(
  deps: GuardDeps,
  work: GuardWork<R>,
  req: Omit<GuardedRequest<R>, 'authz'>,
  identify: { readonly authz: () => MaybePromise<Authz>; readonly hasCredentials: boolean },
): Promise<Verdict> {
  let requestId: string | undefined
  try {
    const authz = await identify.authz()
    requestId = authz.requestId
    return await work({ ...req, authz })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const refusal = refusalOfFault(error, deps.logger && ofRequest(deps.logger, requestId))
    return { kind: 'refuse', refusal: challenged(refusal, deps.challenge, identify.hasCredentials) }
  }
}

/** The caller, in the persona that the guard asks for. @throws Fault `in_person_only`, `invalid_request`. */
export function askingAs<R>(
  { request, authz }: Pick<GuardedRequest<R>, 'request' | 'authz'>,
  { persona, inPersonOnly }: Omit<AskingOptions<R>, 'action'>,
): Authz {
  requireInPerson(inPersonOnly, authz.inPerson)
  const asked = persona?.(request)
  if (asked === undefined) return authz
  return withDecision(authz, { persona: checkedPersona(asked, 'A persona must be title/circle.') })
}
