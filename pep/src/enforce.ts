/**
 * The guards that ask the PDP. Everything but a permit ends the request here: 403 for a denial, 401 for an actor that the PDP does not
 * know (rule A7), 503 when there is no decision.
 *
 * @module
 */
import { Fault, personaNameSchema, refuse, resourceSchema } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import { challenge } from './authenticate.ts'
import { type Authz, authzOf } from './authz.ts'
import type { Decider } from './decider.ts'
import { type DisclosedOutcome, disclosed, type Outcome, type Resource } from './outcome.ts'
import { answerDenial, answerFault, type PepLogger } from './problem.ts'

type MaybePromise<T> = T | Promise<T>

export interface EnforceOptions {
  /** Action of the domain's manifest, such as `execute`. */
  readonly action: string
  /** What is asked about, attributes from the service's own records. It may throw a Fault, such as `not_found`. */
  readonly resource: (req: Request) => MaybePromise<Resource>
  /** The persona to ask for instead of the header's, `title/circle`. */
  readonly persona?: (req: Request) => string | undefined
  /** Told of a denial before it is answered, to keep a record; it cannot change it. */
  readonly onDenial?: (req: Request, outcome: Outcome) => MaybePromise<void>
}

export interface EnforceEachOptions extends Omit<EnforceOptions, 'resource' | 'onDenial'> {
  readonly resources: (req: Request) => MaybePromise<readonly Resource[]>
}

/** What a dry run answers: the same decisions as the real thing would get now, with nothing done. */
export interface DryRunAnswer {
  readonly dry_run: true
  readonly items: readonly DisclosedOutcome[]
}

export interface EnforceDeps {
  readonly decider: Decider
  readonly realm: string
  readonly logger?: PepLogger | undefined
}

/** Asks about one resource. The handler behind it runs on a permit only, with the permit in `req.authz.outcome`. */
export function enforceWith(deps: EnforceDeps, options: EnforceOptions): RequestHandler {
  return guarded(deps, async (req, res) => {
    const authz = askingAs(req, options)
    const resource = checked(await options.resource(req))
    const outcome = await deps.decider.decide({ authz, action: options.action, resource })
    refuseUnknownActor(authz, outcome)
    if (outcome.undecided)
      throw new Fault('decision_unavailable', 'the PDP could not decide', { members: { retry_after: 1 } })
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
    req.authz = { ...authz, items: await decideEach(deps, options, req, authz) }
    return 'go on'
  })
}

/** Asks as {@link enforceEachWith} does and answers with the decisions: a whole route in itself, nothing behind it runs. */
export function dryRunWith(deps: EnforceDeps, options: EnforceEachOptions): RequestHandler {
  return guarded(deps, async (req, res) => {
    const authz = askingAs(req, options)
    const outcomes = await decideEach(deps, options, req, authz)
    const answer: DryRunAnswer = { dry_run: true, items: outcomes.map((outcome) => disclosed(outcome, authz)) }
    res.json(answer)
    return 'answered'
  })
}

async function decideEach(
  { decider }: EnforceDeps,
  options: EnforceEachOptions,
  req: Request,
  authz: Authz,
): Promise<readonly Outcome[]> {
  const resources = (await options.resources(req)).map(checked)
  const outcomes = await decider.decideEach({ authz, action: options.action, resources })
  for (const outcome of outcomes) refuseUnknownActor(authz, outcome)
  return outcomes
}

/** Runs a guard's work; faults become problems here, so that a service without an error mapper leaks nothing. */
function guarded(
  { realm, logger }: EnforceDeps,
  work: (req: Request, res: Response) => Promise<'go on' | 'answered'>,
): RequestHandler {
  return async (req, res, next) => {
    try {
      if ((await work(req, res)) === 'answered') return
    } catch (error) {
      if (!(error instanceof Fault)) return next(error)
      if (error.code === 'unauthenticated') challenge(res, realm, req.authz !== undefined)
      return answerFault(res, error, logger)
    }
    return next()
  }
}

function askingAs(req: Request, { persona }: Pick<EnforceOptions, 'persona'>): Authz {
  const authz = authzOf(req)
  const asked = persona?.(req)
  if (asked === undefined) return authz
  if (!personaNameSchema.safeParse(asked).success) throw refuse('invalid_request', 'A persona must be title/circle.')
  return { ...authz, persona: asked }
}

/** An id that the wire cannot carry (rule A5) came from outside: the request is malformed, and nobody is asked. */
function checked(resource: Resource): Resource {
  const parsed = resourceSchema.safeParse(resource)
  if (parsed.success) return resource
  throw refuse('invalid_request', 'The resource has an id or a type that cannot exist.')
}

/** Rule A7: a person's token through a client that is no agent is a token that was not meant for us. */
function refuseUnknownActor({ actor }: Authz, { decision, reasons, reason }: Outcome): void {
  if (decision || actor === undefined) return
  const unknown = reason === 'agent_unknown' || reasons.some(({ code }) => code === 'agent_unknown')
  if (unknown) throw new Fault('unauthenticated', 'the token was issued to a client that is no registered agent')
}
