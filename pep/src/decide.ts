/**
 * Enforcement without a framework: takes headers, an action and a resource; returns a permit, or the response to refuse with.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type AskDeps, askOne } from './ask.ts'
import { type Authz, withDecision } from './authz.ts'
import {
  type Arrival,
  arrivalOf,
  checkedPersona,
  hasCredentials,
  type IdentifyDeps,
  identify,
  type RequestHeaders,
  requireInPerson,
} from './identify.ts'
import type { Outcome, Resource } from './outcome.ts'
import {
  type Challenge,
  challenged,
  ofRequest,
  type PepLogger,
  type Refusal,
  refusalOfDenial,
  refusalOfFault,
} from './refusal.ts'

/** One question of a server that is not Express: the request's headers, the action and the resource. */
export interface DecideRequest {
  /** Questions asked at once with the same object are one request: they share an `X-Request-ID` and one call to the PDP. */
  readonly headers: RequestHeaders
  readonly action: string
  /** Attributes from the service's own records, never from the request. */
  readonly resource: Resource
  /** The persona to ask for instead of the header's, `title/circle`. */
  readonly persona?: string
  /** `true` refuses agents and service accounts. @default the enforcement point's option */
  readonly inPersonOnly?: boolean
}

/** Continue only where `permitted` is `true`; otherwise answer with the refusal unchanged. */
export type Decided =
  | {
      readonly permitted: true
      readonly authz: Authz
      readonly outcome: Outcome
      readonly headers: Readonly<Record<string, string>>
    }
  | ({ readonly permitted: false; readonly outcome?: Outcome } & Refusal)

export interface DecideDeps extends IdentifyDeps, AskDeps {
  readonly challenge: Challenge
  readonly logger?: PepLogger | undefined
}

/** Returns a refusal for every failure of the request, the PDP or the identity provider; throws only for a programming error. */
export async function decideWith(deps: DecideDeps, request: DecideRequest): Promise<Decided> {
  const arrival = arrivalInThisTurn(request.headers)
  const headers = { 'X-Request-ID': arrival.requestId }
  try {
    const { authz, outcome } = await outcomeOf(deps, request, arrival)
    if (!outcome.decision)
      return { permitted: false, outcome, ...withHeaders(refusalOfDenial(outcome, authz), headers) }
    const { evaluationId } = outcome
    const named = evaluationId === undefined ? headers : { ...headers, 'X-Evaluation-ID': evaluationId }
    return { permitted: true, authz: withDecision(authz, { outcome }), outcome, headers: named }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const refusal = refusalOfFault(error, deps.logger && ofRequest(deps.logger, arrival.requestId))
    return {
      permitted: false,
      ...withHeaders(challenged(refusal, deps.challenge, hasCredentials(request.headers)), headers),
    }
  }
}

const arrivals = new WeakMap<RequestHeaders, Arrival>()

/** Questions with the same headers object in one turn of the event loop belong to one request: one id, one arrival, one call to the PDP. */
function arrivalInThisTurn(headers: RequestHeaders): Arrival {
  const known = arrivals.get(headers)
  if (known) return known
  const arrival = arrivalOf(headers)
  arrivals.set(headers, arrival)
  setImmediate(() => arrivals.delete(headers))
  return arrival
}

async function outcomeOf(deps: DecideDeps, request: DecideRequest, arrival: Arrival) {
  const { authz } = await identify(deps, request.headers, arrival)
  requireInPerson(request.inPersonOnly, authz.inPerson)
  const asked =
    request.persona === undefined
      ? authz
      : withDecision(authz, { persona: checkedPersona(request.persona, 'A persona must be title/circle.') })
  return {
    authz: asked,
    outcome: await askOne(deps, asked, {
      action: request.action,
      resource: request.resource,
      request: request.headers,
    }),
  }
}

function withHeaders(refusal: Refusal, headers: Readonly<Record<string, string>>): Refusal {
  return { ...refusal, headers: { ...refusal.headers, ...headers } }
}
