/**
 * What a handler threw, as a refusal, for frameworks other than Express: faults, the frameworks' own errors of HTTP, and mistakes of the service. Texts of
 * unknown errors stay in the log.
 *
 * @module
 */
import { STATUS_CODES } from 'node:http'
import { Fault, type ProblemCode } from '@mandate/protocol'
import { faultOf, PROBLEM_HEADERS } from '@mandate/service'
import { type Challenge, challenged, ofRequest, type PepLogger, type Refusal, refusalOfFault } from './refusal.ts'

export interface HandlerErrorOptions {
  readonly logger: PepLogger
  readonly challenge: Challenge
  readonly hasCredentials: boolean
  readonly requestId: string | undefined
}

/** What a framework says about a request that it refused itself. */
export interface HttpError {
  readonly status: number
  /** A text for the client, about the request. */
  readonly detail?: string | undefined
}

/** @param httpError - The framework's own reading of its errors; `undefined` for any other error. */
export function refusalOfError(
  error: unknown,
  httpError: HttpError | undefined,
  { logger, challenge, hasCredentials, requestId }: HandlerErrorOptions,
): Refusal {
  const refusal =
    httpError !== undefined && httpError.status < 500
      ? refusalOfStatus(httpError)
      : refusalOfFault(faultOf(error), ofRequest(logger, requestId))
  const withId = requestId === undefined ? refusal.headers : { ...refusal.headers, 'X-Request-ID': requestId }
  return challenged({ ...refusal, headers: withId }, challenge, hasCredentials)
}

/** Codes of statuses that frameworks and handlers answer with. */
const CODES: ReadonlyMap<number, ProblemCode> = new Map([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [409, 'conflict'],
  [412, 'precondition_failed'],
  [413, 'payload_too_large'],
  [428, 'precondition_required'],
  [429, 'too_many_requests'],
])

function refusalOfStatus({ status, detail }: HttpError): Refusal {
  const code = CODES.get(status) ?? 'invalid_request'
  const { problem } = refusalOfFault(
    new Fault(code, 'refused by the framework', detail === undefined ? {} : { detail }),
  )
  if (problem.status === status) return { status, headers: PROBLEM_HEADERS, problem }
  // A status without a code of its own keeps its number.
  const title = STATUS_CODES[status] ?? problem.title
  return { status, headers: PROBLEM_HEADERS, problem: { ...problem, type: 'about:blank', title, status } }
}
