/**
 * The enforcement point without a framework: headers, an action and a resource in; a permit or a finished refusal out.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type AskDeps, askOne } from './ask.ts'
import type { Authz } from './authz.ts'
import {
  checkedPersona,
  hasCredentials,
  type IdentifyDeps,
  identify,
  type RequestHeaders,
  requestIdOf,
  requireInPerson,
} from './identify.ts'
import type { Outcome, Resource } from './outcome.ts'
import { challenged, type PepLogger, type Refusal, refusalOfDenial, refusalOfFault } from './refusal.ts'

export interface DecideRequest {
  readonly headers: RequestHeaders
  readonly action: string
  /** Attributes from the service's own records, never from the request. */
  readonly resource: Resource
  /** The persona to ask for instead of the header's, `title/circle`. */
  readonly persona?: string
  /** `true` refuses whoever is not a person in person. @default the enforcement point's own */
  readonly inPersonOnly?: boolean
}

/** Go on only where `permitted` is `true`; anything else is to be answered with the refusal as it is. */
export type Decided =
  | {
      readonly permitted: true
      readonly authz: Authz
      readonly outcome: Outcome
      readonly headers: Readonly<Record<string, string>>
    }
  | ({ readonly permitted: false; readonly outcome?: Outcome } & Refusal)

export interface DecideDeps extends IdentifyDeps, AskDeps {
  /** Named in challenges. */
  readonly realm: string
  readonly logger?: PepLogger | undefined
}

/** Never throws for what a request, a PDP or an identity provider can do; only for a bug. */
export async function decideWith(deps: DecideDeps, request: DecideRequest): Promise<Decided> {
  const requestId = requestIdOf(request.headers)
  const headers = { 'X-Request-ID': requestId }
  try {
    const { authz, outcome } = await outcomeOf(deps, request, requestId)
    if (!outcome.decision)
      return { permitted: false, outcome, ...withHeaders(refusalOfDenial(outcome, authz), headers) }
    const { evaluationId } = outcome
    const named = evaluationId === undefined ? headers : { ...headers, 'X-Evaluation-ID': evaluationId }
    return { permitted: true, authz: { ...authz, outcome }, outcome, headers: named }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const refusal = refusalOfFault(error, deps.logger)
    return {
      permitted: false,
      ...withHeaders(challenged(refusal, deps.realm, hasCredentials(request.headers)), headers),
    }
  }
}

async function outcomeOf(deps: DecideDeps, request: DecideRequest, requestId: string) {
  const { authz } = await identify(deps, request.headers, requestId)
  requireInPerson(request.inPersonOnly, authz.inPerson)
  const asked =
    request.persona === undefined
      ? authz
      : { ...authz, persona: checkedPersona(request.persona, 'A persona must be title/circle.') }
  return { authz: asked, outcome: await askOne(deps, asked, request.action, request.resource) }
}

function withHeaders(refusal: Refusal, headers: Readonly<Record<string, string>>): Refusal {
  return { ...refusal, headers: { ...refusal.headers, ...headers } }
}
